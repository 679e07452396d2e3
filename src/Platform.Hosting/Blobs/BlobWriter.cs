using System.Diagnostics.CodeAnalysis;

namespace Platform.Hosting.Blobs;

/// <summary>A blob being written, forward only.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is a writer that happens to be a stream.")]
public abstract class BlobWriter : Stream
{
    /// <summary>Name under which it will be read.</summary>
    public abstract string Name { get; }

    /// <summary>Makes the blob durable and visible; returns only when a power cut can no longer take it.</summary>
    /// <exception cref="BlobExistsException">Another writer committed this name first.</exception>
    public abstract Task CommitAsync(CancellationToken ct);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
}
