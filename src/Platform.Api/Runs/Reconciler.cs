using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Hosting.Bus;

namespace Platform.Api.Runs;

/// <summary>
/// Finds runs that hold a slot and that no worker knows, and queues them again. While no beats arrive it waits:
/// then the broker is away, not the runs. A run queued once too often costs a computation; its second result is dropped.
/// </summary>
internal sealed partial class Reconciler(
    TenantScope scopes,
    WorkerRegistry workers,
    AuditLog audit,
    TimeProvider clock,
    IOptions<DispatchOptions> options,
    IOptions<BusOptions> bus,
    ILogger<Reconciler> logger)
{
    private DateTimeOffset lookedAt;
    private bool hasRecovered;

    /// <summary>Once in a process: messages in memory died with the process before this one.</summary>
    public async Task RecoverMemoryAsync(NpgsqlConnection leader, CancellationToken ct)
    {
        if (hasRecovered || bus.Value.Transport != BusTransport.InMemory)
        {
            return;
        }

        foreach (var live in await RunWork.ReadLiveAsync(leader, ct))
        {
            await RequeueAsync(leader, live, _ => true, ct);
        }

        hasRecovered = true;
    }

    /// <summary>The runs that hold a slot now.</summary>
    public async Task<IReadOnlyCollection<LiveRun>> ReconcileAsync(NpgsqlConnection leader, CancellationToken ct)
    {
        var live = await RunWork.ReadLiveAsync(leader, ct);
        var now = clock.GetUtcNow();
        if (now - lookedAt < options.Value.BeatInterval || workers.BeatingSince() is not { } beatingSince)
        {
            return live;
        }

        lookedAt = now;
        var grace = options.Value.BeatInterval * WorkerRegistry.BeatsToBeGone;
        var listed = workers.Alive().SelectMany(w => w.Running).Select(r => r.RunId).ToHashSet();
        foreach (var run in live.Where(l => !listed.Contains(l.RunId) && l.ClaimBy <= now && now - beatingSince >= grace))
        {
            var unseenSince = workers.LastListed(run.RunId) is { } at && at > beatingSince ? at : beatingSince;
            await RequeueAsync(leader, run, status => status == RunStatus.Dispatched || now - unseenSince >= options.Value.LostAfter, ct);
        }

        return live;
    }

    private async Task RequeueAsync(NpgsqlConnection leader, LiveRun live, Func<RunStatus, bool> isLost, CancellationToken ct)
    {
        var isSettled = await scopes.RunAsync(
            live.TenantId,
            async (db, token) =>
            {
                var run = await db.LockRunOrShadowAsync(live.RunId, token);
                if (run is null || run.IsTerminal || run.Status == RunStatus.Queued)
                {
                    return true;
                }

                if (!isLost(run.Status) || !run.TryRequeue())
                {
                    return false;
                }

                foreach (var attempt in await db.Attempts.Where(a => a.RunId == run.Id && a.Outcome == null).ToListAsync(token))
                {
                    attempt.TryFinish(AttemptOutcome.Lost, "worker-lost", "Its worker is gone; the run was queued again.", clock.GetUtcNow());
                }

                await RunWork.QueuedAsync(db, run, token);
                await RunChange.SaveAsync(db, run, audit, "run.requeue", token);
                LogRequeued(logger, run.Id);
                return true;
            },
            ct);
        if (isSettled)
        {
            await RunWork.RemoveAsync(leader, live.Seq, ct);
        }
    }

    [LoggerMessage(LogLevel.Warning, "No worker knows run {RunId}; it is queued again")]
    private static partial void LogRequeued(ILogger logger, Guid runId);
}
