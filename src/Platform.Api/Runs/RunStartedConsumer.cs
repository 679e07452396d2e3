using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>RunStarted: a worker has claimed a delivery. It may come twice, and after the attempt's end.</summary>
internal sealed partial class RunStartedConsumer(
    TenantScope scopes, WorkerRegistry workers, AuditLog audit, TimeProvider clock, ILogger<RunStartedConsumer> logger) : IConsumer<RunStarted>
{
    public Task Consume(ConsumeContext<RunStarted> context)
    {
        var message = context.Message;
        return scopes.RunAsync(message.TenantId, (db, ct) => HandleAsync(db, message, ct), context.CancellationToken);
    }

    private async Task HandleAsync(PlatformDb db, RunStarted message, CancellationToken ct)
    {
        var run = await db.LockRunOrShadowAsync(message.RunId, ct);
        if (run is null)
        {
            LogUnknown(logger, message.RunId);
            return;
        }

        if (!await Inbox.TryReceiveAsync(db, nameof(RunStarted), message.AttemptId, clock, ct))
        {
            return;
        }

        var attempts = await db.Attempts.Where(a => a.RunId == run.Id).ToListAsync(ct);
        if (attempts.Find(a => a.Id == message.AttemptId) is { } early)
        {
            early.StartedLate(message);
        }
        else
        {
            db.Attempts.Add(Attempt.Started(message));
            MarkLost(attempts);
            run.TryStart(message.StartedAt);
        }

        await RunChange.SaveAsync(db, run, audit, "run.start", ct);
    }

    /// <summary>The broker delivers again when a worker has gone: its attempt, which no beat lists, ends here.</summary>
    private void MarkLost(List<Attempt> attempts)
    {
        var listed = workers.Alive().SelectMany(w => w.Running).Select(r => r.AttemptId).ToHashSet();
        foreach (var attempt in attempts.Where(a => a.Outcome is null && !listed.Contains(a.Id)))
        {
            attempt.TryFinish(AttemptOutcome.Lost, "worker-lost", "Its worker is gone; another took the run.", clock.GetUtcNow());
        }
    }

    [LoggerMessage(LogLevel.Warning, "RunStarted names run {RunId}, which its tenant does not have; dropped")]
    private static partial void LogUnknown(ILogger logger, Guid runId);
}
