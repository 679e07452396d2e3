using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Api.Studies;

namespace Platform.Api.AiModels;

/// <summary>POST /t/{tenant}/rules/dry-run: what the rules, or one that is only being thought of, would have made of past studies. Nothing is queued.</summary>
internal static class DryRunRules
{
    private const int MostStudies = 500;

    /// <param name="Days">Complete studies that arrived in so many days until now.</param>
    /// <param name="RuleId">A rule that <paramref name="Draft"/> would replace; null adds it to the active ones.</param>
    /// <param name="Draft">Null takes the active rules as they are.</param>
    public sealed record Request([property: Range(1, 366)] int Days, Guid? RuleId, RuleDraft.Request? Draft);

    /// <param name="IsCut">There were more studies: these are the newest.</param>
    public sealed record Response(IReadOnlyList<StudyItem> Studies, bool IsCut);

    /// <param name="NoAiCode">Why no model would have run; null when one would.</param>
    public sealed record StudyItem(
        string StudyInstanceUid, DateTimeOffset ArrivedAt, int StudyVersion, IReadOnlyList<PlanItem> Plans, string? NoAiCode, string? NoAiReason);

    /// <param name="RuleId">Null for the draft of a new rule.</param>
    /// <param name="SeriesInstanceUid">The series that the model would have taken; null with a reason.</param>
    /// <param name="HasRun">This model version has run on the study.</param>
    /// <param name="FurtherSeries">Those of the model's further inputs.</param>
    public sealed record PlanItem(
        Guid? RuleId,
        string Rule,
        string Model,
        string ModelVersion,
        Lane Lane,
        bool IsShadow,
        IReadOnlyList<string> WaitsFor,
        string? SeriesInstanceUid,
        bool HasRun,
        string? ReasonCode,
        string? Reason,
        IReadOnlyList<InputItem> FurtherSeries);

    /// <param name="Input">By the name that the model's package gives it.</param>
    /// <param name="IsPrior">Of an earlier study of the patient.</param>
    public sealed record InputItem(string Input, string SeriesInstanceUid, bool IsPrior);

    public static void MapDryRunRules(this IEndpointRouteBuilder rules) => rules
        .MapPost("dry-run", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(DryRunRules))
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        Request request, PlatformDb db, IdentityDb identities, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        // :: Step 1: the rules, with the draft in its place.
        var rules = await RulePlan.ActiveAsync(db, ct);
        var draftId = Guid.CreateVersion7(clock.GetUtcNow());
        if (request.Draft is { } draft)
        {
            if (request.RuleId is { } replaced && !await db.Rules.AnyAsync(r => r.Id == replaced, ct))
            {
                return RuleAnswer.NoSuchRule();
            }

            var (rule, problem) = await RuleDraft.CheckAsync(draft, db, identities, request.RuleId ?? draftId, ct);
            if (rule is null)
            {
                return problem is null ? RuleAnswer.NoSuchThing() : TypedResults.Problem(problem, statusCode: StatusCodes.Status422UnprocessableEntity);
            }

            rules.RemoveAll(r => r.Rule.Id == rule.Id);
            if (rule.IsActive)
            {
                rules.Add((rule, await db.AiModels.AsNoTracking().SingleAsync(m => m.Id == rule.ModelId, ct)));
            }
        }

        // :: Step 2: the studies and what they offered.
        var since = clock.GetUtcNow() - TimeSpan.FromDays(request.Days);
        var studies = await db.Studies.AsNoTracking()
            .Where(s => s.Status == StudyStatus.Complete && s.ArrivedAt >= since)
            .OrderByDescending(s => s.ArrivedAt).ThenBy(s => s.Id)
            .Take(MostStudies + 1)
            .ToListAsync(ct);
        var isCut = studies.Count > MostStudies;
        studies = studies.GetRange(0, Math.Min(studies.Count, MostStudies));
        var offers = await StudySeries.OffersAsync(db, studies, RulePlan.Asked(rules), ct);
        var ids = studies.ConvertAll(s => s.Id);
        var computed = (await db.RunsAndShadows.Where(r => ids.Contains(r.StudyId)).Select(r => new { r.StudyId, r.ModelHash }).ToListAsync(ct))
            .Select(r => (r.StudyId, r.ModelHash)).ToHashSet();

        // :: Step 3: the same evaluation as when a study completes.
        await audit.RecordReadAsync(db.TenantId, "rule.dry-run", "tenant", db.TenantId.ToString(), ct);
        var names = rules.ToDictionary(r => r.Rule.Id, r => r.Rule.Name);
        return TypedResults.Ok(new Response([.. studies.Select(Evaluate)], isCut));

        StudyItem Evaluate(Study study)
        {
            var plans = RulePlan.Of(rules, offers[study.Id]);
            var noAi = plans.Any(p => p is { Series: not null, Rule.ShadowOf: null })
                ? null
                : RulePlan.Nearest(plans.Where(p => p.Rule.ShadowOf is null && p.Reason is not null).Select(p => p.Reason!));
            return new StudyItem(
                study.StudyInstanceUid,
                study.ArrivedAt,
                study.Version,
                [
                    .. plans.Select(p => new PlanItem(
                        p.Rule.Id == draftId ? null : p.Rule.Id,
                        p.Rule.Name,
                        p.Model.Name,
                        p.Model.Version,
                        p.Lane,
                        p.Rule.ShadowOf is not null,
                        [.. p.Rule.DependsOn.Select(id => names.GetValueOrDefault(id, ""))],
                        p.Series?.SeriesInstanceUid,
                        computed.Contains((study.Id, p.Model.Hash)),
                        p.Reason?.Code,
                        p.Reason?.Reason,
                        [.. p.Further.Select(f => new InputItem(f.Input, f.Series.SeriesInstanceUid, f.Series.Study.Id != study.Id))]))
                ],
                noAi?.Code,
                noAi?.Reason);
        }
    }
}
