namespace Platform.Api.Dicomweb;

/// <summary>What <c>/t/{tenant}/dicomweb</c> answers and what it needs.</summary>
internal static class DicomwebRoutes
{
    public static IServiceCollection AddDicomweb(this IServiceCollection services)
    {
        services.AddOptions<DicomwebOptions>().BindConfiguration(DicomwebOptions.Section)
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<StowIngest>();
        services.AddSingleton<StowCommit>();
        services.AddScoped<Stow>();
        services.AddScoped<Qido>();
        services.AddScoped<WadoTarget>();
        services.AddScoped<Wado>();
        services.AddScoped<WadoMetadata>();
        services.AddScoped<WadoBulk>();
        return services;
    }

    public static void MapDicomweb(this RouteGroupBuilder tenant)
    {
        var dicomweb = tenant.MapGroup("dicomweb");
        Stow.MapStow(dicomweb);
        Qido.MapQido(dicomweb);
        Wado.MapWado(dicomweb);
        WadoMetadata.MapWadoMetadata(dicomweb);
        WadoBulk.MapWadoBulk(dicomweb);
    }
}
