using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Usage;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>
/// Publishes queued runs, at most as many as workers have free slots: lane first, then the tenants' fair shares, then deadline.
/// One process does it at a time, the one whose connection holds the advisory lock; a run's row decides should two ever overlap.
/// </summary>
internal sealed partial class Dispatcher(
    RoleConnections connections,
    TenantScope scopes,
    WorkerRegistry workers,
    ManifestWriter manifests,
    Reconciler reconciler,
    ArrivingStudies arriving,
    AuditLog audit,
    TimeProvider clock,
    IOptions<DispatchOptions> options,
    ILogger<Dispatcher> logger) : BackgroundService
{
    private const long LockKey = 0x506C6174_64697370;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>A tenant whose quota is used up is asked again after so long.</summary>
    private static readonly TimeSpan QuotaHolds = TimeSpan.FromSeconds(5);

    private readonly Dictionary<Guid, double> weights = [];
    private readonly Dictionary<Guid, DateTimeOffset> notBefore = [];
    private readonly Dictionary<Guid, DateTimeOffset> overQuota = [];
    private FairShare shares = new(_ => 1);
    private bool isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var leader = await connections.System.OpenConnectionAsync(stoppingToken);
                if (await Sql.ScalarAsync<bool>(leader, "select pg_try_advisory_lock($1)", stoppingToken, LockKey))
                {
                    await LeadAsync(leader, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The database is away, or the connection that held the lock is gone: start over.
                if (!isAway)
                {
                    LogAway(logger, e.GetType().Name, e);
                }

                isAway = true;
            }

            await Task.Delay(RetryAfter, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LeadAsync(NpgsqlConnection leader, CancellationToken ct)
    {
        isAway = false;
        shares = new FairShare(tenant => weights.GetValueOrDefault(tenant, 1));
        LogLeads(logger);
        await Sql.ExecuteAsync(leader, $"listen {RunWork.Channel}", ct);
        await reconciler.RecoverMemoryAsync(leader, ct);
        while (true)
        {
            await RunWork.SettleAsync(leader, ct);
            var live = await reconciler.ReconcileAsync(leader, ct);
            await arriving.PlanAsync(leader, ct);
            if (!await DispatchAsync(leader, FreeSlots(live), ct))
            {
                await leader.WaitAsync(options.Value.Poll, ct);
            }
        }
    }

    private int FreeSlots(IReadOnlyCollection<LiveRun> live)
    {
        var alive = workers.Alive();
        var draining = alive.Where(w => w.IsDraining).SelectMany(w => w.Running).Select(r => r.RunId).ToHashSet();
        return alive.Where(w => !w.IsDraining).Sum(w => w.Slots) - live.Count(l => !draining.Contains(l.RunId));
    }

    /// <summary>False when nothing is left to do until something changes.</summary>
    private async Task<bool> DispatchAsync(NpgsqlConnection leader, int free, CancellationToken ct)
    {
        if (free <= 0)
        {
            return false;
        }

        var now = clock.GetUtcNow();
        var waiting = (await RunWork.ReadQueuedAsync(leader, free + notBefore.Count, ct))
            .Where(run => notBefore.GetValueOrDefault(run.RunId) <= now
                && (run.Lane == Lane.Stat || overQuota.GetValueOrDefault(run.TenantId) <= now))
            .ToList();
        var (dispatched, settled) = (0, 0);
        foreach (var run in InOrder(waiting))
        {
            if (run.Lane != Lane.Stat && overQuota.GetValueOrDefault(run.TenantId) > now)
            {
                continue;
            }

            var outcome = await TryDispatchAsync(leader, run, ct);
            settled += outcome == Outcome.Waits ? 0 : 1;
            if (outcome == Outcome.Dispatched)
            {
                shares.Served(run.TenantId);
                if (++dispatched == free)
                {
                    break;
                }
            }
        }

        // Rows of runs that were no longer queued (cancelled meanwhile) made room for those behind them.
        return settled > 0;
    }

    /// <summary>Lazily, because whom to serve next depends on who was served.</summary>
    private IEnumerable<WaitingRun> InOrder(List<WaitingRun> waiting)
    {
        foreach (var lane in waiting.GroupBy(run => run.Lane).OrderBy(lane => lane.Key))
        {
            var queues = lane.GroupBy(run => run.TenantId).ToDictionary(runs => runs.Key, runs => new Queue<WaitingRun>(runs));
            while (queues.Count > 0)
            {
                var tenant = shares.Next(queues.Keys);
                yield return queues[tenant].Dequeue();
                if (queues[tenant].Count == 0)
                {
                    queues.Remove(tenant);
                }
            }
        }
    }

    private async Task<Outcome> TryDispatchAsync(NpgsqlConnection leader, WaitingRun waiting, CancellationToken ct)
    {
        try
        {
            var outcome = await DispatchRunAsync(waiting, ct);
            if (outcome == Outcome.Waits)
            {
                return outcome;
            }

            // After the commit: the run is no longer queued, or was not when looked at. A queueing since then has its own row.
            await RunWork.RemoveAsync(leader, waiting.Seq, ct);
            notBefore.Remove(waiting.RunId);
            return outcome;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && leader.FullState == System.Data.ConnectionState.Open)
        {
            // One run's trouble (its blobs cannot be written) must not hold up the others.
            notBefore[waiting.RunId] = clock.GetUtcNow() + RetryAfter;
            LogRunWaits(logger, waiting.RunId, e.GetType().Name, e);
            return Outcome.Waits;
        }
    }

    private async Task<Outcome> DispatchRunAsync(WaitingRun waiting, CancellationToken ct)
    {
        // :: Step 1: the manifest blob, outside any transaction.
        var manifest = await manifests.EnsureAsync(waiting.TenantId, waiting.RunId, ct);
        if (manifest is ManifestOutcome.NoLongerQueued)
        {
            return Outcome.Settled;
        }

        // :: Step 2: state, slot and message in one.
        return await scopes.RunAsync(
            waiting.TenantId,
            async (db, token) =>
            {
                var run = await db.LockRunOrShadowAsync(waiting.RunId, token);
                var now = clock.GetUtcNow();
                weights[waiting.TenantId] = await db.Tenants.Select(t => t.Weight).SingleAsync(token);
                if (run?.Lane == Lane.Routine && (await MonthlyQuota.ReadAsync(db, clock, token)).IsUsedUp)
                {
                    overQuota[waiting.TenantId] = now + QuotaHolds;
                    return Outcome.Waits;
                }

                switch (manifest)
                {
                    case ManifestOutcome.Written written when run?.TryDispatch(written.Blob, now) == true:
                        await RunWork.LiveAsync(db, run, now + (options.Value.BeatInterval * WorkerRegistry.BeatsToBeGone), token);
                        await Outbox.SendAsync(
                            db, new RunRequested(run.TenantId, run.Id, written.Blob, run.Lane.ToString()), clock, token);
                        break;

                    case ManifestOutcome.Impossible impossible when run?.TryFail(impossible.Reason.Code, impossible.Reason.Reason, now) == true:
                        break;

                    default:
                        return Outcome.Settled;
                }

                await RunChange.SaveAsync(db, run, audit, "run.dispatch", token);
                return run.Status == RunStatus.Dispatched ? Outcome.Dispatched : Outcome.Settled;
            },
            ct);
    }

    private enum Outcome
    {
        Dispatched,

        /// <summary>It was not queued any more, or cannot be computed: its row is gone.</summary>
        Settled,

        Waits,
    }

    [LoggerMessage(LogLevel.Information, "This process dispatches runs")]
    private static partial void LogLeads(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "Dispatching waits: {Cause}")]
    private static partial void LogAway(ILogger logger, string cause, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {RunId} waits to be dispatched: {Cause}")]
    private static partial void LogRunWaits(ILogger logger, Guid runId, string cause, Exception exception);
}
