using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Runs;

/// <summary>
/// GET /tenants/{slug}/troubled-runs: what a platform operator sees of a tenant's runs that are quarantined, or that the broker gave up in the
/// last week: model, cause and time; no study and no finding. The tenant's audit log tells that an operator looked.
/// </summary>
internal static class ListTroubledRuns
{
    public const int Most = 200;

    public static readonly TimeSpan Span = TimeSpan.FromDays(7);

    /// <param name="Causes">Of all that can be replayed, the most frequent first.</param>
    /// <param name="Runs">The newest first.</param>
    /// <param name="IsCut">There are more than these 200.</param>
    public sealed record Response(IReadOnlyList<CauseItem> Causes, IReadOnlyList<RunItem> Runs, bool IsCut);

    /// <param name="Cause">As POST takes it.</param>
    public sealed record CauseItem(string Cause, int Runs);

    /// <param name="Cause">Why it is quarantined, e.g. <c>signal-11</c>; <c>dead-letter</c> of one that is not.</param>
    /// <param name="At">When it ended; null where it is on its way.</param>
    /// <param name="DeadLetters">How often the broker gave it up in the last week.</param>
    /// <param name="CanReplay">It has ended without a result, and by nobody's wish.</param>
    public sealed record RunItem(
        Guid Id, string Model, string ModelVersion, Lane Lane, RunStatus Status, bool IsShadow, string Cause, DateTimeOffset? At, int DeadLetters, bool CanReplay);

    public static void MapListTroubledRuns(this IEndpointRouteBuilder runs) => runs
        .MapGet("", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(ListTroubledRuns))
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string slug, IdentityDb identities, TenantScope scopes, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        if (await TenantIdAsync(identities, slug, ct) is not { } tenantId)
        {
            return NoSuchTenant();
        }

        await audit.RecordReadAsync(tenantId, "operations.read", "tenant", tenantId.ToString(), ct);
        var since = clock.GetUtcNow() - Span;
        return TypedResults.Ok(await scopes.RunAsync(tenantId, (db, token) => ReadAsync(db, since, token), ct));
    }

    internal static Task<Guid?> TenantIdAsync(IdentityDb identities, string slug, CancellationToken ct) =>
        identities.TenantNames.Where(t => t.Slug == slug).Select(t => (Guid?)t.Id).SingleOrDefaultAsync(ct);

    internal static ProblemHttpResult NoSuchTenant() => TypedResults.Problem(
        "No such tenant. GET /operations names those with runs that went wrong.", statusCode: StatusCodes.Status404NotFound);

    internal static bool CanReplay(Run run) => run is { Status: RunStatus.Failed or RunStatus.Quarantined, SupersededBy: null };

    /// <summary>Quarantined, or given up by the broker since.</summary>
    internal static IQueryable<Troubled> Find(PlatformDb db, DateTimeOffset since) => db.RunsAndShadows
        .Where(r => r.Status == RunStatus.Quarantined
            || db.Attempts.Any(a => a.RunId == r.Id && a.ReasonCode == Attempt.DeadLetter && a.FinishedAt >= since))
        .Select(r => new Troubled
        {
            Run = r,
            Cause = r.Status == RunStatus.Quarantined ? r.ReasonCode ?? "crashed" : Attempt.DeadLetter,
            CanReplay = (r.Status == RunStatus.Failed || r.Status == RunStatus.Quarantined) && r.SupersededBy == null,
        });

    private static async Task<Response> ReadAsync(PlatformDb db, DateTimeOffset since, CancellationToken ct)
    {
        var causes = await Find(db, since).Where(t => t.CanReplay)
            .GroupBy(t => t.Cause)
            .Select(g => new { Cause = g.Key, Runs = g.Count() })
            .OrderByDescending(c => c.Runs).ThenBy(c => c.Cause)
            .ToListAsync(ct);
        var found = await Find(db, since).AsNoTracking()
            .OrderByDescending(t => t.Run.Id)
            .Take(Most + 1)
            .Join(db.AiModels, t => t.Run.ModelId, m => m.Id, (troubled, model) => new
            {
                troubled.Run,
                troubled.Cause,
                troubled.CanReplay,
                model.Name,
                model.Version,
                DeadLetters = db.Attempts.Count(a => a.RunId == troubled.Run.Id && a.ReasonCode == Attempt.DeadLetter && a.FinishedAt >= since),
            })
            .OrderByDescending(t => t.Run.Id)
            .ToListAsync(ct);
        return new Response(
            [.. causes.Select(c => new CauseItem(c.Cause, c.Runs))],
            [
                .. found.Take(Most).Select(t => new RunItem(
                    t.Run.Id, t.Name, t.Version, t.Run.Lane, t.Run.Status, t.Run.IsShadow, t.Cause, t.Run.FinishedAt, t.DeadLetters, t.CanReplay))
            ],
            found.Count > Most);
    }

    /// <summary>What became of a run, and why it is listed.</summary>
    internal sealed class Troubled
    {
        public required Run Run { get; init; }
        public required string Cause { get; init; }
        public required bool CanReplay { get; init; }
    }
}
