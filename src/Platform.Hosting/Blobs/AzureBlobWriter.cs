using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Platform.Hosting.Blobs;

/// <summary>Stages blocks of 4 MiB and commits their list; a blob of one block goes up in one request at the commit.</summary>
internal sealed class AzureBlobWriter(BlockBlobClient blob) : BlobWriter
{
    private const int BlockBytes = 4 << 20;

    private readonly MemoryStream block = new();
    private readonly List<string> blockIds = [];
    private readonly string writerId = RandomNumberGenerator.GetHexString(16, lowercase: true);
    private long written;

    public override string Name => blob.Name;

    public override long Length => written;

    public override long Position
    {
        get => written;
        set => throw new NotSupportedException();
    }

    // Only the asynchronous way: a synchronous write would hold a thread during a network call.
    public override void Write(ReadOnlySpan<byte> buffer) => WriteAsync(buffer.ToArray()).AsTask().GetAwaiter().GetResult();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            var count = Math.Min(buffer.Length, BlockBytes - (int)block.Length);
            block.Write(buffer.Span[..count]);
            written += count;
            buffer = buffer[count..];
            if (block.Length == BlockBytes)
            {
                await StageAsync(cancellationToken);
            }
        }
    }

    public override async Task CommitAsync(CancellationToken ct)
    {
        try
        {
            await CommitAsync(new BlobRequestConditions { IfNoneMatch = ETag.All }, ct);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // Blocks that a killed writer staged can count as a blob although nobody can read it. Only then is the condition dropped.
            if (await blob.ExistsAsync(ct))
            {
                throw new BlobExistsException(Name);
            }

            await CommitAsync(new BlobRequestConditions(), ct);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            block.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task CommitAsync(BlobRequestConditions conditions, CancellationToken ct)
    {
        try
        {
            if (blockIds.Count == 0)
            {
                block.Position = 0;
                await blob.UploadAsync(block, new BlobUploadOptions { Conditions = conditions }, ct);
                return;
            }

            if (block.Length > 0)
            {
                await StageAsync(ct);
            }

            await blob.CommitBlockListAsync(blockIds, new CommitBlockListOptions { Conditions = conditions }, ct);
        }
        catch (RequestFailedException e) when (e.Status == 507)
        {
            throw new BlobStoreFullException("The storage account is full.", e);
        }
    }

    private async Task StageAsync(CancellationToken ct)
    {
        // All block ids of a blob must have the same length; two writers of one name must not share any.
        var number = blockIds.Count.ToString("D8", CultureInfo.InvariantCulture);
        var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(writerId + number));
        block.Position = 0;
        try
        {
            await blob.StageBlockAsync(id, block, cancellationToken: ct);
        }
        catch (RequestFailedException e) when (e.Status == 507)
        {
            throw new BlobStoreFullException("The storage account is full.", e);
        }

        blockIds.Add(id);
        block.SetLength(0);
    }
}
