using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Studies;
using Platform.Contracts;

namespace Platform.Api.Previews;

/// <summary>
/// PreviewFinished: commits the first valid result of a part, counts crashes, and drops what comes later. Images that may show who the
/// patient is hold their study in the same transaction, so none of these pictures is given out before.
/// </summary>
internal sealed partial class PreviewFinishedConsumer(
    TenantScope scopes, PreviewIndexes indexes, PixelHold hold, AuditLog audit, TimeProvider clock, ILogger<PreviewFinishedConsumer> logger)
    : IConsumer<PreviewFinished>
{
    public async Task Consume(ConsumeContext<PreviewFinished> context)
    {
        var message = context.Message;
        var ct = context.CancellationToken;

        // Outside any transaction: the store may be slow.
        var (index, problem) = message.Outcome == PreviewOutcome.Made ? await indexes.CheckAsync(message, ct) : (null, null);
        await scopes.RunAsync(message.TenantId, (db, token) => CommitAsync(db, message, index, problem, token), ct);
    }

    private async Task CommitAsync(PlatformDb db, PreviewFinished message, PreviewIndex? index, string? problem, CancellationToken ct)
    {
        var preview = await db.LockPreviewAsync(message.PreviewId, ct);
        if (preview is null || !await Inbox.TryReceiveAsync(db, nameof(PreviewFinished), message.AttemptId, clock, ct)
            || !Apply(preview, message, problem))
        {
            return;
        }

        await PreviewWork.EndedAsync(db, preview, clock.GetUtcNow(), ct);
        if (preview.Wanted is not null)
        {
            await PreviewWork.WantedAsync(db, preview, isAsked: preview.Full == PreviewStatus.Pending, clock.GetUtcNow(), ct);
        }

        await hold.SuspectAsync(db, preview.StudyId, SuspicionsOf(index), ct);
        if (State(preview, message.Part) is { } state)
        {
            await Changes.PublishAsync(db, PreviewsRoutes.Kind, preview.SeriesId, state, ct);
        }

        audit.Record(
            db, "preview.finish", "series", preview.SeriesId.ToString(),
            message.Outcome == PreviewOutcome.Made && problem is null ? AuditOutcome.Success : AuditOutcome.Failed, preview.ReasonCode);
        await db.SaveChangesAsync(ct);
        LogFinished(logger, preview.Id, message.Part, problem ?? message.Outcome.ToString());
    }

    /// <summary>By SOP Instance UID: of each instance what any of its frames says.</summary>
    private static Dictionary<string, string[]> SuspicionsOf(PreviewIndex? index) => (index?.Images ?? [])
        .Where(i => i.Suspicions is { Count: > 0 })
        .GroupBy(i => i.SopInstanceUid)
        .ToDictionary(g => g.Key, g => g.SelectMany(i => i.Suspicions!).Distinct().ToArray());

    private static bool Apply(Preview preview, PreviewFinished message, string? problem) => message.Outcome switch
    {
        // Whatever spoilt it may spoil the next one too, so it counts like a crash.
        PreviewOutcome.Made when problem is not null => preview.TryCrash(message.Part, "result-invalid"),
        PreviewOutcome.Made => preview.TryMake(message.Part, message.AttemptId),
        PreviewOutcome.Impossible => preview.TryGiveUp(
            message.Part, message.ReasonCode ?? "failed", message.Reason ?? "The images of this series cannot be shown."),
        PreviewOutcome.Crashed => preview.TryCrash(message.Part, message.ReasonCode ?? "crashed"),
        _ => throw new InvalidDataException($"Unknown outcome {message.Outcome}."),
    };

    private static string? State(Preview preview, PreviewPart part) => (part, part == PreviewPart.Strip ? preview.Strip : preview.Full) switch
    {
        (PreviewPart.Strip, PreviewStatus.Ready) => "strip",
        (PreviewPart.Full, PreviewStatus.Ready) => "full",
        (_, PreviewStatus.Unavailable) => "unavailable",
        _ => null,
    };

    [LoggerMessage(LogLevel.Information, "Preview {PreviewId} {Part}: {Outcome}")]
    private static partial void LogFinished(ILogger logger, Guid previewId, PreviewPart part, string outcome);
}

internal static class PreviewRows
{
    /// <summary>The preview, held until the transaction ends; null when this tenant has none of that id.</summary>
    public static Task<Preview?> LockPreviewAsync(this PlatformDb db, Guid previewId, CancellationToken ct) =>
        db.Previews.FromSql($"select * from previews where id = {previewId} for update").SingleOrDefaultAsync(ct);
}
