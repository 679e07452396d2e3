namespace Platform.Dicom.Reading;

/// <summary>What a parser has not consumed, as a stream: received bytes first, then the parser's own stream.</summary>
internal sealed class RestStream(ByteSource source) : ReadOnlyStream
{
    public override int Read(Span<byte> buffer) => source.Read(buffer);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        source.ReadAsync(buffer, cancellationToken);
}
