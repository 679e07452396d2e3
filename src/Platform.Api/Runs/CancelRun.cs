using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>POST /t/{tenant}/runs/{id}/cancel: stops a run that has not ended; a worker that computes it is told.</summary>
internal static class CancelRun
{
    public sealed record Response(Guid Id, RunStatus Status);

    public static void MapCancelRun(this IEndpointRouteBuilder runs) => runs
        .MapPost("{id}/cancel", Handle)
        .RequireAuthorization(Policy.StartRuns)
        .WithName(nameof(CancelRun))
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string id, PlatformDb db, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var run = Guid.TryParse(id, out var runId) ? await db.LockRunAsync(runId, ct) : null;
        if (run is null)
        {
            return GetRun.NoSuchRun();
        }

        var mayCompute = run.Status is RunStatus.Dispatched or RunStatus.Running;
        if (run.TryCancel(clock.GetUtcNow()))
        {
            if (mayCompute)
            {
                await Outbox.SendAsync(db, new CancelRequested(run.TenantId, run.Id), clock, ct);
            }

            await RunWork.FollowAsync(db, run, ct);
            await RunChange.SaveAsync(db, run, audit, "run.cancel", ct);
        }
        else if (run.Status != RunStatus.Cancelled)
        {
            return TypedResults.Problem(
                $"The run is {run.Status} and cannot be cancelled any more.", statusCode: StatusCodes.Status409Conflict);
        }

        return TypedResults.Ok(new Response(run.Id, run.Status));
    }
}
