using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Hosting.Bus;

/// <summary>
/// A missing broker degrades and does not stop: studies are still taken and given out, runs wait in the database.
/// Taking every API instance out of the load balancer would turn a pause into an outage.
/// </summary>
internal sealed class BusHealthCheck(IBusControl bus) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(bus.CheckHealth().Status == BusHealthStatus.Healthy
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded(
                "The message broker cannot be reached: studies are taken and given out, AI runs wait and start when it is back; " +
                "nothing is lost. Check that RabbitMQ runs and that Bus:Host, Bus:Port, Bus:Username and Bus:Password are right."));
}
