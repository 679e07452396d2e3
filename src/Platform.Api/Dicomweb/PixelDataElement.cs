using System.Buffers.Binary;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.Api.Dicomweb;

/// <summary>
/// The pixel data element of an instance as a stream: its header, then its value or its fragments to the delimiter, checked
/// on the way. Ends behind it, whatever follows; bytes that end sooner are <see cref="DicomError.Truncated"/>. Comments inside compressed
/// frames are overwritten as they pass.
/// </summary>
internal sealed class PixelDataElement : Stream
{
    private const int ItemHeaderBytes = 8;
    private const uint Item = 0xFFFEE000;
    private const uint SequenceDelimiter = 0xFFFEE0DD;

    private readonly Stream rest;
    private readonly PixelDataLocation location;
    private readonly CodestreamComments? comments;
    private readonly byte[] itemHeader = new byte[ItemHeaderBytes];
    private int items;
    private long offset;

    // Bytes to pass before the next item's header.
    private long plain;
    private int itemHeaderPassed = ItemHeaderBytes;
    private bool isLast;

    private PixelDataElement(Stream rest, PixelDataLocation location, CodestreamComments? comments)
    {
        this.rest = rest;
        this.comments = comments;
        this.location = location;
        offset = location.Offset;
        plain = location.ValueOffset - location.Offset + (location.Length ?? 0);
        isLast = location.Length is not null;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => offset - location.Offset;
        set => throw new NotSupportedException();
    }

    /// <summary>Null when the instance has no pixel data.</summary>
    public static PixelDataElement? Of(DicomHeader header) => header.PixelData is { } location
        ? new PixelDataElement(header.Rest, location, CodestreamComments.For(header.Syntax))
        : null;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (plain == 0 && itemHeaderPassed == ItemHeaderBytes)
        {
            if (isLast)
            {
                return 0;
            }

            await ReadItemHeaderAsync(cancellationToken);
        }

        if (itemHeaderPassed < ItemHeaderBytes)
        {
            var count = Math.Min(buffer.Length, ItemHeaderBytes - itemHeaderPassed);
            itemHeader.AsSpan(itemHeaderPassed, count).CopyTo(buffer.Span);
            itemHeaderPassed += count;
            return count;
        }

        var read = await rest.ReadAsync(buffer[..(int)Math.Min(buffer.Length, plain)], cancellationToken);
        if (read == 0)
        {
            throw Truncated();
        }

        if (items > 1)
        {
            comments?.Clean(buffer.Span[..read]); // the first item is the offset table
        }

        plain -= read;
        offset += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            rest.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask ReadItemHeaderAsync(CancellationToken ct)
    {
        if (await rest.ReadAtLeastAsync(itemHeader, ItemHeaderBytes, throwOnEndOfStream: false, ct) < ItemHeaderBytes)
        {
            throw Truncated();
        }

        // Encapsulated syntaxes are little endian (PS3.5 §A.4).
        var tag = ((uint)BinaryPrimitives.ReadUInt16LittleEndian(itemHeader) << 16)
            | BinaryPrimitives.ReadUInt16LittleEndian(itemHeader.AsSpan(2));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(itemHeader.AsSpan(4));
        if (tag is not (Item or SequenceDelimiter))
        {
            throw new DicomException(
                DicomError.ExpectedItem, "An encapsulated value holds something else than fragments", location.Tag, offset);
        }

        if (tag == Item && length == uint.MaxValue)
        {
            throw new DicomException(DicomError.InvalidLength, "A fragment has undefined length", location.Tag, offset);
        }

        items++;
        comments?.BeginFragment();
        isLast = tag == SequenceDelimiter;
        plain = isLast ? 0 : length;
        itemHeaderPassed = 0;
        offset += ItemHeaderBytes;
    }

    private DicomException Truncated() => new(DicomError.Truncated, "The bytes end too early", location.Tag, offset);
}
