using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Platform.Hosting.Health;

namespace Platform.Hosting.Bus;

/// <summary>
/// The one bus of a host. Each part of the host (API, inference) adds its endpoints; where both run in one process they meet on
/// one bus. The host starts while the broker is away, says so in <c>/health/ready</c>, and connects when it comes.
/// </summary>
public sealed class PlatformBus
{
    private readonly IServiceCollection services;

    internal PlatformBus(IServiceCollection services) => this.services = services;

    internal List<BusEndpoint> Endpoints { get; } = [];

    /// <summary>A receive endpoint; asking again for the same name adds consumers to it.</summary>
    public BusEndpoint Endpoint(string name, EndpointKind kind)
    {
        var endpoint = Endpoints.Find(e => e.Name == name);
        if (endpoint is null)
        {
            endpoint = new BusEndpoint(services, name, kind);
            Endpoints.Add(endpoint);
        }

        return endpoint.Kind == kind ? endpoint : throw new InvalidOperationException($"Endpoint {name} is {endpoint.Kind}.");
    }
}

public static class PlatformBusHosting
{
    private const string TheirCheck = "masstransit";

    /// <summary>Adds a part's endpoints to the host's bus.</summary>
    public static IHostApplicationBuilder AddPlatformBus(this IHostApplicationBuilder builder, Action<PlatformBus> configure)
    {
        var services = builder.Services;
        if (services.FirstOrDefault(s => s.ServiceType == typeof(PlatformBus))?.ImplementationInstance is not PlatformBus bus)
        {
            bus = new PlatformBus(services);
            services.AddSingleton(bus);
            services.AddOptions<BusOptions>().BindConfiguration(BusOptions.Section).ValidateDataAnnotations().ValidateOnStart();
            AddMassTransit(services, bus, builder.Configuration.GetValue($"{BusOptions.Section}:Transport", new BusOptions().Transport));
        }

        configure(bus);
        return builder;
    }

    private static void RemoveTheirs(ICollection<HealthCheckRegistration> registrations)
    {
        foreach (var registration in registrations.Where(r => r.Name == TheirCheck).ToList())
        {
            registrations.Remove(registration);
        }
    }

    private static void AddMassTransit(IServiceCollection services, PlatformBus bus, BusTransport transport)
    {
        services.AddOptions<MassTransitHostOptions>().Configure(o => o.WaitUntilStarted = false);
        services.AddMassTransit(x =>
        {
            x.DisableUsageTelemetry(); // a hospital's service tells its library's makers nothing
            x.ConfigureHealthCheckOptions(o => o.Name = TheirCheck);

            if (transport == BusTransport.InMemory)
            {
                x.UsingInMemory((context, memory) => MemoryTopology.Configure(memory, bus, context));
            }
            else
            {
                x.UsingRabbitMq((context, rabbit) => RabbitTopology.Configure(rabbit, bus, context));
            }
        });

        // Theirs calls a missing broker unhealthy and fills the log with addresses and stacks; ours is BusHealthCheck.
        services.Configure<HealthCheckServiceOptions>(o => RemoveTheirs(o.Registrations));
        services.AddHealthChecks().AddCheck<BusHealthCheck>("bus", HealthStatus.Degraded, [PlatformHealth.Ready]);
    }
}
