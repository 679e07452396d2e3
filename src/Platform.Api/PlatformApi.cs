using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Hosting;
using Platform.Hosting.Bus;

namespace Platform.Api;

/// <summary>The API as a part of a host: what it needs, what it answers.</summary>
public static class PlatformApi
{
    public static WebApplicationBuilder AddPlatformApi(this WebApplicationBuilder builder)
    {
        builder.AddPlatformHosting("platform-api");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddPlatformData();
        builder.Services.AddPlatformSecurity();
        builder.Services.AddSingleton<AuditLog>();
        builder.AddPlatformBus(bus => bus.AddRunEndpoints());
        builder.Services.AddHostedService<OutboxSender>();
        builder.Services.AddDicomweb().AddStudies().AddRuns().AddAiModels();
        return builder;
    }

    public static WebApplication MapPlatformApi(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();

        var tenant = app.MapGroup("/t/{tenant}").AddEndpointFilter(TenantTransaction.FilterAsync);
        tenant.MapDicomweb();
        tenant.MapStudies();
        tenant.MapRuns();
        tenant.MapAiModels();
        return app;
    }
}
