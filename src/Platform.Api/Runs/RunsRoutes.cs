using Platform.Hosting.Bus;

namespace Platform.Api.Runs;

/// <summary>What <c>/t/{tenant}/runs</c> answers and what it needs.</summary>
internal static class RunsRoutes
{
    public static IServiceCollection AddRuns(this IServiceCollection services)
    {
        services.AddOptions<DispatchOptions>().BindConfiguration(DispatchOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WorkerRegistry>();
        services.AddSingleton<ManifestWriter>();
        services.AddSingleton<ResultReader>();
        services.AddSingleton<Reconciler>();
        services.AddSingleton<PlanRuns>();
        services.AddSingleton<ArrivingStudies>();
        services.AddSingleton<PhaseTimes>();
        services.AddHostedService<Dispatcher>();
        return services;
    }

    /// <summary>What the API hears on the bus.</summary>
    public static void AddRunEndpoints(this PlatformBus bus)
    {
        bus.Endpoint(QueueNames.RunEvents, EndpointKind.Durable).Consumer<RunStartedConsumer>().Consumer<RunFinishedConsumer>();
        bus.Endpoint("worker-beats", EndpointKind.Temporary).Consumer<WorkerBeatConsumer>();
        bus.Endpoint(QueueNames.DeadLetter, EndpointKind.DeadLetter)
            .Consumer<DeadLetterConsumer>().Consumer<RunStartedConsumer>().Consumer<RunFinishedConsumer>();
    }

    /// <summary>For platform operators, who are in no tenant: what of a tenant's runs went wrong, without its studies.</summary>
    public static void MapTenantRuns(this IEndpointRouteBuilder app)
    {
        var runs = app.MapGroup("/tenants/{slug}/troubled-runs").WithTags("Runs");
        runs.MapListTroubledRuns();
        runs.MapReplayTroubledRuns();
    }

    public static void MapRuns(this RouteGroupBuilder tenant)
    {
        var runs = tenant.MapGroup("runs");
        runs.MapStartRun();
        runs.MapListRuns();
        runs.MapGetRun();
        runs.MapGetOutlines();
        runs.MapCancelRun();
        runs.MapRetryRun();
        runs.MapReplayRuns();
    }
}
