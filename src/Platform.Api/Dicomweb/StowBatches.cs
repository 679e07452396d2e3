using System.Threading.Channels;

namespace Platform.Api.Dicomweb;

/// <summary>
/// Commits staged instances while the next ones still arrive: as soon as a batch is full or old enough, so that a slow line that
/// dies at 99 % keeps what came before (design §3).
/// </summary>
internal sealed class StowBatches(StowCommit commit, DicomwebOptions options, TimeProvider clock, StowRules rules)
    : IAsyncDisposable
{
    // Each instance holds a file open until its batch is committed.
    private const int MaxBatchInstances = 256;

    private readonly Channel<StagedInstance> staged = Channel.CreateBounded<StagedInstance>(
        new BoundedChannelOptions(MaxBatchInstances) { SingleReader = true, SingleWriter = true });

    private readonly SortedDictionary<int, StoreOutcome> outcomes = [];
    private Task? committing;

    /// <summary>Hands an instance over; throws what broke an earlier commit.</summary>
    public async ValueTask AddAsync(StagedInstance instance, CancellationToken ct)
    {
        committing ??= Task.Run(CommitAsync, CancellationToken.None);
        try
        {
            await staged.Writer.WriteAsync(instance, ct);
        }
        catch
        {
            await instance.DisposeAsync();
            if (committing.IsFaulted)
            {
                await committing;
            }

            throw;
        }
    }

    /// <summary>Commits the rest; the outcomes by part. Throws what broke a commit.</summary>
    public async Task<SortedDictionary<int, StoreOutcome>> EndAsync()
    {
        staged.Writer.TryComplete();
        await (committing ?? Task.CompletedTask);
        return outcomes;
    }

    /// <summary>Removes what was staged and never committed.</summary>
    public async ValueTask DisposeAsync()
    {
        staged.Writer.TryComplete();
        if (committing is not null)
        {
            await committing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        while (staged.Reader.TryRead(out var instance))
        {
            await instance.DisposeAsync();
        }
    }

    // Not under the caller's token: whatever arrived whole is kept, also when the line has died since.
    private async Task CommitAsync()
    {
        var batch = new List<StagedInstance>();
        try
        {
            while (await staged.Reader.WaitToReadAsync(CancellationToken.None))
            {
                await FillAsync(batch);
                var decided = await commit.RunAsync(rules, [.. batch]);
                for (var i = 0; i < batch.Count; i++)
                {
                    outcomes[batch[i].Part] = decided[i];
                    await batch[i].DisposeAsync();
                }

                batch.Clear();
            }
        }
        catch (Exception e)
        {
            staged.Writer.TryComplete(e);
            foreach (var instance in batch)
            {
                await instance.DisposeAsync();
            }

            throw;
        }
    }

    private async Task FillAsync(List<StagedInstance> batch)
    {
        using var age = new CancellationTokenSource(options.BatchAge, clock);
        var bytes = 0L;
        try
        {
            do
            {
                while (HasRoom() && staged.Reader.TryRead(out var instance))
                {
                    batch.Add(instance);
                    bytes += instance.Length;
                }
            }
            while (HasRoom() && await staged.Reader.WaitToReadAsync(age.Token));
        }
        catch (OperationCanceledException) when (age.IsCancellationRequested)
        {
            // The batch is old enough.
        }

        bool HasRoom() => bytes < options.BatchBytes && batch.Count < MaxBatchInstances;
    }
}
