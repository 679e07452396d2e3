using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;

namespace Platform.Inference.Worker;

/// <summary>
/// One warm compute child for each place: for each slot, in which a run may infer, and for those ahead, which take turns with them on the same
/// device. A child that died is replaced when its place is next used.
/// </summary>
internal sealed partial class ComputeSlots(
    IOptions<InferenceOptions> options, IOptions<BlobOptions> blobs, ILogger<ComputeSlots> logger) : IHostedLifecycleService, IDisposable
{
    private readonly List<ComputeChild> idle = []; // locked for each use
    private readonly ConcurrentDictionary<ComputeChild, int?> children = [];
    private readonly ConcurrentDictionary<string, bool> verified = [];
    private readonly ConcurrentDictionary<int, ComputeTurns> turns = []; // of each GPU; of a device without a number under −1
    private readonly SemaphoreSlim starting = new(1);

    /// <summary>Execution provider and device class; the CPU's until a child has said otherwise.</summary>
    public string Device { get; private set; } = Engine.Device.Cpu.Name;

    /// <summary>Whether the last attempt to start a child worked; null before the first.</summary>
    public bool? CanCompute { get; private set; }

    public IReadOnlyList<string> LoadedModels => [.. children.Keys.SelectMany(c => c.LoadedModels).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Resident memory of this process and its children.</summary>
    public long MemoryBytes => Environment.WorkingSet + children.Keys.Sum(c => c.MemoryBytes);

    /// <summary>Computes an attempt in a child.</summary>
    /// <exception cref="ChildCrashedException">The child died, or was killed for its time or memory.</exception>
    public async Task<ComputeAnswer> ComputeAsync(RunManifest manifest, WorkerState.Delivery delivery, CancellationToken abandoned)
    {
        var child = await TakeAsync(abandoned);
        try
        {
            using var giveUp = abandoned.Register(() => Remove(child));
            var isAhead = options.Value.Ahead > 0;
            var answer = await child.ComputeAsync(
                new ComputeRequest(delivery.AttemptId, manifest, verified.ContainsKey(manifest.Model.Hash), isAhead),
                Shorter(TimeSpan.FromSeconds(manifest.TimeLimitSeconds), options.Value.TimeLimit),
                options.Value.MemoryLimitMiB > 0 ? (long)options.Value.MemoryLimitMiB << 20 : long.MaxValue,
                report => delivery.Report(report.Phase, report.Fraction),
                delivery.Cancelled,
                isAhead ? TurnsOf(child) : null);
            foreach (var model in answer.LoadedModels)
            {
                verified[model] = true;
            }

            return answer;
        }
        finally
        {
            delivery.Waited = child.Waited;
            if (child.IsUsable)
            {
                PutBack(child);
            }
            else
            {
                Remove(child);
            }
        }
    }

    /// <summary>Warms a child for each place; a failure is only logged, since each run tries again.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = Task.Run(
            async () =>
            {
                try
                {
                    for (var i = 0; i < options.Value.Places; i++)
                    {
                        await WarmAsync(cancellationToken);
                    }
                }
                catch (Exception e)
                {
                    LogNoChild(logger, e);
                }
            },
            cancellationToken);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After everything has stopped, the bus too, wherever in the order it stands: no run is left.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        foreach (var child in children.Keys)
        {
            Remove(child);
        }

        starting.Dispose();
    }

    private async Task WarmAsync(CancellationToken ct)
    {
        await starting.WaitAsync(ct);
        try
        {
            if (children.Count < options.Value.Places)
            {
                PutBack(await StartChildAsync(ct));
            }
        }
        finally
        {
            starting.Release();
        }
    }

#pragma warning disable CA2000 // A child belongs to the dictionary of children, not to whoever takes it.
    private async Task<ComputeChild> TakeAsync(CancellationToken ct)
    {
        if (TryTake(out var warm))
        {
            return warm;
        }

        // One at a time: the child that is just being warmed may be the one.
        await starting.WaitAsync(ct);
        try
        {
            return TryTake(out var warmed) ? warmed : await StartChildAsync(ct);
        }
        finally
        {
            starting.Release();
        }
    }

#pragma warning restore CA2000

    private void PutBack(ComputeChild child)
    {
        lock (idle)
        {
            idle.Add(child);
        }
    }

    /// <summary>The child used last, of a GPU on which the fewest others have a run.</summary>
    private bool TryTake([NotNullWhen(true)] out ComputeChild? child)
    {
        lock (idle)
        {
            foreach (var dead in idle.Where(c => !c.IsUsable || c.HasExited).ToList())
            {
                idle.Remove(dead);
                Remove(dead);
            }

            child = idle.AsEnumerable().Reverse().MinBy(c => children.Count(other => other.Value == GpuOf(c) && !idle.Contains(other.Key)));
            return child is not null && idle.Remove(child);
        }
    }

    private int? GpuOf(ComputeChild child) => children.GetValueOrDefault(child);

    /// <summary>The slots are shared out among the GPUs; on each the runs of its children take turns.</summary>
    private ComputeTurns TurnsOf(ComputeChild child)
    {
        var gpus = options.Value.Gpus.Distinct().ToList();
        return turns.GetOrAdd(GpuOf(child) ?? -1, gpu =>
        {
            var place = gpus.IndexOf(gpu);
            return new(place < 0 ? options.Value.Slots : Math.Max(1, (options.Value.Slots + gpus.Count - 1 - place) / gpus.Count));
        });
    }

    private async Task<ComputeChild> StartChildAsync(CancellationToken ct)
    {
        try
        {
            var scratch = Path.Combine(options.Value.ScratchPath ?? Path.GetTempPath(), $"platform-compute-{Guid.CreateVersion7():N}");
            var setup = new ChildSetup(
                blobs.Value, options.Value.ExecutionProvider, options.Value.ExecutionProviderLibrary, options.Value.ThreadsPerSlot, scratch,
                options.Value.SessionPolicy);
            var gpu = NextGpu(options.Value.Gpus, [.. children.Values]);
            var child = await ComputeChild.StartAsync(options.Value.ChildCommand, setup, ct, gpu: gpu);
            children[child] = gpu;
            (Device, CanCompute) = (child.Device, true);
            LogStarted(logger, child.ProcessId, child.Device, options.Value.ThreadsPerSlot);
            return child;
        }
        catch (Exception) when (!ct.IsCancellationRequested)
        {
            CanCompute = false;
            throw;
        }
    }

    /// <summary>The GPU with the fewest children, so that one that lost its child gets the next; null where none is named.</summary>
    internal static int? NextGpu(IEnumerable<int> gpus, IReadOnlyCollection<int?> taken) =>
        gpus.Distinct().Cast<int?>().MinBy(gpu => taken.Count(t => t == gpu));

    private void Remove(ComputeChild child)
    {
        if (children.TryRemove(child, out _))
        {
            child.Dispose();
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    [LoggerMessage(LogLevel.Information, "Compute child {ProcessId} is ready on {Device} with {Threads} thread(s)")]
    private static partial void LogStarted(ILogger logger, int processId, string device, int threads);

    [LoggerMessage(LogLevel.Error, "No compute child can be started; each run tries again")]
    private static partial void LogNoChild(ILogger logger, Exception exception);
}
