using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>Runs on a study that is still arriving, and how the complete one's take their place.</summary>
internal static class ProvisionalRuns
{
    /// <summary>The study is complete: provisional runs that have not ended are of no more use.</summary>
    public static async Task OvertakeAsync(PlatformDb db, Study study, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var unfinished = await db.Runs
            .FromSql($"""
                select * from runs
                where tenant_id = {study.TenantId} and study_id = {study.Id} and is_provisional
                    and status in ('Waiting', 'Queued', 'Dispatched', 'Running')
                order by id for update
                """)
            .ToListAsync(ct);
        foreach (var run in unfinished)
        {
            var mayCompute = run.Status is RunStatus.Dispatched or RunStatus.Running;
            if (!run.TryOvertake(clock.GetUtcNow()))
            {
                continue;
            }

            if (mayCompute)
            {
                await Outbox.SendAsync(db, new CancelRequested(run.TenantId, run.Id), clock, ct);
            }

            await RunWork.FollowAsync(db, run, ct);
            await RunChange.SaveAsync(db, run, audit, "run.supersede", ct);
        }
    }

    /// <summary>
    /// The complete study has its result: earlier provisional ones of the same rule point to it, and what they stored in the study is
    /// withdrawn. The caller saves.
    /// </summary>
    public static async Task SupersedeAsync(PlatformDb db, Run complete, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        // Locked: one that ends at this moment has stored its objects before, or sees that it is superseded.
        var provisional = await db.Runs
            .FromSql($"""
                select * from runs
                where tenant_id = {complete.TenantId} and study_id = {complete.StudyId} and is_provisional and superseded_by is null
                    and (rule_id = {complete.RuleId ?? Guid.Empty} or model_id = {complete.ModelId})
                order by id for update
                """)
            .ToListAsync(ct);
        foreach (var run in provisional)
        {
            run.Supersede(complete);
            audit.Record(db, "run.supersede", "run", run.Id.ToString(), AuditOutcome.Success, $"run {complete.Id}");
        }

        var ids = provisional.ConvertAll(r => (Guid?)r.Id);
        var withdrawn = await db.Series
            .Where(s => ids.Contains(s.RunId) && !db.Instances.Any(i => i.SeriesId == s.Id && i.RunId == null)) // what was sent into one stays
            .ToListAsync(ct);
        foreach (var series in withdrawn)
        {
            series.WithdrawnAt = clock.GetUtcNow();
            audit.Record(db, "series.withdraw", "series", series.Id.ToString(), AuditOutcome.Success, $"superseded by run {complete.Id}");
        }

        await db.Instances.Where(i => ids.Contains(i.RunId))
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.Status, InstanceStatus.Withdrawn), ct);
    }
}
