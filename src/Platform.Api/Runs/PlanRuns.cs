using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Studies;

namespace Platform.Api.Runs;

/// <summary>Evaluates the tenant's rules on a study: queues runs, or records why no AI runs on it.</summary>
internal sealed class PlanRuns(AuditLog audit, TimeProvider clock)
{
    /// <summary>Part of the completion's transaction, which holds the study's row. The caller saves.</summary>
    public async Task ForCompletedAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        study.NoAiCode = null;
        study.NoAiReason = null;
        await ProvisionalRuns.OvertakeAsync(db, study, audit, clock, ct);
        var rules = await RulePlan.ActiveAsync(db, ct);
        var planned = RulePlan.Of(rules, await StudySeries.OfferAsync(db, study, RulePlan.Asked(rules), ct));
        var known = await KnownAsync(db, study, ct);
        var waiting = new List<Run>();
        var ofRule = new Dictionary<Guid, Run>();
        foreach (var rule in planned.Where(p => p.Series is not null))
        {
            var inputs = rule.Rule.DependsOn.Select(id => ofRule[id].Id).ToList();
            var plan = new RunPlan(rule.Rule.Id, rule.Target, rule.Rule.ShadowOf is not null, IsProvisional: false, inputs);
            var run = Run.Queue(study, rule.Model, rule.Rule.ReadParameters(), rule.Lane, clock.GetUtcNow(), plan, RunSeries.Of(rule.Series!, rule.Further));
            if (!known.TryAdd((run.ModelHash, run.ParametersHash), run))
            {
                run = known[(run.ModelHash, run.ParametersHash)];
            }
            else
            {
                await AddAsync(db, run, ct);
                waiting.AddRange(run.Status == RunStatus.Waiting ? [run] : []);
            }

            ofRule[rule.Rule.Id] = run;
        }

        if (known.Values.All(r => r.IsShadow || r.IsProvisional))
        {
            var nearest = RulePlan.Nearest(planned.Where(p => p.Rule.ShadowOf is null && p.Reason is not null).Select(p => p.Reason!));
            study.NoAiCode = nearest.Code;
            study.NoAiReason = nearest.Reason;
            audit.Record(db, "study.no-ai", "study", study.Id.ToString(), AuditOutcome.Success, nearest.Code);
        }

        if (waiting.Count > 0)
        {
            // What they need may have ended before, by a person's asking.
            await db.SaveChangesAsync(ct);
            foreach (var run in waiting)
            {
                await RunInputs.SettleAsync(db, run, audit, ct);
            }
        }
    }

    /// <summary>
    /// Runs of rules that content themselves with a part of the study, once that part is there. The transaction holds the study's
    /// row, and the study is still arriving. Saves.
    /// </summary>
    public async Task ForArrivingAsync(PlatformDb db, Study study, IReadOnlyList<(Rule Rule, AiModel Model)> rules, CancellationToken ct)
    {
        rules = [.. rules.Where(r => r.Model.ReadFurtherInputs().Count == 0)]; // those wait for the whole study
        var withTraits = rules.Any(r => r.Rule.ReadConditions().Acquisition is not null);
        var candidates = await StudySeries.CandidatesAsync(db, study.Id, study.Version, withTraits, ct);
        var known = await KnownAsync(db, study, ct);
        foreach (var (rule, model) in rules.Where(r => SeriesChoice.Choose(r.Rule.ReadConditions(isProvisional: true), candidates).Series is not null))
        {
            var plan = new RunPlan(rule.Id, null, IsShadow: false, IsProvisional: true, []);
            var run = Run.Queue(study, model, rule.ReadParameters(), rule.Lane, clock.GetUtcNow(), plan);
            if (known.TryAdd((run.ModelHash, run.ParametersHash), run))
            {
                await AddAsync(db, run, ct);
            }
        }

        await db.SaveChangesAsync(ct);
    }

    private static async Task<Dictionary<(string ModelHash, string ParametersHash), Run>> KnownAsync(PlatformDb db, Study study, CancellationToken ct) =>
        await db.RunsAndShadows
            .Where(r => r.StudyId == study.Id && r.StudyVersion == study.Version)
            .ToDictionaryAsync(r => (r.ModelHash, r.ParametersHash), ct);

    private async Task AddAsync(PlatformDb db, Run run, CancellationToken ct)
    {
        db.Runs.Add(run);
        if (run.Status == RunStatus.Queued)
        {
            await RunWork.QueuedAsync(db, run, ct);
        }

        audit.Record(db, "run.queue", "run", run.Id.ToString());
        if (!run.IsShadow)
        {
            await Changes.PublishAsync(db, "run", run.Id, run.Status.ToString(), ct);
        }
    }
}
