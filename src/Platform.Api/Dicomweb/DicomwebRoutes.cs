namespace Platform.Api.Dicomweb;

/// <summary>What <c>/t/{tenant}/dicomweb</c> answers and what it needs.</summary>
internal static class DicomwebRoutes
{
    public static IServiceCollection AddDicomweb(this IServiceCollection services) => services;

    public static void MapDicomweb(this RouteGroupBuilder tenant)
    {
        _ = tenant.MapGroup("dicomweb");
    }
}
