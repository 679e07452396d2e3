using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Hosting.Bus;

namespace Platform.Api.Previews;

/// <summary>What <c>/t/{tenant}/studies/{uid}/series/{series}/preview</c> answers and what it needs. Nothing here decodes pixels.</summary>
internal static class PreviewsRoutes
{
    /// <summary>Kind of the changes that the tenant's browsers are told; their ids are of series.</summary>
    public const string Kind = "preview";

    public static IServiceCollection AddPreviews(this IServiceCollection services)
    {
        services.AddOptions<PreviewOptions>().BindConfiguration(PreviewOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PreviewPlan>();
        services.AddSingleton<PreviewIndexes>();
        services.AddScoped<PreviewTarget>();
        services.AddHostedService<PreviewRinger>();
        return services;
    }

    /// <summary>What the API hears on the bus.</summary>
    public static void AddPreviewEndpoints(this PlatformBus bus)
    {
        bus.Endpoint(QueueNames.PreviewEvents, EndpointKind.Durable).Consumer<PreviewFinishedConsumer>();
        bus.Endpoint(QueueNames.DeadLetter, EndpointKind.DeadLetter).Consumer<PreviewDeadLetterConsumer>().Consumer<PreviewFinishedConsumer>();
    }

    public static void MapPreviews(this RouteGroupBuilder tenant)
    {
        var preview = tenant.MapGroup("studies/{uid}/series/{series}/preview").WithTags("Previews");
        preview.MapGetPreview();
        preview.MapGetPreviewStrip();
        preview.MapGetPreviewImage();
    }

    internal static void DescribePicture(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Produces(StatusCodes.Status200OK, contentType: "image/jpeg")
        .Produces(StatusCodes.Status202Accepted)
        .Produces(StatusCodes.Status304NotModified)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status404NotFound);

    internal static ProblemHttpResult NoSuchSeries() => Unavailable("No such series.");

    internal static ProblemHttpResult Unavailable(string reason) =>
        TypedResults.Problem(reason, statusCode: StatusCodes.Status404NotFound);

    /// <summary>A worker makes it: ask again in a second, or when the change is told.</summary>
    internal static IResult NotYet(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "1";
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }
}
