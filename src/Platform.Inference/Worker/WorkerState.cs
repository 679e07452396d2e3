using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Platform.Contracts;
using Platform.Inference.Engine;

namespace Platform.Inference.Worker;

/// <summary>What this incarnation of the worker is doing; beats are made of it.</summary>
internal sealed class WorkerState(IOptions<InferenceOptions> options, TimeProvider clock)
{
    private static readonly TimeSpan ProgressPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, Delivery> deliveries = [];
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock counting = new();
    private TimeSpan busy;
    private long lastBeat = clock.GetTimestamp();

    /// <summary>A UUIDv7 made when the process starts.</summary>
    public Guid Id { get; } = Guid.CreateVersion7();

    public string Name => options.Value.Name;

    public bool IsDraining { get; private set; }

    /// <summary>A message has been delivered: it is listed in beats from now on.</summary>
    public Delivery Begin(RunRequested message)
    {
        var delivery = new Delivery(this, message.TenantId, message.RunId, clock.GetTimestamp());
        deliveries[delivery.AttemptId] = delivery;
        Change();
        return delivery;
    }

    /// <summary>The message is about to be acknowledged, or given back.</summary>
    public void End(Delivery delivery)
    {
        if (deliveries.TryRemove(delivery.AttemptId, out _))
        {
            lock (counting)
            {
                busy += clock.GetElapsedTime(Math.Max(delivery.Since, lastBeat));
            }

            delivery.Dispose();
            Change();
        }
    }

    /// <summary>Stops every attempt of a run that is here.</summary>
    public void Cancel(Guid tenantId, Guid runId)
    {
        foreach (var delivery in deliveries.Values.Where(d => d.TenantId == tenantId && d.RunId == runId))
        {
            delivery.Cancel();
        }
    }

    public void Drain()
    {
        IsDraining = true;
        Change();
    }

    /// <summary>True when something has changed, false after the interval; both are reasons for a beat.</summary>
    public async Task<bool> WaitForChangeAsync(TimeSpan interval, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(interval);
        try
        {
            return await changes.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    public WorkerBeat Beat(string device, IReadOnlyList<string> loadedModels, long memoryBytes)
    {
        var running = deliveries.Values.OrderBy(d => d.AttemptId).ToList();
        return new(
            Id, Name, device, options.Value.Places,
            [.. running.Select(d => d.Tell())],
            loadedModels, memoryBytes, Utilisation(running), IsDraining, clock.GetUtcNow());
    }

    /// <summary>Share of the slots' time since the last beat in which they had a run.</summary>
    private double Utilisation(List<Delivery> running)
    {
        lock (counting)
        {
            var elapsed = clock.GetElapsedTime(lastBeat);
            foreach (var delivery in running)
            {
                busy += clock.GetElapsedTime(Math.Max(delivery.Since, lastBeat));
            }

            var share = elapsed <= TimeSpan.Zero ? 0 : busy / elapsed / options.Value.Places;
            (busy, lastBeat) = (TimeSpan.Zero, clock.GetTimestamp());
            return Math.Round(Math.Clamp(share, 0, 1), 3);
        }
    }

    /// <summary>A new phase or another tenth is worth a beat, but never more than one a second for it.</summary>
    private void Advance()
    {
        if (clock.GetElapsedTime(Interlocked.Read(ref lastBeat)) >= ProgressPause)
        {
            Change();
        }
    }

    private void Change() => changes.Writer.TryWrite(true);

    /// <summary>One delivered message and its attempt.</summary>
    public sealed class Delivery(WorkerState worker, Guid tenantId, Guid runId, long since) : IDisposable
    {
        private readonly CancellationTokenSource cancel = new();
        private (string Phase, double Progress) told = ("", 0);

        public Guid TenantId => tenantId;

        public Guid RunId => runId;

        public Guid AttemptId { get; } = Guid.CreateVersion7();

        /// <summary>Timestamp of the delivery.</summary>
        public long Since => since;

        public string Phase { get; private set; } = "Claim";

        public double Progress { get; private set; }

        public CancellationToken Cancelled => cancel.Token;

        /// <summary>How long it has waited for its turn on the device, when it has ended.</summary>
        public TimeSpan Waited { get; set; }

        /// <param name="fraction">0 to 1 within the phase.</param>
        public void Report(RunPhase phase, double fraction)
        {
            (Phase, Progress) = (phase.ToString(), fraction);
            if (Phase != told.Phase || Progress - told.Progress >= 0.1)
            {
                worker.Advance();
            }
        }

        /// <summary>How it stands, for a beat.</summary>
        public RunningRun Tell()
        {
            told = (Phase, Progress);
            return new RunningRun(TenantId, RunId, AttemptId, told.Phase, Math.Round(told.Progress, 2));
        }

        public void Cancel()
        {
            try
            {
                cancel.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended.
            }
        }

        public void Dispose() => cancel.Dispose();
    }
}
