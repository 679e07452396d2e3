using MassTransit;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Previews;

/// <summary>A PreviewRequested that the broker gave up delivering: it is wanted again. This says nothing about the preview.</summary>
internal sealed class PreviewDeadLetterConsumer(TenantScope scopes, TimeProvider clock) : IConsumer<PreviewRequested>
{
    public Task Consume(ConsumeContext<PreviewRequested> context) => scopes.RunAsync(
        context.Message.TenantId,
        async (db, ct) =>
        {
            if (await db.LockPreviewAsync(context.Message.PreviewId, ct) is { Wanted: not null } preview)
            {
                await PreviewWork.EndedAsync(db, preview, clock.GetUtcNow(), ct);
                await PreviewWork.WantedAsync(db, preview, isAsked: false, clock.GetUtcNow(), ct);
            }
        },
        context.CancellationToken);
}
