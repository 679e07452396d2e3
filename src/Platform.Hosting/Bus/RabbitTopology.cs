using System.Security.Cryptography;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Platform.Hosting.Bus;

/// <summary>Endpoints on RabbitMQ: quorum queues, publisher confirms, ten deliveries, one dead-letter exchange.</summary>
internal static class RabbitTopology
{
    private const int DeliveryLimit = 10;
    private static readonly TimeSpan UnusedQueueLives = TimeSpan.FromMinutes(5);

    public static void Configure(IRabbitMqBusFactoryConfigurator rabbit, PlatformBus bus, IRegistrationContext context)
    {
        var options = context.GetRequiredService<IOptions<BusOptions>>().Value;
        var stopping = context.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        rabbit.Host(options.Host, (ushort)options.Port, options.VirtualHost, host =>
        {
            host.Username(options.Username);
            host.Password(options.Password);
            host.PublisherConfirmation = true;

            // A broker that was killed or cut off is noticed within two heartbeats.
            host.Heartbeat(TimeSpan.FromSeconds(10));
            host.RequestedConnectionTimeout(TimeSpan.FromSeconds(5));
            host.OnRefreshConnectionFactory = factory => BrokerPort.WaitAsync(factory, stopping);
        });

        foreach (var endpoint in bus.Endpoints)
        {
            var name = endpoint.Kind == EndpointKind.Temporary
                ? $"{endpoint.Name}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}"
                : endpoint.Name;
            rabbit.ReceiveEndpoint(name, receive =>
            {
                ConfigureQueue(receive, endpoint.Kind);
                EndpointHabits.Apply(receive, endpoint, context);
            });
        }
    }

    private static void ConfigureQueue(IRabbitMqReceiveEndpointConfigurator receive, EndpointKind kind)
    {
        switch (kind)
        {
            case EndpointKind.Temporary:
                receive.AutoDelete = true;
                receive.QueueExpiration = UnusedQueueLives;
                break;

            case EndpointKind.DeadLetter:
                receive.SetQuorumQueue();

                // RabbitMQ 4 drops after 20 deliveries where nothing is said; nothing is ever dropped from here.
                receive.SetQueueArgument("x-delivery-limit", int.MaxValue);
                break;

            default:
                receive.SetQuorumQueue();
                receive.SetQueueArgument("x-delivery-limit", DeliveryLimit);

                // At least once, which RabbitMQ offers only with reject-publish: the message stays here until it is there,
                // also where no API has made the dead-letter queue yet.
                receive.SetQueueArgument("x-dead-letter-exchange", QueueNames.DeadLetter);
                receive.SetQueueArgument("x-dead-letter-strategy", "at-least-once");
                receive.SetQueueArgument("x-overflow", "reject-publish");
                break;
        }
    }
}
