using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;

namespace Platform.Api.Studies;

/// <summary>An instance whose bytes are gone: its row says so, an alert metric counts it, an audit event keeps it.</summary>
internal sealed partial class DamageReport(TenantScope scopes, AuditLog audit, IMeterFactory meters, ILogger<DamageReport> logger)
{
    public const string MeterName = "Platform.Api.Studies";

    private readonly Counter<long> damaged = meters.Create(MeterName).CreateCounter<long>(
        "platform.instances.damaged", description: "Instances whose blob is missing; every one is an alert");

    /// <summary>Marks it once; a second report of the same instance does nothing.</summary>
    public async Task ReportAsync(Guid tenantId, Guid instanceId, CancellationToken ct)
    {
        var isNew = await scopes.RunAsync(
            tenantId,
            async (db, token) =>
            {
                var count = await db.Instances
                    .Where(i => i.Id == instanceId && i.Status == InstanceStatus.Stored)
                    .ExecuteUpdateAsync(set => set.SetProperty(i => i.Status, InstanceStatus.Damaged), token);
                if (count > 0)
                {
                    audit.Record(db, "instance.damaged", "instance", instanceId.ToString(), AuditOutcome.Failed);
                    await db.SaveChangesAsync(token);
                }

                return count > 0;
            },
            ct);
        if (isNew)
        {
            damaged.Add(1);
            LogDamaged(logger, instanceId);
        }
    }

    [LoggerMessage(LogLevel.Critical, "Instance {InstanceId} is damaged: its blob is missing. Restore it or send it again")]
    private static partial void LogDamaged(ILogger logger, Guid instanceId);
}
