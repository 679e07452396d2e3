using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;

namespace Platform.Api.Runs;

/// <summary>How a run's row is taken and given back: locked, audited, told to the tenant's browsers.</summary>
internal static class RunChange
{
    /// <summary>The run, held until the transaction ends; null when this tenant has none of that id. Not a shadow run.</summary>
    public static Task<Run?> LockRunAsync(this PlatformDb db, Guid runId, CancellationToken ct) =>
        Locked(db, runId).SingleOrDefaultAsync(ct);

    /// <summary>The same for what makes runs go: shadow runs too.</summary>
    public static Task<Run?> LockRunOrShadowAsync(this PlatformDb db, Guid runId, CancellationToken ct) =>
        Locked(db, runId).IgnoreQueryFilters([Run.ShadowFilter]).SingleOrDefaultAsync(ct);

    /// <summary>Saves; and when the run has ended, settles those that need its result.</summary>
    public static async Task SaveAsync(
        PlatformDb db, Run run, AuditLog audit, string action, CancellationToken ct, AuditOutcome outcome = AuditOutcome.Success)
    {
        audit.Record(db, action, "run", run.Id.ToString(), outcome, run.ReasonCode);
        if (!run.IsShadow)
        {
            await Changes.PublishAsync(db, "run", run.Id, run.Status.ToString(), ct);
        }

        await db.SaveChangesAsync(ct);
        if (run.IsTerminal)
        {
            await RunInputs.InputEndedAsync(db, run, audit, ct);
        }
    }

    private static IQueryable<Run> Locked(PlatformDb db, Guid runId) =>
        db.Runs.FromSql($"select * from runs where id = {runId} for update");
}
