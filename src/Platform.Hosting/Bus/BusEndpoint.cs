using MassTransit;
using MassTransit.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.Hosting.Bus;

public enum EndpointKind
{
    /// <summary>A durable quorum queue that all instances of a host share: competing consumers, nothing is lost.</summary>
    Durable,

    /// <summary>A queue of this process alone, gone with it: every instance hears every message.</summary>
    Temporary,

    /// <summary>The broker's dead-letter queue. It is not subscribed to any message; the broker moves messages into it.</summary>
    DeadLetter,
}

/// <summary>One receive endpoint and its consumers.</summary>
public sealed class BusEndpoint
{
    private readonly IServiceCollection services;
    private readonly List<Action<IReceiveEndpointConfigurator, IRegistrationContext>> consumers = [];

    internal BusEndpoint(IServiceCollection services, string name, EndpointKind kind)
    {
        this.services = services;
        Name = name;
        Kind = kind;
    }

    /// <summary>The queue; of a temporary one the beginning.</summary>
    public string Name { get; }

    public EndpointKind Kind { get; }

    /// <summary>Messages taken ahead and consumed at once; null takes Bus:PrefetchCount. Read when the bus starts.</summary>
    public Func<IServiceProvider, int>? Concurrency { get; set; }

    /// <summary>Adds a consumer; each message gets one in a scope of its own.</summary>
    public BusEndpoint Consumer<TConsumer>()
        where TConsumer : class, IConsumer
    {
        services.RegisterConsumer<TConsumer>();
        consumers.Add((endpoint, context) => endpoint.ConfigureConsumer<TConsumer>(context));
        return this;
    }

    internal void Configure(IReceiveEndpointConfigurator endpoint, IRegistrationContext context) =>
        consumers.ForEach(consumer => consumer(endpoint, context));
}
