using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Studies;

namespace Platform.Api.Runs;

/// <summary>Evaluates the tenant's rules on a complete study version: queues runs, or records why no AI runs on it.</summary>
internal sealed class PlanRuns(AuditLog audit, TimeProvider clock)
{
    // When no model takes the study, people are told of the one that came nearest.
    private static readonly string[] FromFarToNear = ["no-images", "modality", "body-part", "body-part-unknown", "too-few-slices"];

    /// <summary>Part of the completion's transaction, which holds the study's row. The caller saves.</summary>
    public async Task ForCompletedAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        study.NoAiCode = null;
        study.NoAiReason = null;
        var rules = await db.Rules
            .Where(r => r.IsActive)
            .Join(db.AiModels.Where(m => m.IsActive), r => r.ModelId, m => m.Id, (rule, model) => new { rule, model })
            .ToListAsync(ct);
        var candidates = await StudySeries.CandidatesAsync(db, study.Id, study.Version, ct);
        var reasons = new List<NoAi>();
        var queued = await db.Runs.Where(r => r.StudyId == study.Id && r.StudyVersion == study.Version).Select(r => r.ModelHash).ToHashSetAsync(ct);
        foreach (var (rule, model) in rules.Select(r => (r.rule, r.model)).OrderBy(r => r.rule.Lane))
        {
            var (series, reason) = SeriesChoice.Choose(rule.ReadConditions(), candidates);
            if (series is null)
            {
                reasons.Add(reason!);
            }
            else if (queued.Add(model.Hash))
            {
                await QueueAsync(db, study, model, rule.Lane, ct);
            }
        }

        if (queued.Count == 0)
        {
            var nearest = reasons.MaxBy(r => Array.IndexOf(FromFarToNear, r.Code))
                ?? new NoAi("no-rules", "No AI model is active here. A tenant administrator can activate one.");
            study.NoAiCode = nearest.Code;
            study.NoAiReason = nearest.Reason;
            audit.Record(db, "study.no-ai", "study", study.Id.ToString(), AuditOutcome.Success, nearest.Code);
        }
    }

    private async Task QueueAsync(PlatformDb db, Study study, AiModel model, Lane lane, CancellationToken ct)
    {
        var run = Run.Queue(study, model, new Dictionary<string, string>(), lane, clock.GetUtcNow());
        db.Runs.Add(run);
        await RunWork.QueuedAsync(db, run, ct);
        audit.Record(db, "run.queue", "run", run.Id.ToString());
        await Changes.PublishAsync(db, "run", run.Id, run.Status.ToString(), ct);
    }
}
