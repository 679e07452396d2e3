using MassTransit;
using Microsoft.Extensions.Options;

namespace Platform.Inference.Worker;

/// <summary>Says every five seconds, and at once when a slot fills or frees, what the worker has; never waits for a broker that is away.</summary>
internal sealed partial class WorkerBeats(
    WorkerState worker, ComputeSlots slots, GpuQuery gpus, IBusControl bus, IOptions<InferenceOptions> options, IHostApplicationLifetime lifetime,
    ILogger<WorkerBeats> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private bool isMissed;
    private Task beating = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(worker.Drain);
        beating = Task.Run(BeatAlwaysAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before anything stops: the bus must still be there to say that the worker leaves.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        worker.Drain();
        await BeatAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After everything has stopped: while the bus finishes its runs, beats must go on.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await stop.CancelAsync();
        await beating;
    }

    public void Dispose() => stop.Dispose();

    private async Task BeatAlwaysAsync()
    {
        try
        {
            while (true)
            {
                await BeatAsync(stop.Token);
                await worker.WaitForChangeAsync(options.Value.BeatInterval, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The host has stopped.
        }
    }

    private async Task BeatAsync(CancellationToken ct)
    {
        if (bus.CheckHealth().Status == BusHealthStatus.Unhealthy)
        {
            return; // nobody would hear it, and the bus logs each vain attempt as an error
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Value.BeatInterval);
        try
        {
            await bus.Publish(worker.Beat(slots.Device, slots.LoadedModels, slots.MemoryBytes) with { Gpus = gpus.Latest() }, limit.Token);
            isMissed = false;
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // The host stops; what the bus makes of a cancelled beat differs.
        }
        catch (Exception e)
        {
            if (!isMissed)
            {
                LogMissed(logger, e.GetType().Name);
            }

            isMissed = true;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Beats do not reach the broker: {Cause}")]
    private static partial void LogMissed(ILogger logger, string cause);
}
