using System.Text.Json;
using MassTransit;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;
using Platform.Inference.Child;

namespace Platform.Inference.Worker;

/// <summary>
/// Computes one delivered run. :: 1 read the manifest, :: 2 publish RunStarted and have it confirmed, :: 3 compute in a child,
/// :: 4 publish RunFinished; then the message is acknowledged. What the input is to blame for is a RunFinished;
/// only lost infrastructure throws, and the broker delivers again, here or elsewhere.
/// </summary>
internal sealed partial class RunRequestedConsumer(
    BlobStore blobs, WorkerState worker, ComputeSlots slots, IBus bus, TimeProvider clock, ILogger<RunRequestedConsumer> logger)
    : IConsumer<RunRequested>
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(2);

    public async Task Consume(ConsumeContext<RunRequested> context)
    {
        var message = context.Message;
        var ct = context.CancellationToken;
        var delivery = worker.Begin(message);
        try
        {
            // :: Step 1
            var (manifest, refusal) = await ReadManifestAsync(message, ct);

            // :: Step 2
            var startedAt = clock.GetUtcNow();
            await PublishAsync(
                new RunStarted(message.TenantId, message.RunId, delivery.AttemptId, worker.Id, worker.Name, startedAt), ct);
            LogStarted(logger, message.RunId, delivery.AttemptId, message.Lane);

            // :: Step 3
            var finished = refusal is null ? await ComputeAsync(manifest!, delivery, ct) : Finished(delivery, RunOutcome.Failed, refusal);

            // :: Step 4
            await PublishAsync(finished, ct);
            var seconds = (clock.GetUtcNow() - startedAt).TotalSeconds;
            LogFinished(logger, message.RunId, delivery.AttemptId, finished.Outcome, finished.ReasonCode ?? "", seconds);
        }
        finally
        {
            worker.End(delivery);
        }
    }

    private async Task<RunFinished> ComputeAsync(RunManifest manifest, WorkerState.Delivery delivery, CancellationToken ct)
    {
        var since = clock.GetTimestamp();
        var finished = await ComputeInChildAsync(manifest, delivery, ct);
        return finished with { ComputeSeconds = (clock.GetElapsedTime(since) - delivery.Waited).TotalSeconds, Device = slots.Device };
    }

    private async Task<RunFinished> ComputeInChildAsync(RunManifest manifest, WorkerState.Delivery delivery, CancellationToken ct)
    {
        try
        {
            var answer = await slots.ComputeAsync(manifest, delivery, ct);
            return answer.Outcome switch
            {
                ComputeOutcome.Succeeded => Finished(delivery, RunOutcome.Succeeded, null) with
                {
                    ResultBlob = answer.ResultBlob,
                    ResultSha256 = answer.ResultSha256,
                },
                ComputeOutcome.Refused => Finished(delivery, RunOutcome.Failed, new Refusal(answer.ReasonCode!, answer.Reason!)),
                ComputeOutcome.Cancelled => Finished(delivery, RunOutcome.Cancelled, new Refusal(answer.ReasonCode!, answer.Reason!)),
                _ => throw new IOException($"The blob store cannot be used ({answer.Reason})."),
            };
        }
        catch (ChildCrashedException e)
        {
            // The worker is stopping and gives the run back: the child was killed for that.
            ct.ThrowIfCancellationRequested();
            return Finished(delivery, RunOutcome.Crashed, new Refusal(e.Code, e.Message));
        }
    }

    private async Task<(RunManifest? Manifest, Refusal? Refusal)> ReadManifestAsync(RunRequested message, CancellationToken ct)
    {
        if (message.ManifestBlob != BlobNames.Manifest(message.TenantId, message.RunId))
        {
            return (null, Mismatch);
        }

        await using var blob = await blobs.OpenReadAsync(message.ManifestBlob, ct);
        if (blob is null)
        {
            return (null, new("manifest-missing", "The run's manifest is gone from the blob store; start the run again."));
        }

        try
        {
            var manifest = await JsonSerializer.DeserializeAsync<RunManifest>(blob, PlatformJson.Options, ct);
            return manifest?.TenantId == message.TenantId && manifest.RunId == message.RunId ? (manifest, null) : (null, Mismatch);
        }
        catch (JsonException)
        {
            return (null, new("manifest-unreadable", "The run's manifest cannot be read; report this to the operator."));
        }
    }

    private static Refusal Mismatch => new("manifest-mismatch", "The run's manifest belongs to another run; report this to the operator.");

    private RunFinished Finished(WorkerState.Delivery delivery, RunOutcome outcome, Refusal? refusal) => new(
        delivery.TenantId, delivery.RunId, delivery.AttemptId, worker.Id, outcome, null, null, refusal?.Code, refusal?.Reason,
        clock.GetUtcNow());

    /// <summary>The broker may be away for a moment; a computed result is worth waiting for.</summary>
    private async Task PublishAsync<T>(T message, CancellationToken ct)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(PublishLimit);
        await bus.PublishConfirmedAsync(message, limit.Token);
    }

    [LoggerMessage(LogLevel.Information, "Run {RunId} attempt {AttemptId} starts in lane {Lane}")]
    private static partial void LogStarted(ILogger logger, Guid runId, Guid attemptId, string lane);

    [LoggerMessage(LogLevel.Information, "Run {RunId} attempt {AttemptId} ends: {Outcome} {ReasonCode} after {Seconds:0.00} s")]
    private static partial void LogFinished(
        ILogger logger, Guid runId, Guid attemptId, RunOutcome outcome, string reasonCode, double seconds);

    private sealed record Refusal(string Code, string Reason);
}
