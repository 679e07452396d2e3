using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>
/// A RunRequested that the broker gave up delivering: the run is queued again. The broker counts its own restarts too,
/// so this says nothing about the run and never quarantines it.
/// </summary>
internal sealed partial class DeadLetterConsumer(TenantScope scopes, AuditLog audit, TimeProvider clock, ILogger<DeadLetterConsumer> logger)
    : IConsumer<RunRequested>
{
    public Task Consume(ConsumeContext<RunRequested> context) =>
        scopes.RunAsync(context.Message.TenantId, (db, ct) => HandleAsync(db, context.Message, ct), context.CancellationToken);

    private async Task HandleAsync(PlatformDb db, RunRequested message, CancellationToken ct)
    {
        var run = await db.LockRunOrShadowAsync(message.RunId, ct);
        if (run is null || run.Status == RunStatus.Queued || !run.TryRequeue())
        {
            return;
        }

        var now = clock.GetUtcNow();
        var attempts = await db.Attempts.Where(a => a.RunId == run.Id && a.Outcome == null).ToListAsync(ct);
        if (attempts.Count == 0)
        {
            attempts.Add(Attempt.Unclaimed(run, now)); // so that administrators see it
            db.Attempts.AddRange(attempts);
        }

        foreach (var attempt in attempts)
        {
            attempt.TryFinish(AttemptOutcome.Lost, Attempt.DeadLetter, "The broker gave up delivering it; the run was queued again.", now);
        }

        await RunWork.FollowAsync(db, run, ct);
        await RunChange.SaveAsync(db, run, audit, "run.requeue", ct);
        LogRequeued(logger, run.Id);
    }

    [LoggerMessage(LogLevel.Warning, "The broker gave up delivering run {RunId}; it is queued again")]
    private static partial void LogRequeued(ILogger logger, Guid runId);
}
