using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>GET /t/{tenant}/runs/{id}: a run with its attempts and findings.</summary>
internal static class GetRun
{
    /// <param name="Inputs">Runs whose results it needs.</param>
    /// <param name="Series">Of a model that takes several; empty of one that takes one.</param>
    public sealed record Response(
        Guid Id,
        string StudyUid,
        int StudyVersion,
        string Model,
        string ModelVersion,
        string ModelHash,
        IReadOnlyDictionary<string, string> Parameters,
        Lane Lane,
        DateTimeOffset Deadline,
        RunStatus Status,
        DateTimeOffset CreatedAt,
        DateTimeOffset? DispatchedAt,
        DateTimeOffset? StartedAt,
        DateTimeOffset? FinishedAt,
        string? Phase,
        double? Progress,
        int Crashes,
        string? ResultHash,
        string? ReasonCode,
        string? Reason,
        Guid? WinningAttemptId,
        Guid? RuleId,
        IReadOnlyList<Guid> Inputs,
        IReadOnlyList<InputSeries> Series,
        bool IsProvisional,
        Guid? SupersededBy,
        IReadOnlyList<AttemptResponse> Attempts,
        IReadOnlyList<Finding> Findings);

    public sealed record AttemptResponse(
        Guid Id,
        string? Worker,
        DateTimeOffset? StartedAt,
        DateTimeOffset? FinishedAt,
        AttemptOutcome? Outcome,
        string? ReasonCode,
        string? Reason);

    public static void MapGetRun(this IEndpointRouteBuilder runs) => runs
        .MapGet("{id}", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithName(nameof(GetRun))
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string id, PlatformDb db, AuditLog audit, WorkerRegistry workers, TimeProvider clock, CancellationToken ct)
    {
        var found = Guid.TryParse(id, out var runId)
            ? await db.Runs.AsNoTracking()
                .Where(r => r.Id == runId)
                .Join(db.Studies, r => r.StudyId, s => s.Id, (run, study) => new { run, study.StudyInstanceUid })
                .Join(db.AiModels, r => r.run.ModelId, m => m.Id, (r, model) => new { r.run, r.StudyInstanceUid, model.Name, model.Version })
                .SingleOrDefaultAsync(ct)
            : null;
        if (found is null)
        {
            return NoSuchRun();
        }

        var attempts = await db.Attempts.AsNoTracking().Where(a => a.RunId == runId).OrderBy(a => a.Id).ToListAsync(ct);
        var findings = await db.Findings.AsNoTracking().Where(f => f.RunId == runId).OrderBy(f => f.Ordinal).ToListAsync(ct);
        await audit.RecordReadAsync(db.TenantId, "run.read", "run", runId.ToString(), ct);

        var run = found.run;
        var progress = workers.ProgressOf(run);
        var series = await InputSeries.ReadAsync(db, [run], ct);
        var (reasonCode, reason) = await WaitReason.OfAsync(db, run, clock, ct);
        return TypedResults.Ok(new Response(
            run.Id,
            found.StudyInstanceUid,
            run.StudyVersion,
            found.Name,
            found.Version,
            run.ModelHash,
            run.ReadParameters(),
            run.Lane,
            run.Deadline,
            run.Status,
            run.CreatedAt,
            run.DispatchedAt,
            run.StartedAt,
            run.FinishedAt,
            progress?.Phase,
            progress?.Progress,
            run.Crashes,
            run.ResultHash,
            reasonCode,
            reason,
            run.WinningAttemptId,
            run.RuleId,
            run.Inputs,
            [.. series[run.Id]],
            run.IsProvisional,
            run.SupersededBy,
            [.. attempts.Select(a => new AttemptResponse(a.Id, a.WorkerName, a.StartedAt, a.FinishedAt, a.Outcome, a.ReasonCode, a.Reason))],
            [.. findings.Select(f => f.Read())]));
    }

    internal static ProblemHttpResult NoSuchRun() => TypedResults.Problem("No such run.", statusCode: StatusCodes.Status404NotFound);
}
