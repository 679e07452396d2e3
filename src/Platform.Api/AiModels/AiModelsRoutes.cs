namespace Platform.Api.AiModels;

/// <summary>What <c>/t/{tenant}/models</c> answers and what it needs.</summary>
internal static class AiModelsRoutes
{
    public static IServiceCollection AddAiModels(this IServiceCollection services)
    {
        services.AddOptions<AiModelOptions>().BindConfiguration(AiModelOptions.Section);
        services.AddSingleton<InstalledPackages>();
        services.AddHostedService<PackageInstaller>();
        return services;
    }

    public static void MapAiModels(this RouteGroupBuilder tenant)
    {
        var models = tenant.MapGroup("models");
        models.MapListModels();
    }
}
