using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Platform.Hosting;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;
using Platform.Hosting.Health;
using Platform.Inference.Child;
using Platform.Inference.Worker;

namespace Platform.Inference;

/// <summary>The worker as a part of a host: RunRequested in, blobs in, results out, RunFinished out.</summary>
public static class PlatformInference
{
    /// <summary>Adds the worker. The host's Main must call <see cref="InferenceChild.RunIfRequestedAsync"/> before anything else.</summary>
    public static IHostApplicationBuilder AddPlatformInference(this IHostApplicationBuilder builder)
    {
        builder.AddPlatformHosting("platform-inference");
        var services = builder.Services;
        services.AddOptions<InferenceOptions>().BindConfiguration(InferenceOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<BlobOptions>(); // what the children are told
        services.AddSingleton<WorkerState>();
        services.AddSingleton<ComputeSlots>();
        services.AddSingleton<GpuQuery>();

        services.AddHostedService(provider => provider.GetRequiredService<ComputeSlots>());
        services.AddSingleton<PreviewSlots>();
        services.AddHostedService<WorkerBeats>();
        builder.AddPlatformBus(bus =>
        {
            var runs = bus.Endpoint(QueueNames.RunRequested, EndpointKind.Durable).Consumer<RunRequestedConsumer>();
            runs.Concurrency = provider => provider.GetRequiredService<IOptions<InferenceOptions>>().Value.Places;
            var previews = bus.Endpoint(QueueNames.Previews, EndpointKind.Durable).Consumer<PreviewRequestedConsumer>();
            previews.Concurrency = provider => provider.GetRequiredService<IOptions<InferenceOptions>>().Value.PreviewSlots;
            bus.Endpoint("worker", EndpointKind.Temporary).Consumer<CancelRequestedConsumer>();
        });
        services.AddOptions<MassTransitHostOptions>().Configure<IOptions<InferenceOptions>>(
            (bus, inference) => bus.ConsumerStopTimeout = inference.Value.DrainTimeout);
        services.AddOptions<HostOptions>().Configure<IOptions<InferenceOptions>>((host, inference) =>
            host.ShutdownTimeout = Longer(host.ShutdownTimeout, inference.Value.DrainTimeout + TimeSpan.FromSeconds(20)));
        services.AddHealthChecks().AddCheck<ComputeHealthCheck>("inference", HealthStatus.Degraded, [PlatformHealth.Ready]);
        return builder;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
