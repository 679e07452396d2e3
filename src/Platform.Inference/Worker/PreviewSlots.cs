using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;

namespace Platform.Inference.Worker;

/// <summary>
/// Children that make previews: started when one is first needed, of low priority, without models or GPU. Native decoders run
/// only in them, and one that died is replaced.
/// </summary>
internal sealed partial class PreviewSlots(
    IOptions<InferenceOptions> options, IOptions<BlobOptions> blobs, ILogger<PreviewSlots> logger) : IDisposable
{
    private readonly ConcurrentStack<ComputeChild> idle = [];
    private readonly ConcurrentDictionary<ComputeChild, bool> children = [];

    /// <summary>Resident memory of the children.</summary>
    public long MemoryBytes => children.Keys.Sum(c => c.MemoryBytes);

    /// <summary>Makes a part of a preview in a child.</summary>
    /// <exception cref="ChildCrashedException">The child died, or was killed for its time or memory.</exception>
    public async Task<PreviewAnswer> RenderAsync(PreviewRequest request, CancellationToken abandoned)
    {
        var child = await TakeAsync(abandoned);
        try
        {
            using var giveUp = abandoned.Register(() => Remove(child));
            return await child.RenderAsync(
                request,
                options.Value.PreviewTimeLimit,
                options.Value.MemoryLimitMiB > 0 ? (long)options.Value.MemoryLimitMiB << 20 : long.MaxValue);
        }
        finally
        {
            if (child.IsUsable)
            {
                idle.Push(child);
            }
            else
            {
                Remove(child);
            }
        }
    }

    public void Dispose()
    {
        foreach (var child in children.Keys)
        {
            Remove(child);
        }
    }

    private async Task<ComputeChild> TakeAsync(CancellationToken ct)
    {
        while (idle.TryPop(out var warm))
        {
            if (warm.IsUsable && !warm.HasExited)
            {
                return warm;
            }

            Remove(warm);
        }

        var scratch = Path.Combine(options.Value.ScratchPath ?? Path.GetTempPath(), $"platform-preview-{Guid.CreateVersion7():N}");
        var setup = new ChildSetup(blobs.Value, null, null, 1, scratch);
        var child = await ComputeChild.StartAsync(options.Value.ChildCommand, setup, ct, ProcessPriorityClass.BelowNormal);
        children[child] = true;
        LogStarted(logger, child.ProcessId);
        return child;
    }

    private void Remove(ComputeChild child)
    {
        if (children.TryRemove(child, out _))
        {
            child.Dispose();
        }
    }

    [LoggerMessage(LogLevel.Information, "Preview child {ProcessId} is ready")]
    private static partial void LogStarted(ILogger logger, int processId);
}
