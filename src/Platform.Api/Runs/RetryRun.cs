using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Runs;

/// <summary>POST /t/{tenant}/runs/{id}/retry: queues a failed, cancelled or quarantined run again; it stays the same run.</summary>
internal static class RetryRun
{
    public sealed record Response(Guid Id, RunStatus Status);

    public static void MapRetryRun(this IEndpointRouteBuilder runs) => runs
        .MapPost("{id}/retry", Handle)
        .RequireAuthorization(Policy.StartRuns)
        .WithName(nameof(RetryRun))
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Accepted<Response>, ProblemHttpResult>> Handle(
        string id, CurrentTenant tenant, PlatformDb db, AuditLog audit, CancellationToken ct)
    {
        var run = Guid.TryParse(id, out var runId) ? await db.LockRunAsync(runId, ct) : null;
        if (run is null)
        {
            return GetRun.NoSuchRun();
        }

        if (!run.TryRetry())
        {
            return TypedResults.Problem(
                run.Status == RunStatus.Succeeded
                    ? "The run has its result. Start one with other parameters, or of another model version, for another result."
                    : $"The run is {run.Status}: it is on its way already.",
                statusCode: StatusCodes.Status409Conflict);
        }

        await RunInputs.AgainAsync(db, run, audit, "run.retry", ct);
        return TypedResults.Accepted($"/t/{tenant.Slug}/runs/{run.Id}", new Response(run.Id, run.Status));
    }
}
