using System.Security.Cryptography;

namespace Platform.Api.Dicomweb;

/// <summary>The bytes of one part as they come in: fingerprinted, counted, and remembered whether the line broke.</summary>
internal sealed class ReceivedBody(Stream body, IncrementalHash hash, long maxBytes) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Received;
        set => throw new NotSupportedException();
    }

    public long Received { get; private set; }

    /// <summary>Why no more bytes can be had; null while the line is well.</summary>
    public Exception? Broken { get; private set; }

    /// <summary>More bytes came than one instance may have; the rest of the part is not read.</summary>
    public bool IsOverBudget => Received > maxBytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsOverBudget)
        {
            return 0;
        }

        int count;
        try
        {
            count = await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException)
        {
            // InvalidDataException: what should be the line of a boundary is none.
            Broken = e;
            throw;
        }

        hash.AppendData(buffer.Span[..count]);
        Received += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A request body is read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
