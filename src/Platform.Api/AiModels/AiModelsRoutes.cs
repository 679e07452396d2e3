namespace Platform.Api.AiModels;

/// <summary>What <c>/t/{tenant}/models</c> answers and what it needs.</summary>
internal static class AiModelsRoutes
{
    public static IServiceCollection AddAiModels(this IServiceCollection services) => services;

    public static void MapAiModels(this RouteGroupBuilder tenant)
    {
        _ = tenant.MapGroup("models");
    }
}
