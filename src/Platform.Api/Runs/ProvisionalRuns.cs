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

    /// <summary>The complete study has its result: earlier provisional ones of the same rule point to it.</summary>
    public static async Task SupersedeAsync(PlatformDb db, Run complete, CancellationToken ct)
    {
        var provisional = await db.Runs
            .Where(r => r.StudyId == complete.StudyId && r.IsProvisional && r.SupersededBy == null
                && (r.RuleId == complete.RuleId || r.ModelId == complete.ModelId))
            .ToListAsync(ct);
        provisional.ForEach(run => run.Supersede(complete));
    }
}
