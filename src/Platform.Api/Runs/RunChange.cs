using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;

namespace Platform.Api.Runs;

/// <summary>How a run's row is taken and given back: locked, audited, told to the tenant's browsers.</summary>
internal static class RunChange
{
    /// <summary>The run, held until the transaction ends; null when this tenant has none of that id.</summary>
    public static Task<Run?> LockRunAsync(this PlatformDb db, Guid runId, CancellationToken ct) =>
        db.Runs.FromSql($"select * from runs where id = {runId} for update").SingleOrDefaultAsync(ct);

    public static async Task SaveAsync(
        PlatformDb db, Run run, AuditLog audit, string action, CancellationToken ct, AuditOutcome outcome = AuditOutcome.Success)
    {
        audit.Record(db, action, "run", run.Id.ToString(), outcome, run.ReasonCode);
        await Changes.PublishAsync(db, "run", run.Id, run.Status.ToString(), ct);
        await db.SaveChangesAsync(ct);
    }
}
