using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Api.Previews;

/// <summary>Reads the indexes that workers wrote, and keeps those read last: they never change, and every image asks for one.</summary>
internal sealed class PreviewIndexes(BlobStore blobs)
{
    private const int MostKept = 64;
    private const int MaxBytes = 64 << 20;

    private readonly ConcurrentDictionary<string, PreviewIndex> kept = new(StringComparer.Ordinal);

    /// <summary>The index of a committed attempt; null when its blob is gone.</summary>
    public async Task<PreviewIndex?> ReadAsync(Preview preview, PreviewPart part, CancellationToken ct)
    {
        var attempt = part == PreviewPart.Strip ? preview.StripAttemptId : preview.FullAttemptId;
        var name = NameOf(preview.TenantId, preview.Id, attempt!.Value, part);
        if (kept.TryGetValue(name, out var known))
        {
            return known;
        }

        await using var stream = await blobs.OpenReadAsync(name, ct);
        var index = stream is null ? null : await JsonSerializer.DeserializeAsync<PreviewIndex>(stream, PlatformJson.Options, ct);
        if (index is not null)
        {
            if (kept.Count >= MostKept)
            {
                kept.Clear();
            }

            kept[name] = index;
        }

        return index;
    }

    /// <summary>The index, when an attempt's blobs are there and are what the worker said; else one sentence that says what is wrong.</summary>
    public async Task<(PreviewIndex? Index, string? Problem)> CheckAsync(PreviewFinished message, CancellationToken ct)
    {
        var name = NameOf(message.TenantId, message.PreviewId, message.AttemptId, message.Part);
        var length = await blobs.GetLengthAsync(name, ct);
        if (length is not (> 0 and <= MaxBytes))
        {
            return (null, "The index is missing or too long.");
        }

        var bytes = new byte[length.Value];
        await using (var stream = await blobs.OpenReadAsync(name, ct))
        {
            await stream!.ReadExactlyAsync(bytes, ct);
        }

        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != message.IndexSha256)
        {
            return (null, "The index's hash is not what the worker said.");
        }

        try
        {
            var index = JsonSerializer.Deserialize<PreviewIndex>(bytes, PlatformJson.Options);
            return index is { Images.Count: > 0 } && index.Images.All(i => i.Suspicions?.All(IsCode) != false) && await HasPicturesAsync(message, index, ct)
                ? (index, null)
                : (null, "The index and its pictures disagree.");
        }
        catch (JsonException)
        {
            return (null, "The index cannot be read.");
        }
    }

    private static bool IsCode(string suspicion) => suspicion.Length is > 0 and <= 40 && suspicion.All(char.IsAsciiLetter);

    private async Task<bool> HasPicturesAsync(PreviewFinished message, PreviewIndex index, CancellationToken ct)
    {
        if (message.Part == PreviewPart.Strip)
        {
            return index.Strip is { TileWidth: > 0, TileHeight: > 0, Columns: > 0 } strip
                && strip.Images.All(i => i >= 0 && i < index.Images.Count)
                && await LengthAsync(BlobNames.PreviewStripFile) is > 0;
        }

        return index.Pack is { } pack
            && pack.Offsets.Count == index.Images.Count
            && pack.Lengths.Count == index.Images.Count
            && pack.Offsets.Zip(pack.Lengths).All(p => p.First >= 0 && p.Second >= 0 && p.First <= pack.Bytes - p.Second)
            && await LengthAsync(BlobNames.PreviewPackFile) == pack.Bytes;

        Task<long?> LengthAsync(string file) =>
            blobs.GetLengthAsync(BlobNames.Preview(message.TenantId, message.PreviewId, message.AttemptId, file), ct);
    }

    private static string NameOf(Guid tenantId, Guid previewId, Guid attemptId, PreviewPart part) => BlobNames.Preview(
        tenantId, previewId, attemptId, part == PreviewPart.Strip ? BlobNames.PreviewIndexFile : BlobNames.PreviewFullFile);
}
