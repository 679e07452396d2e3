using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Hosting.Blobs;

namespace Platform.Inference.Child;

/// <summary>The blob store is away or full: nothing is wrong with the run, and it is tried again later.</summary>
internal sealed class BlobsLostException(Exception cause) : Exception("The blob store cannot be used.", cause);

/// <summary>Reads inputs and writes results of one attempt; hashes on the way.</summary>
internal sealed class RunBlobs(BlobStore blobs, RunManifest manifest, Guid attemptId)
{
    /// <summary>Copies a blob into a file and checks its hash.</summary>
    /// <exception cref="InputRefusedException">Absent, or not the bytes that the manifest names.</exception>
    public async Task FetchAsync(ManifestInstance instance, string path, CancellationToken ct)
    {
        if (!instance.Blob.StartsWith($"{manifest.TenantId:N}/", StringComparison.Ordinal))
        {
            throw new InputRefusedException("manifest-mismatch", "The run names another tenant's data; report this to the operator.");
        }

        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, FileOptions.Asynchronous);
        var sha256 = await CopyAsync(instance.Blob, file, ct) ?? throw new InputRefusedException(
            "instance-missing", "A stored image is gone from the blob store; send the study again.");
        if (sha256 != instance.Sha256)
        {
            throw new InputRefusedException("hash-mismatch", "A stored image is damaged; send the study again.");
        }
    }

    /// <summary>A whole blob in memory; null when absent.</summary>
    public async Task<MemoryStream?> ReadAsync(string name, CancellationToken ct)
    {
        var memory = new MemoryStream();
        return await CopyAsync(name, memory, ct) is null ? null : memory;
    }

    /// <summary>Writes a file of this attempt; returns name, length and hash of the blob.</summary>
    public async Task<(string Blob, long Length, string Sha256)> WriteAsync(string file, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var name = BlobNames.Attempt(manifest.TenantId, manifest.RunId, attemptId, file);
        try
        {
            await using var blob = await blobs.CreateAsync(name, ct);
            await blob.WriteAsync(content, ct);
            await blob.CommitAsync(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            throw new BlobsLostException(e);
        }

        return (name, content.Length, Convert.ToHexStringLower(SHA256.HashData(content.Span)));
    }

    public async Task<ResultFile> WriteJsonAsync<T>(string file, T value, CancellationToken ct)
    {
        var (blob, length, sha256) = await WriteAsync(file, JsonSerializer.SerializeToUtf8Bytes(value, PlatformJson.Options), ct);
        return new(blob, length, sha256);
    }

    private async Task<string?> CopyAsync(string name, Stream to, CancellationToken ct)
    {
        try
        {
            await using var from = await blobs.OpenReadAsync(name, ct);
            if (from is null)
            {
                return null;
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 17];
            int read;
            while ((read = await from.ReadAsync(buffer, ct)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), ct);
            }

            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            throw new BlobsLostException(e);
        }
    }
}
