using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Platform.Hosting.Blobs;

/// <summary>Block blobs in one container. Uncommitted blocks are invisible, and Azure removes them after a week.</summary>
public sealed class AzureBlobStore : BlobStore
{
    private readonly BlobContainerClient container;
    private volatile bool isContainerMade;

    public AzureBlobStore(string connectionString, string containerName)
    {
        var options = new BlobClientOptions { Retry = { MaxRetries = 4, Delay = TimeSpan.FromMilliseconds(200), Mode = RetryMode.Exponential } };
        container = new BlobContainerClient(connectionString, containerName, options);
    }

    public override bool IsLocal => false;

    public override async Task<BlobWriter> CreateAsync(string name, CancellationToken ct)
    {
        var blob = container.GetBlockBlobClient(Checked(name));
        await EnsureContainerAsync(ct);
        return await blob.ExistsAsync(ct) ? throw new BlobExistsException(name) : new AzureBlobWriter(blob);
    }

    public override Task CommitAllAsync(IReadOnlyList<BlobWriter> writers, CancellationToken ct) => Parallel.ForEachAsync(
        writers.Cast<AzureBlobWriter>(),
        new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct },
        async (writer, token) => await writer.CommitAsync(token));

    public override async Task<Stream?> OpenReadAsync(string name, long offset, long? length, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (length == 0)
        {
            return await GetLengthAsync(name, ct) is null ? null : Stream.Null;
        }

        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, length) };
            var answer = await container.GetBlobClient(Checked(name)).DownloadStreamingAsync(options, ct);
            return answer.Value.Content;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
        catch (RequestFailedException e) when (e.Status == 416)
        {
            return Stream.Null; // the range starts at or after the end, as in a file
        }
    }

    public override async Task<long?> GetLengthAsync(string name, CancellationToken ct)
    {
        try
        {
            var properties = await container.GetBlobClient(Checked(name)).GetPropertiesAsync(cancellationToken: ct);
            return properties.Value.ContentLength;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    public override async Task<bool> DeleteAsync(string name, CancellationToken ct)
    {
        try
        {
            return await container.GetBlobClient(Checked(name)).DeleteIfExistsAsync(cancellationToken: ct);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return false;
        }
    }

    public override async IAsyncEnumerable<BlobEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        await EnsureContainerAsync(ct);
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, ct))
        {
            var created = blob.Properties.CreatedOn ?? blob.Properties.LastModified ?? DateTimeOffset.MinValue;
            yield return new BlobEntry(blob.Name, blob.Properties.ContentLength ?? 0, created);
        }
    }

    public override async Task<BlobStoreRoom> CheckAsync(CancellationToken ct)
    {
        await EnsureContainerAsync(ct);
        await container.GetPropertiesAsync(cancellationToken: ct);
        return new BlobStoreRoom(null, null);
    }

    private async Task EnsureContainerAsync(CancellationToken ct)
    {
        if (isContainerMade)
        {
            return;
        }

        // Two callers at once ask twice; the answer is the same.
        await container.CreateIfNotExistsAsync(cancellationToken: ct);
        isContainerMade = true;
    }
}
