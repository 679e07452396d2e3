using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Previews;
using Platform.Api.Runs;

namespace Platform.Api.Studies;

/// <summary>
/// Makes a study complete: by the sender's word, or when it has been quiet for long enough. The tenant's rules run in the same
/// transaction, and previews are planned.
/// </summary>
internal sealed class StudyCompletion(PlanRuns plan, PreviewPlan previews, AuditLog audit, TimeProvider clock)
{
    /// <summary>Quiet for this many times the study's own median gap: a slow line makes long gaps (design §3).</summary>
    private const double Gaps = 10;

    /// <summary>False when it was complete already. The study's row must be locked by this transaction.</summary>
    public async Task<bool> CompleteAsync(PlatformDb db, Study study, string why, CancellationToken ct)
    {
        if (study.Status == StudyStatus.Complete)
        {
            return false;
        }

        study.Status = StudyStatus.Complete;
        study.CompletedAt = clock.GetUtcNow();
        await plan.ForCompletedAsync(db, study, ct);
        await previews.ForCompletedAsync(db, study, ct);
        audit.Record(db, "study.complete", "study", study.Id.ToString(), detail: why);
        await db.SaveChangesAsync(ct);
        await Changes.PublishAsync(db, "study", study.Id, "complete", ct);
        return true;
    }

    /// <summary>The study's row, locked until the transaction ends; null when there is none.</summary>
    public static Task<Study?> LockAsync(PlatformDb db, Guid studyId, CancellationToken ct) =>
        db.Studies.FromSql($"select * from studies where tenant_id = {db.TenantId} and id = {studyId} for update")
            .SingleOrDefaultAsync(ct);

    /// <summary>When its quiet period is over: the tenant's, or ten median gaps of this version if that is longer.</summary>
    public static async Task<DateTimeOffset> QuietAtAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        var quiet = await db.Tenants.Select(t => t.QuietPeriod).SingleAsync(ct);
        var seconds = await db.Database
            .SqlQuery<double?>(
                $"""
                select extract(epoch from percentile_cont(0.5) within group (order by gap))::float8 as "Value" from (
                    select stored_at - lag(stored_at) over (order by stored_at) as gap from instances
                    where tenant_id = {db.TenantId} and study_id = {study.Id} and study_version = {study.Version}
                        and run_id is null) gaps
                where gap is not null
                """)
            .SingleAsync(ct);
        var paced = TimeSpan.FromSeconds(Gaps * (seconds ?? 0));
        return study.LastInstanceAt + (paced > quiet ? paced : quiet);
    }
}
