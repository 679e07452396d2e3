using System.Security.Cryptography;
using MassTransit;

namespace Platform.Hosting.Bus;

/// <summary>Endpoints inside one process. A message lives as long as the process; rows and the reconciler know what was in it.</summary>
internal static class MemoryTopology
{
    public static void Configure(IInMemoryBusFactoryConfigurator memory, PlatformBus bus, IRegistrationContext context)
    {
        foreach (var endpoint in bus.Endpoints)
        {
            var name = endpoint.Kind == EndpointKind.Temporary
                ? $"{endpoint.Name}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}"
                : endpoint.Name;
            memory.ReceiveEndpoint(name, receive => EndpointHabits.Apply(receive, endpoint, context));
        }
    }
}
