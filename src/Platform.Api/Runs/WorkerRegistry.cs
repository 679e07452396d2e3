using Microsoft.Extensions.Options;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>The workers that beat, as this process has heard them. A worker unseen for three beats is gone.</summary>
internal sealed class WorkerRegistry(TimeProvider clock, IOptions<DispatchOptions> options)
{
    public const int BeatsToBeGone = 3;

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, (WorkerBeat Beat, DateTimeOffset HeardAt)> workers = [];
    private readonly Dictionary<Guid, DateTimeOffset> lastListed = [];
    private readonly Dictionary<Guid, (RunningRun Run, DateTimeOffset At)> running = [];
    private DateTimeOffset? beatingSince;
    private DateTimeOffset lastHeard;

    private TimeSpan GoneAfter => options.Value.BeatInterval * BeatsToBeGone;

    /// <returns>The runs that have advanced since they were last heard of.</returns>
    public IReadOnlyList<RunningRun> Heard(WorkerBeat beat)
    {
        var now = clock.GetUtcNow();
        var advanced = new List<RunningRun>();
        lock (gate)
        {
            if (beatingSince is null || now - lastHeard > GoneAfter)
            {
                beatingSince = now;
            }

            lastHeard = now;
            workers[beat.WorkerId] = (beat, now);
            foreach (var run in beat.Running)
            {
                lastListed[run.RunId] = now;
                if (!running.TryGetValue(run.RunId, out var known) || known.Run != run)
                {
                    advanced.Add(run);
                }

                running[run.RunId] = (run, now);
            }

            Forget(now);
        }

        return advanced;
    }

    /// <summary>How far the run is by its worker's last beat; null when no living worker has it.</summary>
    public RunningRun? ProgressOf(Run run)
    {
        if (run.Status is not (RunStatus.Dispatched or RunStatus.Running))
        {
            return null;
        }

        lock (gate)
        {
            return running.TryGetValue(run.Id, out var known) && known.Run.TenantId == run.TenantId
                && clock.GetUtcNow() - known.At <= GoneAfter
                    ? known.Run
                    : null;
        }
    }

    public IReadOnlyList<WorkerBeat> Alive()
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            return [.. workers.Values.Where(w => now - w.HeardAt <= GoneAfter).Select(w => w.Beat)];
        }
    }

    /// <summary>Since when beats have arrived without a pause; null while none arrive, which says nothing about the runs.</summary>
    public DateTimeOffset? BeatingSince()
    {
        lock (gate)
        {
            return clock.GetUtcNow() - lastHeard <= GoneAfter ? beatingSince : null;
        }
    }

    /// <summary>When a beat last listed the run; null when none has since this process started.</summary>
    public DateTimeOffset? LastListed(Guid runId)
    {
        lock (gate)
        {
            return lastListed.TryGetValue(runId, out var at) ? at : null;
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var id in workers.Where(w => now - w.Value.HeardAt > GoneAfter).Select(w => w.Key).ToList())
        {
            workers.Remove(id);
        }

        foreach (var id in running.Where(r => now - r.Value.At > GoneAfter).Select(r => r.Key).ToList())
        {
            running.Remove(id);
        }

        if (lastListed.Count > 4096)
        {
            foreach (var id in lastListed.Where(r => now - r.Value > TimeSpan.FromHours(1)).Select(r => r.Key).ToList())
            {
                lastListed.Remove(id);
            }
        }
    }
}
