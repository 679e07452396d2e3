namespace Platform.Dicom.Pixels;

/// <summary>Reads the bits of an entropy-coded JPEG segment (ISO/IEC 10918-1 §F.2.2.5): FF 00 is the byte FF, FF with another byte ends it.</summary>
internal ref struct EntropyReader
{
    private readonly ReadOnlySpan<byte> _data;
    private ulong _bits;
    private int _count;
    private int _padded;

    public EntropyReader(ReadOnlySpan<byte> data, int start)
    {
        _data = data;
        Position = start;
    }

    /// <summary>Of the next byte that is not yet in the buffer; a marker's, once the segment has ended.</summary>
    public int Position { get; private set; }

    /// <summary>More bits were taken than the segment has.</summary>
    public readonly bool IsOverrun => _count < _padded;

    /// <summary>The next 16 bits, without taking them; zeros behind the end.</summary>
    public uint Peek16()
    {
        if (_count < 16)
        {
            Fill();
        }

        return (uint)(_bits >> 48);
    }

    public void Skip(int bits)
    {
        _bits <<= bits;
        _count -= bits;
    }

    /// <summary>Takes 1 to 16 bits.</summary>
    public int Take(int bits)
    {
        var value = Peek16() >> (16 - bits);
        Skip(bits);
        return (int)value;
    }

    /// <summary>Begins anew behind a restart marker: its number (0 to 7), or -1 if none stands there.</summary>
    public int Restart()
    {
        (_bits, _count, _padded) = (0, 0, 0);
        while (Position + 1 < _data.Length && _data[Position] == 0xFF && _data[Position + 1] == 0xFF)
        {
            Position++;
        }

        if (Position + 1 >= _data.Length || _data[Position] != 0xFF || _data[Position + 1] is < 0xD0 or > 0xD7)
        {
            return -1;
        }

        Position += 2;
        return _data[Position - 1] - 0xD0;
    }

    private void Fill()
    {
        while (_count <= 48)
        {
            byte next = 0;
            if (Position < _data.Length && _data[Position] != 0xFF)
            {
                next = _data[Position++];
            }
            else if (Position + 1 < _data.Length && _data[Position + 1] == 0)
            {
                next = 0xFF;
                Position += 2;
            }
            else
            {
                _padded += 8;
            }

            _bits |= (ulong)next << (56 - _count);
            _count += 8;
        }
    }
}
