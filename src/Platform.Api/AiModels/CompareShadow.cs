using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>GET /t/{tenant}/rules/{id}/comparison: a shadow rule's findings beside its champion's, on the studies that both have computed.</summary>
internal static class CompareShadow
{
    private const int MostStudies = 500;
    private const int DefaultDays = 30;

    /// <param name="Studies">On which both have their result; at most the newest 500.</param>
    /// <param name="OnlyChampion">Studies on which only the champion has its result: the challenger's run failed, or is still to come.</param>
    /// <param name="Agreement">0 to 1: findings that have a counterpart, of all; null where neither found anything.</param>
    public sealed record Response(
        int Studies, int OnlyChampion, double? Agreement, IReadOnlyList<FindingComparison.ConceptAgreement> Concepts, IReadOnlyList<StudyItem> Compared);

    public sealed record StudyItem(
        string StudyInstanceUid, int StudyVersion, Guid ChampionRunId, Guid ChallengerRunId, int ChampionFindings, int ChallengerFindings, double? Agreement);

    public static void MapCompareShadow(this IEndpointRouteBuilder rules) => rules
        .MapGet("{id}/comparison", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(CompareShadow))
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string id, [Range(1, 366)] int? days, PlatformDb db, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var ruleId) || await db.Rules.AsNoTracking().SingleOrDefaultAsync(r => r.Id == ruleId, ct) is not { } rule)
        {
            return RuleAnswer.NoSuchRule();
        }

        if (rule.ShadowOf is not { } championId)
        {
            return TypedResults.Problem("This rule is no shadow: there is nothing to compare it with.", statusCode: StatusCodes.Status409Conflict);
        }

        // :: Step 1: the runs of both rules on the same study versions.
        var since = clock.GetUtcNow() - TimeSpan.FromDays(days ?? DefaultDays);
        var champions = await db.Runs.AsNoTracking()
            .Where(r => r.RuleId == championId && !r.IsProvisional && r.Status == RunStatus.Succeeded && r.CreatedAt >= since)
            .OrderByDescending(r => r.Id)
            .Take(MostStudies)
            .Join(db.Studies, r => r.StudyId, s => s.Id, (run, study) => new { Run = run, study.StudyInstanceUid })
            .ToListAsync(ct);
        var studies = champions.ConvertAll(c => c.Run.StudyId);
        var challengers = await db.RunsAndShadows.AsNoTracking()
            .Where(r => r.RuleId == ruleId && r.IsShadow && r.Status == RunStatus.Succeeded && studies.Contains(r.StudyId))
            .ToDictionaryAsync(r => (r.StudyId, r.StudyVersion), r => r.Id, ct);
        var pairs = champions
            .Where(c => challengers.ContainsKey((c.Run.StudyId, c.Run.StudyVersion)))
            .Select(c => (c.StudyInstanceUid, c.Run.StudyVersion, Champion: c.Run.Id, Challenger: challengers[(c.Run.StudyId, c.Run.StudyVersion)]))
            .ToList();

        // :: Step 2: their findings, compared study by study.
        var (shown, hidden) = (pairs.ConvertAll(p => p.Champion), pairs.ConvertAll(p => p.Challenger));
        var ofChampions = (await db.Findings.AsNoTracking().Where(f => shown.Contains(f.RunId)).OrderBy(f => f.Ordinal).ToListAsync(ct))
            .ToLookup(f => f.RunId, f => f.Read());
        var ofChallengers = (await db.ShadowFindings.AsNoTracking().Where(f => hidden.Contains(f.RunId)).OrderBy(f => f.Ordinal).ToListAsync(ct))
            .ToLookup(f => f.RunId, f => f.Read());
        var compared = pairs.ConvertAll(p => (Pair: p, Result: FindingComparison.Compare([.. ofChampions[p.Champion]], [.. ofChallengers[p.Challenger]])));

        await audit.RecordReadAsync(db.TenantId, "rule.compare", "rule", rule.Id.ToString(), ct);
        var concepts = FindingComparison.Sum(compared.SelectMany(c => c.Result));
        return TypedResults.Ok(new Response(
            pairs.Count,
            champions.Count - pairs.Count,
            FindingComparison.AgreementOf(concepts),
            concepts,
            [
                .. compared.Select(c => new StudyItem(
                    c.Pair.StudyInstanceUid,
                    c.Pair.StudyVersion,
                    c.Pair.Champion,
                    c.Pair.Challenger,
                    ofChampions[c.Pair.Champion].Count(),
                    ofChallengers[c.Pair.Challenger].Count(),
                    FindingComparison.AgreementOf(c.Result)))
            ]));
    }
}
