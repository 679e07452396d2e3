using System.Buffers.Binary;

namespace Platform.Dicom.Writing;

/// <summary>Bytes to be written, as pieces: small ones are copied together, large values are only pointed at.</summary>
internal sealed class SegmentBuffer
{
    private const int ChunkBytes = 16 << 10;
    private const int LargeBytes = 2 << 10;

    private readonly List<ReadOnlyMemory<byte>> _segments = [];
    private byte[] _chunk = new byte[ChunkBytes];
    private int _start;
    private int _end;

    internal long Length { get; private set; }

    internal IReadOnlyList<ReadOnlyMemory<byte>> Segments
    {
        get
        {
            Cut();
            return _segments;
        }
    }

    internal void Write(ReadOnlyMemory<byte> value)
    {
        if (value.Length < LargeBytes)
        {
            value.Span.CopyTo(Reserve(value.Length));
            return;
        }

        Cut();
        _segments.Add(value);
        Length += value.Length;
    }

    internal void WriteUInt16(ushort value, bool big)
    {
        var to = Reserve(2);
        if (big)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(to, value);
        }
    }

    internal void WriteUInt32(uint value, bool big)
    {
        var to = Reserve(4);
        if (big)
        {
            BinaryPrimitives.WriteUInt32BigEndian(to, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(to, value);
        }
    }

    internal void WriteTag(DicomTag tag, bool big)
    {
        WriteUInt16(tag.Group, big);
        WriteUInt16(tag.Element, big);
    }

    internal Span<byte> Reserve(int count)
    {
        if (_end + count > _chunk.Length)
        {
            Cut();
            _chunk = new byte[ChunkBytes];
            _start = _end = 0;
        }

        _end += count;
        Length += count;
        return _chunk.AsSpan(_end - count, count);
    }

    private void Cut()
    {
        if (_end > _start)
        {
            _segments.Add(_chunk.AsMemory(_start, _end - _start));
            _start = _end;
        }
    }
}
