using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Events;
using Platform.Api.Operations;
using Platform.Api.People;
using Platform.Api.Portal;
using Platform.Api.Previews;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Api.Tenants;
using Platform.Api.Usage;
using Platform.Hosting;
using Platform.Hosting.Bus;
using Platform.Hosting.Health;

namespace Platform.Api;

/// <summary>The API as a part of a host: what it needs, what it answers.</summary>
public static class PlatformApi
{
    private const int MaxJsonDepth = 64;
    private const int MaxHeaderBytes = 32 << 10;

    /// <summary>For JSON; what takes studies says so with <c>RequestSizeLimit</c> metadata or lifts it itself.</summary>
    private const int MaxBodyBytes = 1 << 20;

    public static WebApplicationBuilder AddPlatformApi(this WebApplicationBuilder builder)
    {
        builder.AddPlatformHosting("platform-api");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.Configure<KestrelServerOptions>(Limit);
        builder.Services.Configure<JsonOptions>(WriteJson);
        builder.Services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = false);
        builder.Services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler(Failures.Configure);
        builder.Services.AddValidation();
        builder.Services.AddPlatformOpenApi();

        builder.Services.AddPlatformData();
        builder.Services.AddPlatformSecurity();
        builder.AddPlatformBus(bus =>
        {
            bus.AddRunEndpoints();
            bus.AddPreviewEndpoints();
        });
        builder.Services.AddHostedService<OutboxSender>();
        builder.Services.AddTenants().AddAudit().AddEvents();
        builder.Services.AddDicomweb().AddStudies().AddPreviews().AddRuns().AddAiModels().AddPortal();
        return builder;
    }

    /// <summary>Makes or migrates the database as its owner, and nothing else: <c>Platform.Api --migrate</c> before a new version starts.</summary>
    public static Task MigratePlatformAsync(this WebApplication app) =>
        app.Services.GetRequiredService<DatabaseStart>().PrepareAsync(CancellationToken.None);

    public static WebApplication MapPlatformApi(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(NeverSniff);
        app.UseMiddleware<SameOrigin>();
        app.UseAuthentication();
        app.UseMiddleware<TenantEntry>();
        app.UseAuthorization();

        app.MapPlatformHealth();
        app.MapPortal();
        app.MapOpenApi().AllowAnonymous();
        app.MapTokens();
        app.MapSignIn();
        app.MapGetSession();
        app.MapSignOut();
        app.MapCreateTenant();
        app.MapSetTenantLimits();
        app.MapGetPlatformOperations();
        app.MapTenantRuns();
        app.MapModelPackages();
        app.MapListPlatformAudit();

        var tenant = app.MapGroup("/t/{tenant}").AddEndpointFilter(TenantTransaction.FilterAsync);
        tenant.MapGetTenant();
        tenant.MapListPeople();
        tenant.MapAddPerson();
        tenant.MapListAudit();
        tenant.MapStreamEvents();
        tenant.MapDicomweb();
        tenant.MapStudies();
        tenant.MapPreviews();
        tenant.MapRuns();
        tenant.MapAiModels();
        tenant.MapRules();
        tenant.MapUsage();
        tenant.MapGetOperations();
        return app;
    }

    private static IServiceCollection AddTenants(this IServiceCollection services) => services.AddScoped<TenantSetup>();

    private static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddSingleton<AuditLog>()
        .AddSingleton<ReadLog>()
        .AddHostedService(provider => provider.GetRequiredService<ReadLog>());

    private static void AddEvents(this IServiceCollection services) => services
        .AddSingleton<ChangeListener>()
        .AddHostedService(provider => provider.GetRequiredService<ChangeListener>());

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
    }

    private static void WriteJson(JsonOptions json)
    {
        json.SerializerOptions.MaxDepth = MaxJsonDepth;
        json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict; // a number is a number, in the document too
        json.SerializerOptions.Converters.Add(new JsonStringEnumConverter());
    }

    /// <summary>A stored object must never be run as something else by a browser.</summary>
    private static Task NeverSniff(HttpContext http, RequestDelegate next)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return next(http);
    }
}
