using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Inference.Worker;

/// <summary>A worker whose children do not start takes runs in vain.</summary>
internal sealed class ComputeHealthCheck(ComputeSlots slots) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(slots.CanCompute != false
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded(
                "The program that computes does not start: AI runs fail until it does. Look at this worker's log, at its memory limit " +
                "and at the folder Inference:ScratchPath."));
}
