namespace Platform.Api.Runs;

/// <summary>What <c>/t/{tenant}/runs</c> answers and what it needs.</summary>
internal static class RunsRoutes
{
    public static IServiceCollection AddRuns(this IServiceCollection services) => services;

    public static void MapRuns(this RouteGroupBuilder tenant)
    {
        _ = tenant.MapGroup("runs");
    }
}
