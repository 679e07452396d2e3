using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Platform.Hosting.Bus;

/// <summary>What all receive endpoints have in common on either transport.</summary>
internal static class EndpointHabits
{
    public static void Apply(IReceiveEndpointConfigurator receive, BusEndpoint endpoint, IRegistrationContext context)
    {
        // No fault messages, no _error and _skipped queues: a message that cannot be consumed goes back to the broker,
        // which counts and in the end dead-letters it. One place to look.
        receive.PublishFaults = false;
        receive.RethrowFaultedMessages();
        if (endpoint.Kind != EndpointKind.DeadLetter)
        {
            receive.ThrowOnSkippedMessages();
        }

        receive.ConfigureConsumeTopology = endpoint.Kind != EndpointKind.DeadLetter;

        // An endpoint says for itself how many it takes; a worker's un-acknowledged messages are its slots.
        var concurrency = endpoint.Concurrency?.Invoke(context)
            ?? context.GetRequiredService<IOptions<BusOptions>>().Value.PrefetchCount;
        receive.PrefetchCount = concurrency;
        receive.ConcurrentMessageLimit = concurrency;

        // Lost infrastructure (a database that restarts) is waited for here; nothing else throws in a consumer.
        if (endpoint.Kind != EndpointKind.Temporary)
        {
            receive.UseMessageRetry(retry => retry.Exponential(
                6, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(400)));
        }

        endpoint.Configure(receive, context);
    }
}
