namespace Platform.Api.Studies;

/// <summary>What <c>/t/{tenant}/studies</c> answers and what it needs.</summary>
internal static class StudiesRoutes
{
    public static IServiceCollection AddStudies(this IServiceCollection services)
    {
        services.AddOptions<StudiesOptions>().BindConfiguration(StudiesOptions.Section)
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<StudyCompletion>();
        services.AddSingleton<DamageReport>();
        services.AddSingleton<PixelHold>();
        services.AddScoped<HeldPixels>();
        services.AddSingleton<BlobSweep>();
        services.AddHostedService<StudyCompleter>();
        services.AddHostedService<BlobSweeper>();
        return services;
    }

    public static void MapStudies(this RouteGroupBuilder tenant)
    {
        var studies = tenant.MapGroup("studies");
        studies.MapListStudies();
        studies.MapGetStudy();
        studies.MapCompleteStudy();
        studies.MapReleasePixels();
    }
}
