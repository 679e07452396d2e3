using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Hosting.Blobs;

namespace Platform.Inference.Child;

/// <summary>The blob store is away or full: nothing is wrong with the run, and it is tried again later.</summary>
internal sealed class BlobsLostException(Exception cause) : Exception("The blob store cannot be used.", cause);

/// <summary>Reads inputs and writes results of one attempt; hashes on the way.</summary>
/// <param name="prefix">Blobs of this attempt begin with it.</param>
internal sealed class AttemptBlobs(BlobStore blobs, Guid tenantId, string prefix)
{
    private const int ChunkBytes = 1 << 18;

    /// <summary>Copies a blob into a file and checks its hash.</summary>
    /// <exception cref="InputRefusedException">Absent, or not the bytes that the manifest names.</exception>
    public async Task FetchAsync(ManifestInstance instance, string path, CancellationToken ct)
    {
        RequireOwn(instance);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, FileOptions.Asynchronous);
        var sha256 = await CopyAsync(instance.Blob, file, ct) ?? throw Missing();
        if (sha256 != instance.Sha256)
        {
            throw Damaged();
        }
    }

    /// <summary>An instance in memory, hashed while it comes; its bytes are read once.</summary>
    /// <exception cref="InputRefusedException">Absent, or not the bytes that the manifest names.</exception>
    public async Task<ReadOnlyMemory<byte>> FetchAsync(ManifestInstance instance, CancellationToken ct)
    {
        RequireOwn(instance);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = Array.Empty<byte>();
        var length = 0;
        try
        {
            await using var from = await blobs.OpenReadAsync(instance.Blob, ct) ?? throw Missing();
            for (var read = 1; read > 0; length += read)
            {
                if (length == bytes.Length)
                {
                    // Up to what the manifest says and one more to see the end, but never far beyond what has come.
                    if (length > instance.Length)
                    {
                        throw Damaged();
                    }

                    Array.Resize(ref bytes, (int)Math.Min(instance.Length + 1, Math.Max(ChunkBytes, 2L * length)));
                }

                read = await from.ReadAsync(bytes.AsMemory(length, Math.Min(ChunkBytes, bytes.Length - length)), ct);
                hash.AppendData(bytes, length, read);
            }
        }
        catch (Exception e) when (e is not (InputRefusedException or OutOfMemoryException) && (e is not OperationCanceledException || !ct.IsCancellationRequested))
        {
            throw new BlobsLostException(e);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash()) == instance.Sha256 ? bytes.AsMemory(0, length) : throw Damaged();
    }

    /// <summary>The header of a stored instance; its pixels stay where they are, so nothing is hashed.</summary>
    /// <exception cref="InputRefusedException">Absent.</exception>
    /// <exception cref="DicomException">Not DICOM, or damaged.</exception>
    public async Task<DicomHeader> ReadHeaderAsync(ManifestInstance instance, CancellationToken ct)
    {
        RequireOwn(instance);
        try
        {
            await using var from = await blobs.OpenReadAsync(instance.Blob, ct) ?? throw Missing();
            return await DicomStreamReader.ReadHeaderAsync(from, null, ct);
        }
        catch (Exception e) when (e is not (DicomException or InputRefusedException) && !ct.IsCancellationRequested)
        {
            throw new BlobsLostException(e);
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
        try
        {
            await using var blob = await blobs.CreateAsync(prefix + file, ct);
            await blob.WriteAsync(content, ct);
            await blob.CommitAsync(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            throw new BlobsLostException(e);
        }

        return (prefix + file, content.Length, Convert.ToHexStringLower(SHA256.HashData(content.Span)));
    }

    /// <summary>
    /// Writes files of this attempt at the price of one flush: a power cut in it may leave a name with less than its bytes, and nobody has
    /// been told of the attempt's files before its result, which is written after them.
    /// </summary>
    /// <returns>Of each name, length and hash of the blob.</returns>
    public async Task<IReadOnlyList<ResultFile>> WriteAllAsync(IReadOnlyList<(string File, byte[] Content)> files, CancellationToken ct)
    {
        var hashing = Task.WhenAll(files.Select(f => Task.Run(() => Convert.ToHexStringLower(SHA256.HashData(f.Content)), ct)));
        var writers = new List<BlobWriter>();
        try
        {
            foreach (var (file, content) in files)
            {
                var writer = await blobs.CreateAsync(prefix + file, ct);
                writers.Add(writer);
                await writer.WriteAsync(content, ct);
            }

            await blobs.CommitAllAsync(writers, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            throw new BlobsLostException(e);
        }
        finally
        {
            foreach (var writer in writers)
            {
                await writer.DisposeAsync();
            }
        }

        var hashes = await hashing;
        return [.. files.Select((f, i) => new ResultFile(prefix + f.File, f.Content.Length, hashes[i]))];
    }

    /// <summary>Writes a file of this attempt piece by piece, as <paramref name="write"/> gives them.</summary>
    public async Task WriteAsync(string file, Func<Func<ReadOnlyMemory<byte>, Task>, Task> write, CancellationToken ct)
    {
        await using var blob = await TryAsync(() => blobs.CreateAsync(prefix + file, ct));
        await write(piece => TryAsync(async () =>
        {
            await blob.WriteAsync(piece, ct);
            return true;
        }));
        await TryAsync(async () =>
        {
            await blob.CommitAsync(ct);
            return true;
        });

        async Task<T> TryAsync<T>(Func<Task<T>> act)
        {
            try
            {
                return await act();
            }
            catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                throw new BlobsLostException(e);
            }
        }
    }

    public async Task<ResultFile> WriteJsonAsync<T>(string file, T value, CancellationToken ct)
    {
        var (blob, length, sha256) = await WriteAsync(file, JsonSerializer.SerializeToUtf8Bytes(value, PlatformJson.Options), ct);
        return new(blob, length, sha256);
    }

    private void RequireOwn(ManifestInstance instance)
    {
        if (!instance.Blob.StartsWith($"{tenantId:N}/", StringComparison.Ordinal))
        {
            throw new InputRefusedException("manifest-mismatch", "The manifest names another tenant's data; report this to the operator.");
        }
    }

    private static InputRefusedException Damaged() => new("hash-mismatch", "A stored image is damaged; send the study again.");

    private static InputRefusedException Missing() =>
        new("instance-missing", "A stored image is gone from the blob store; send the study again.");

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
