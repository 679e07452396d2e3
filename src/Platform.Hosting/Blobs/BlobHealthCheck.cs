using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Platform.Hosting.Blobs;

internal sealed partial class BlobHealthCheck(BlobStore blobs, ILogger<BlobHealthCheck> logger) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(5));
            var room = await blobs.CheckAsync(limit.Token);
            return room.IsFull
                ? HealthCheckResult.Degraded(
                    $"Less than {room.MinimumFreeBytes >> 20} MiB of disk is free: new studies are refused (507), everything stored " +
                    "can be read. Free or add disk space; Blobs:MinimumFreeBytes sets the reserve.")
                : HealthCheckResult.Healthy();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnreachable(logger, e);
            return HealthCheckResult.Unhealthy(
                "The blob store cannot be reached: studies are neither taken nor given out. Check the folder (Blobs:Path) and its " +
                "owner, or the storage account (Blobs:ConnectionString).");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The blob store cannot be reached")]
    private static partial void LogUnreachable(ILogger logger, Exception e);
}
