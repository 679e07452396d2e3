using System.Diagnostics;

namespace Platform.Dicom.Reading;

/// <summary>Bytes from memory or from a stream that can't seek. What it hands out stays valid: a chunk is never reused.</summary>
internal sealed class ByteSource
{
    private const int FirstChunkBytes = 16 << 10;
    private const int MaxChunkBytes = 256 << 10;

    private readonly Stream? _stream;
    private readonly long _maxBytes;
    private readonly long _streamEnd;
    private byte[] _chunk = [];
    private ReadOnlyMemory<byte> _window;
    private int _position;
    private int _end;
    private long _windowOffset;

    internal ByteSource(ReadOnlyMemory<byte> bytes, long offset = 0)
    {
        _window = bytes;
        _end = bytes.Length;
        _windowOffset = offset;
        _maxBytes = long.MaxValue;
        HasEnded = true;
    }

    internal ByteSource(Stream stream, long maxBytes)
    {
        _stream = stream;
        _maxBytes = maxBytes;
        _streamEnd = stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : long.MaxValue;
    }

    /// <summary>Bytes from the start to the next one to be read.</summary>
    internal long Offset => _windowOffset + _position;

    internal int Available => _end - _position;

    /// <summary>Nothing will come after what is available.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>How far the bytes go, where that is known; else the greatest number.</summary>
    internal long KnownEnd => HasEnded ? _windowOffset + _end : _streamEnd;

    internal ReadOnlySpan<byte> Span => _window.Span[_position.._end];

    internal ReadOnlyMemory<byte> Memory => _window[_position.._end];

    internal void Advance(int count)
    {
        Debug.Assert(count <= Available, "Only what is available can be passed.");
        _position += count;
    }

    /// <summary>Reads until <paramref name="count"/> bytes are available or the stream ends.</summary>
    internal async ValueTask FillAsync(int count, bool isAsync, CancellationToken ct)
    {
        while (Available < count && !HasEnded)
        {
            var length = Room(count);
            var room = _chunk.AsMemory(_end, length);
            Received(isAsync ? await _stream!.ReadAsync(room, ct) : _stream!.Read(room.Span));
        }
    }

    /// <summary>For a stream that goes on after the parser: what is available first, then the stream itself.</summary>
    internal int Read(Span<byte> to)
    {
        if (Available > 0)
        {
            return TakeAvailable(to);
        }

        if (HasEnded || to.IsEmpty)
        {
            return 0;
        }

        var count = _stream!.Read(to);
        Passed(count);
        return count;
    }

    internal async ValueTask<int> ReadAsync(Memory<byte> to, CancellationToken ct)
    {
        if (Available > 0)
        {
            return TakeAvailable(to.Span);
        }

        if (HasEnded || to.IsEmpty)
        {
            return 0;
        }

        var count = await _stream!.ReadAsync(to, ct);
        Passed(count);
        return count;
    }

    private int TakeAvailable(Span<byte> to)
    {
        var count = Math.Min(to.Length, Available);
        Span[..count].CopyTo(to);
        _position += count;
        return count;
    }

    private void Passed(int count)
    {
        HasEnded = count == 0;
        _windowOffset += count;
        CheckBudget();
    }

    private void Received(int count)
    {
        HasEnded = count == 0;
        _end += count;
        CheckBudget();
    }

    private void CheckBudget()
    {
        if (_windowOffset + _end > _maxBytes)
        {
            throw DicomException.OverBudget(nameof(DicomBudgets.MaxInstanceBytes), _maxBytes, null, _maxBytes);
        }
    }

    /// <summary>Makes room behind the available bytes: at most as much again as was received for this value, or what surely comes.</summary>
    private int Room(int count)
    {
        // Until it is full: a value that comes in a thousand small packets must not cost a thousand chunks.
        if (_end < _chunk.Length)
        {
            return _chunk.Length - _end;
        }

        var have = Available;
        var next = Math.Clamp(_chunk.Length * 2, FirstChunkBytes, MaxChunkBytes);
        var surely = KnownEnd is var end && end != long.MaxValue ? Math.Min(count, end - Offset) : 0;
        var size = Math.Max(Math.Max(surely, next), Math.Min(count, 2L * have));
        if (surely > 0)
        {
            size = Math.Min(size, Math.Max(KnownEnd - Offset, surely) + 1); // + 1: the read that meets the end needs room too
        }

        var chunk = GC.AllocateUninitializedArray<byte>((int)Math.Min(size, Array.MaxLength));
        Span.CopyTo(chunk);
        _windowOffset += _position;
        _chunk = chunk;
        _window = chunk;
        _position = 0;
        _end = have;
        return chunk.Length - have;
    }
}
