using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>What <c>/t/{tenant}/models</c> answers and what it needs.</summary>
internal static class AiModelsRoutes
{
    public static IServiceCollection AddAiModels(this IServiceCollection services)
    {
        services.AddOptions<AiModelOptions>().BindConfiguration(AiModelOptions.Section).Validate(HaveKeys, AiModelOptions.KeyProblem).ValidateOnStart();
        services.AddSingleton<PackageAdmission>();
        services.AddSingleton<InstalledPackages>();
        services.AddHostedService<PackageInstaller>();
        return services;
    }

    public static void MapAiModels(this RouteGroupBuilder tenant)
    {
        var models = tenant.MapGroup("models");
        models.MapListModels();
        models.MapListOffers();
        models.MapTakeModel();
        models.MapSwitchModel();
    }

    /// <summary>For platform operators, outside any tenant.</summary>
    public static void MapModelPackages(this IEndpointRouteBuilder app)
    {
        var models = app.MapGroup("/models");
        models.MapUploadPackage();
        models.MapListPackages();
        models.MapDecidePackage();
    }

    private static bool HaveKeys(AiModelOptions options)
    {
        try
        {
            foreach (var pem in options.TrustedKeys)
            {
                PackageSignature.ReadKey(pem).Dispose();
            }

            return true;
        }
        catch (PackageRefusedException)
        {
            return false;
        }
    }
}
