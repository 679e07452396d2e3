using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Hosting.Blobs;

namespace Platform.Api.Studies;

/// <summary>What a sweep found.</summary>
internal sealed record SweepResult(int Orphans, int Damaged);

/// <summary>
/// Compares the blobs of instances and previews with their rows: an old blob without a row is an orphan and goes, an instance
/// without a blob is damaged. Blobs are committed before their rows, so a young blob without a row is one whose transaction is still to come.
/// </summary>
internal sealed partial class BlobSweep(
    TenantDirectory tenants,
    TenantScope scopes,
    BlobStore blobs,
    DamageReport damage,
    IOptions<StudiesOptions> options,
    TimeProvider clock,
    ILogger<BlobSweep> logger)
{
    private const int PageRows = 1000;

    public async Task<SweepResult> RunAsync(CancellationToken ct)
    {
        var total = new SweepResult(0, 0);
        foreach (var tenantId in await tenants.AllAsync(ct))
        {
            var orphans = await RemoveOrphansAsync(tenantId, ct) + await RemovePreviewOrphansAsync(tenantId, ct);
            var damaged = await FindDamagedAsync(tenantId, ct);
            total = new SweepResult(total.Orphans + orphans, total.Damaged + damaged);
        }

        LogSwept(logger, total.Orphans, total.Damaged);
        return total;
    }

    private async Task<int> RemoveOrphansAsync(Guid tenantId, CancellationToken ct)
    {
        var removed = 0;
        var before = clock.GetUtcNow() - options.Value.OrphanAge;
        var old = blobs.ListAsync($"{tenantId:N}/instances/", ct).Where(b => b.CreatedAt < before);
        await foreach (var page in old.Chunk(PageRows).WithCancellation(ct))
        {
            var names = page.Select(b => b.Name).ToArray();
            var kept = await scopes.RunAsync(
                tenantId,
                (scope, token) => scope.InstancesAndWithdrawn.Where(i => names.Contains(i.Blob)).Select(i => i.Blob).ToHashSetAsync(token),
                ct);
            foreach (var name in names.Where(name => !kept.Contains(name)))
            {
                removed += await blobs.DeleteAsync(name, ct) ? 1 : 0;
            }
        }

        return removed;
    }

    /// <summary>What attempts left that were not the first to end, or whose preview is gone.</summary>
    private async Task<int> RemovePreviewOrphansAsync(Guid tenantId, CancellationToken ct)
    {
        var removed = 0;
        var prefix = $"{tenantId:N}/previews/";
        var before = clock.GetUtcNow() - options.Value.OrphanAge;
        var old = blobs.ListAsync(prefix, ct).Where(b => b.CreatedAt < before);
        await foreach (var page in old.Chunk(PageRows).WithCancellation(ct))
        {
            // {preview}/manifest.json or {preview}/{attempt}/{file}
            var names = page.Select(b => (b.Name, Parts: b.Name[prefix.Length..].Split('/'))).ToList();
            var ids = names.Select(n => Guid.ParseExact(n.Parts[0], "N")).Distinct().ToArray();
            var rows = await scopes.RunAsync(
                tenantId, (scope, token) => scope.Previews.AsNoTracking().Where(p => ids.Contains(p.Id)).ToDictionaryAsync(p => p.Id, token), ct);
            foreach (var (name, parts) in names)
            {
                var isKept = rows.TryGetValue(Guid.ParseExact(parts[0], "N"), out var row)
                    && (parts.Length == 2 || new[] { row.StripAttemptId, row.FullAttemptId }.Contains(Guid.ParseExact(parts[1], "N")));
                removed += !isKept && await blobs.DeleteAsync(name, ct) ? 1 : 0;
            }
        }

        return removed;
    }

    private async Task<int> FindDamagedAsync(Guid tenantId, CancellationToken ct)
    {
        var damaged = 0;
        var last = Guid.Empty;
        while (true)
        {
            var after = last;
            var page = await scopes.RunAsync(
                tenantId,
                (scope, token) => scope.Instances
                    .Where(i => i.Id.CompareTo(after) > 0 && i.Status == InstanceStatus.Stored)
                    .OrderBy(i => i.Id)
                    .Take(PageRows)
                    .Select(i => new { i.Id, i.Blob, i.Length })
                    .ToListAsync(token),
                ct);
            foreach (var row in page)
            {
                if (await blobs.GetLengthAsync(row.Blob, ct) != row.Length)
                {
                    await damage.ReportAsync(tenantId, row.Id, ct);
                    damaged++;
                }
            }

            if (page.Count < PageRows)
            {
                return damaged;
            }

            last = page[^1].Id;
        }
    }

    [LoggerMessage(LogLevel.Information, "Blob sweep: {Orphans} orphans removed, {Damaged} instances damaged")]
    private static partial void LogSwept(ILogger logger, int orphans, int damaged);
}
