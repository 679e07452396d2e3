namespace Platform.Api.Studies;

/// <summary>What <c>/t/{tenant}/studies</c> answers and what it needs.</summary>
internal static class StudiesRoutes
{
    public static IServiceCollection AddStudies(this IServiceCollection services) => services;

    public static void MapStudies(this RouteGroupBuilder tenant)
    {
        _ = tenant.MapGroup("studies");
    }
}
