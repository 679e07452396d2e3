using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Runs;

/// <summary>
/// POST /tenants/{slug}/troubled-runs/replay: a platform operator queues runs of one tenant again, those named or all of a cause. The tenant's
/// audit log tells of each, and that an operator did it. What a person of the tenant has stopped stays stopped.
/// </summary>
internal static class ReplayTroubledRuns
{
    private const int Most = 500;

    /// <param name="RunIds">Of this tenant; null where <paramref name="Cause"/> says which.</param>
    /// <param name="Cause">As GET lists it: at most 500 of its runs, the oldest first.</param>
    public sealed record Request([property: MaxLength(Most)] IReadOnlyList<Guid>? RunIds, [property: StringLength(64)] string? Cause);

    /// <param name="NotReplayed">Named, and on their way already, stopped by a person, with a result, or of a withdrawn package.</param>
    public sealed record Response(IReadOnlyList<Guid> Replayed, IReadOnlyList<Guid> NotReplayed);

    public static void MapReplayTroubledRuns(this IEndpointRouteBuilder runs) => runs
        .MapPost("replay", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(ReplayTroubledRuns))
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string slug, Request request, IdentityDb identities, TenantScope scopes, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        if (request is { RunIds: null, Cause: null } or { RunIds: not null, Cause: not null })
        {
            return TypedResults.Problem("Name either the runs or their cause.", statusCode: StatusCodes.Status400BadRequest);
        }

        if (await ListTroubledRuns.TenantIdAsync(identities, slug, ct) is not { } tenantId)
        {
            return ListTroubledRuns.NoSuchTenant();
        }

        // A withdrawn package is taken from everybody: its runs are not begun again.
        var withdrawn = await identities.ModelPackages.Where(p => p.Status == PackageStatus.Withdrawn).Select(p => p.Hash).ToHashSetAsync(ct);

        // One scope of one tenant: a run of another is not there.
        var since = clock.GetUtcNow() - ListTroubledRuns.Span;
        return await scopes.RunAsync(tenantId, (db, token) => ReplayAsync(db, request, since, withdrawn, audit, token), ct) is { } response
            ? TypedResults.Ok(response)
            : GetRun.NoSuchRun();
    }

    /// <summary>Null when it names a run that this tenant does not have.</summary>
    private static async Task<Response?> ReplayAsync(
        PlatformDb db, Request request, DateTimeOffset since, HashSet<string> withdrawn, AuditLog audit, CancellationToken ct)
    {
        var ids = request.RunIds?.Distinct().ToList()
            ?? await ListTroubledRuns.Find(db, since)
                .Where(t => t.CanReplay && t.Cause == request.Cause && !withdrawn.Contains(t.Run.ModelHash))
                .OrderBy(t => t.Run.Id)
                .Take(Most)
                .Select(t => t.Run.Id)
                .ToListAsync(ct);
        if (request.RunIds is not null && await db.RunsAndShadows.CountAsync(r => ids.Contains(r.Id), ct) < ids.Count)
        {
            return null;
        }

        var (replayed, others) = await ReplayRuns.ReplayAsync(db, ids, CanReplay, audit, ct);
        return new Response(replayed, others);

        bool CanReplay(Run run) => ListTroubledRuns.CanReplay(run) && !withdrawn.Contains(run.ModelHash);
    }
}
