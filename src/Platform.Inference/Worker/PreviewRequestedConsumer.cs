using System.Text.Json;
using MassTransit;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;
using Platform.Inference.Child;

namespace Platform.Inference.Worker;

/// <summary>
/// Makes a part of a preview: manifest, child, PreviewFinished; then the message is acknowledged. As with runs, what the series is
/// to blame for is an answer, and only lost infrastructure throws.
/// </summary>
internal sealed partial class PreviewRequestedConsumer(
    BlobStore blobs, PreviewSlots slots, IBus bus, TimeProvider clock, ILogger<PreviewRequestedConsumer> logger) : IConsumer<PreviewRequested>
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(2);

    public async Task Consume(ConsumeContext<PreviewRequested> context)
    {
        var message = context.Message;
        var ct = context.CancellationToken;
        var started = clock.GetTimestamp();
        var finished = await MakeAsync(message, ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(PublishLimit);
        await bus.PublishConfirmedAsync(finished, limit.Token);
        LogFinished(
            logger, message.PreviewId, message.Part, finished.Outcome, finished.ReasonCode ?? "", clock.GetElapsedTime(started).TotalSeconds);
    }

    private async Task<PreviewFinished> MakeAsync(PreviewRequested message, CancellationToken ct)
    {
        var attemptId = Guid.CreateVersion7();
        var manifest = await ReadAsync<PreviewManifest>(BlobNames.PreviewManifest(message.TenantId, message.PreviewId), ct);
        var index = message is { Part: PreviewPart.Full, StripAttemptId: { } strip }
            ? await ReadAsync<PreviewIndex>(BlobNames.Preview(message.TenantId, message.PreviewId, strip, BlobNames.PreviewIndexFile), ct)
            : null;
        if (manifest is null || manifest.TenantId != message.TenantId || manifest.PreviewId != message.PreviewId
            || (index is null && message.Part == PreviewPart.Full))
        {
            return Finished(PreviewOutcome.Impossible, null, "manifest-missing", "What the preview is made of is gone from the blob store; report this to the operator.");
        }

        try
        {
            var answer = await slots.RenderAsync(new PreviewRequest(attemptId, manifest, index), ct);
            return answer.Outcome switch
            {
                ComputeOutcome.Succeeded => Finished(PreviewOutcome.Made, answer.IndexSha256, null, null),
                ComputeOutcome.Refused => Finished(PreviewOutcome.Impossible, null, answer.ReasonCode, answer.Reason),
                _ => throw new IOException($"The blob store cannot be used ({answer.Reason})."),
            };
        }
        catch (ChildCrashedException e)
        {
            // The worker is stopping and gives the preview back: the child was killed for that.
            ct.ThrowIfCancellationRequested();
            return Finished(PreviewOutcome.Crashed, null, e.Code, e.Message);
        }

        PreviewFinished Finished(PreviewOutcome outcome, string? sha256, string? code, string? reason) =>
            new(message.TenantId, message.PreviewId, attemptId, message.Part, outcome, sha256, code, reason, clock.GetUtcNow());
    }

    private async Task<T?> ReadAsync<T>(string name, CancellationToken ct)
        where T : class
    {
        await using var blob = await blobs.OpenReadAsync(name, ct);
        if (blob is null)
        {
            return null;
        }

        try
        {
            return await JsonSerializer.DeserializeAsync<T>(blob, PlatformJson.Options, ct);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "Preview {PreviewId} {Part}: {Outcome} {ReasonCode} after {Seconds:0.00} s")]
    private static partial void LogFinished(
        ILogger logger, Guid previewId, PreviewPart part, PreviewOutcome outcome, string reasonCode, double seconds);
}
