using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;

namespace Platform.Api.Previews;

/// <summary>
/// Asks workers for previews, a window of them at once, so that the broker's queue stays short and the database holds what waits.
/// One process does it at a time, the one whose connection holds the advisory lock; should two ever overlap, a preview is made twice.
/// </summary>
internal sealed partial class PreviewRinger(
    RoleConnections connections,
    TenantScope scopes,
    BlobStore blobs,
    WorkerRegistry workers,
    TimeProvider clock,
    IOptions<PreviewOptions> options,
    IOptions<BusOptions> bus,
    ILogger<PreviewRinger> logger) : BackgroundService
{
    private const long LockKey = 0x506C6174_70726576;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly Dictionary<Guid, DateTimeOffset> notBefore = [];
    private bool hasRecovered;
    private bool isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var leader = await connections.System.OpenConnectionAsync(stoppingToken);
                if (await Sql.ScalarAsync<bool>(leader, "select pg_try_advisory_lock($1)", stoppingToken, LockKey))
                {
                    await LeadAsync(leader, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The database is away, or the connection that held the lock is gone: start over.
                if (!isAway)
                {
                    LogAway(logger, e.GetType().Name, e);
                }

                isAway = true;
            }

            await Task.Delay(RetryAfter, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LeadAsync(NpgsqlConnection leader, CancellationToken ct)
    {
        await Sql.ExecuteAsync(leader, $"listen {PreviewWork.Channel}", ct);
        while (true)
        {
            var rung = await PreviewWork.SettleAsync(leader, OverdueBefore(), ct);
            isAway = false;
            if (!await RingAsync(leader, options.Value.Window - rung, ct))
            {
                await leader.WaitAsync(options.Value.Poll, ct);
            }
        }
    }

    /// <summary>What was rung before then, and has not ended, is lost. While no worker beats nothing is: then the workers are away.</summary>
    private DateTimeOffset OverdueBefore()
    {
        var now = clock.GetUtcNow();
        if (!hasRecovered && bus.Value.Transport == BusTransport.InMemory)
        {
            // Messages in memory died with the process before this one.
            hasRecovered = true;
            return DateTimeOffset.MaxValue;
        }

        return workers.BeatingSince() is { } since && now - since >= options.Value.RingAgainAfter ? now : DateTimeOffset.MinValue;
    }

    /// <summary>True when there may be more to do at once.</summary>
    private async Task<bool> RingAsync(NpgsqlConnection leader, int room, CancellationToken ct)
    {
        if (room <= 0)
        {
            return false;
        }

        var now = clock.GetUtcNow();
        var waiting = await PreviewWork.ReadWantedAsync(leader, room + notBefore.Count, ct);
        var rung = 0;
        foreach (var one in waiting.Where(w => notBefore.GetValueOrDefault(w.PreviewId) <= now).Take(room))
        {
            try
            {
                await RingAsync(one, ct);
                await PreviewWork.RemoveAsync(leader, one.Seq, ct);
                notBefore.Remove(one.PreviewId);
                rung++;
            }
            catch (Exception e) when (!ct.IsCancellationRequested && leader.FullState == System.Data.ConnectionState.Open)
            {
                // One preview's trouble (its manifest cannot be written) must not hold up the others.
                notBefore[one.PreviewId] = clock.GetUtcNow() + RetryAfter;
                LogWaits(logger, one.PreviewId, e.GetType().Name, e);
            }
        }

        return rung > 0;
    }

    private async Task RingAsync(WaitingPreview waiting, CancellationToken ct)
    {
        // :: Step 1: the manifest blob, outside any transaction.
        var manifest = await scopes.RunAsync(waiting.TenantId, (db, token) => ComposeAsync(db, waiting.PreviewId, token), ct);
        if (manifest is null)
        {
            return;
        }

        await WriteAsync(manifest, ct);

        // :: Step 2: the row decides once more, and the message leaves with it.
        await scopes.RunAsync(
            waiting.TenantId,
            async (db, token) =>
            {
                var preview = await db.LockPreviewAsync(waiting.PreviewId, token);
                if (preview?.Wanted is { } part)
                {
                    await PreviewWork.RungAsync(db, preview, clock.GetUtcNow() + options.Value.RingAgainAfter, token);
                    await Outbox.SendAsync(db, new PreviewRequested(preview.TenantId, preview.Id, part, preview.StripAttemptId), clock, token);
                    await db.SaveChangesAsync(token);
                }
            },
            ct);
    }

    private static async Task<PreviewManifest?> ComposeAsync(PlatformDb db, Guid previewId, CancellationToken ct)
    {
        var found = await db.Previews.AsNoTracking()
            .Where(p => p.Id == previewId)
            .Join(db.Series, p => p.SeriesId, s => s.Id, (preview, series) => new { preview, series.SeriesInstanceUid })
            .SingleOrDefaultAsync(ct);
        if (found?.preview.Wanted is null)
        {
            return null;
        }

        var instances = await PreviewPlan.Inputs(db, found.preview.StudyId, found.preview.StudyVersion)
            .Where(i => i.SeriesId == found.preview.SeriesId)
            .OrderBy(i => i.InstanceNumber).ThenBy(i => i.SopInstanceUid)
            .Select(i => new ManifestInstance(i.SopInstanceUid, i.SopClassUid, i.TransferSyntaxUid, i.Blob, i.Length, i.Sha256))
            .ToListAsync(ct);
        return new PreviewManifest(found.preview.TenantId, found.preview.Id, found.SeriesInstanceUid, instances);
    }

    private async Task WriteAsync(PreviewManifest manifest, CancellationToken ct)
    {
        var name = BlobNames.PreviewManifest(manifest.TenantId, manifest.PreviewId);
        if (await blobs.GetLengthAsync(name, ct) is not null)
        {
            return;
        }

        try
        {
            await using var blob = await blobs.CreateAsync(name, ct);
            await JsonSerializer.SerializeAsync(blob, manifest, PlatformJson.Options, ct);
            await blob.CommitAsync(ct);
        }
        catch (BlobExistsException)
        {
            // Another process, about to lead no more, wrote the same.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Previews wait: {Cause}")]
    private static partial void LogAway(ILogger logger, string cause, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Preview {PreviewId} waits to be asked for: {Cause}")]
    private static partial void LogWaits(ILogger logger, Guid previewId, string cause, Exception exception);
}
