using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Platform.Dicom.Writing;

/// <summary>
/// Bytes to be written, as pieces: small ones are copied together into rented chunks, large values are only pointed at. Give the chunks
/// back when the pieces are written; where writing failed, something may still hold them, and they are left to the collector.
/// </summary>
internal sealed class SegmentBuffer
{
    private const int ChunkBytes = 16 << 10;
    private const int LargeBytes = 2 << 10;

    private readonly List<ReadOnlyMemory<byte>> _segments = [];
    private readonly List<byte[]> _rented = [];
    private byte[] _chunk = [];
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

    internal void GiveBack()
    {
        foreach (var chunk in _rented)
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        _rented.Clear();
        _segments.Clear();
        _chunk = [];
        _start = _end = 0;
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
        var to = Reserve(4);
        if (big)
        {
            BinaryPrimitives.WriteUInt32BigEndian(to, tag.Value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(to, BitOperations.RotateLeft(tag.Value, 16));
        }
    }

    internal Span<byte> Reserve(int count)
    {
        if (_end + count > _chunk.Length)
        {
            Cut();
            _chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
            _rented.Add(_chunk);
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
