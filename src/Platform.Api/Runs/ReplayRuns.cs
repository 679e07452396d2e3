using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Runs;

/// <summary>
/// POST /t/{tenant}/runs/replay: an administrator queues runs again that ended without a result: those named, or all that are
/// quarantined. Each stays the same run and gets a further attempt.
/// </summary>
internal static class ReplayRuns
{
    private const int Most = 500;

    /// <param name="RunIds">Null takes the quarantined ones, at most 500 of them.</param>
    public sealed record Request([property: MaxLength(Most)] IReadOnlyList<Guid>? RunIds);

    /// <param name="NotReplayed">Named, and on their way already or with a result.</param>
    public sealed record Response(IReadOnlyList<Guid> Replayed, IReadOnlyList<Guid> NotReplayed);

    public static void MapReplayRuns(this IEndpointRouteBuilder runs) => runs
        .MapPost("replay", Handle)
        .RequireAuthorization(Policy.ManageTenant)
        .WithName(nameof(ReplayRuns))
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        Request request, PlatformDb db, AuditLog audit, CancellationToken ct)
    {
        var ids = request.RunIds?.Distinct().ToList()
            ?? await db.RunsAndShadows.Where(r => r.Status == RunStatus.Quarantined).OrderBy(r => r.Id).Take(Most).Select(r => r.Id).ToListAsync(ct);
        if (request.RunIds is not null && await db.RunsAndShadows.CountAsync(r => ids.Contains(r.Id), ct) < ids.Count)
        {
            return GetRun.NoSuchRun();
        }

        var (replayed, others) = await ReplayAsync(db, ids, _ => true, audit, ct);
        return TypedResults.Ok(new Response(replayed, others));
    }

    /// <summary>Queues those again that have ended without a result and may be. Saves; each is audited.</summary>
    /// <param name="ids">Of this tenant's runs.</param>
    internal static async Task<(List<Guid> Replayed, List<Guid> Others)> ReplayAsync(
        PlatformDb db, IEnumerable<Guid> ids, Func<Run, bool> mayBe, AuditLog audit, CancellationToken ct)
    {
        var (replayed, others) = (new List<Guid>(), new List<Guid>());
        foreach (var id in ids.Order())
        {
            if (await db.LockRunOrShadowAsync(id, ct) is { } run && mayBe(run) && run.TryRetry())
            {
                await RunInputs.AgainAsync(db, run, audit, "run.replay", ct);
                replayed.Add(id);
            }
            else
            {
                others.Add(id);
            }
        }

        return (replayed, others);
    }
}
