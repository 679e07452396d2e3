namespace Platform.Dicom.Pixels;

/// <summary>A Huffman table of difference categories (ISO/IEC 10918-1 §C.2, §F.2.2.3).</summary>
internal sealed class HuffmanTable
{
    private const int FastBits = 9;

    /// <summary>By the next nine bits: category and, in the high byte, code length; 0 for longer codes.</summary>
    private readonly ushort[] _fast = new ushort[1 << FastBits];

    /// <summary>By code length: one behind the last code, left-aligned to 16 bits; 0 where the length has none.</summary>
    private readonly int[] _limit = new int[17];

    /// <summary>By code length: index of the first symbol minus the first code.</summary>
    private readonly int[] _offset = new int[17];

    private readonly byte[] _symbols;

    private HuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        var (code, index) = (0, 0);
        for (var length = 1; length <= 16; length++)
        {
            _offset[length] = index - code;
            for (var i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                if (code >= 1 << length)
                {
                    throw PixelErrors.Corrupt("A Huffman table has more codes than fit");
                }

                if (length <= FastBits)
                {
                    _fast.AsSpan(code << (FastBits - length), 1 << (FastBits - length)).Fill((ushort)((length << 8) | symbols[index]));
                }
            }

            _limit[length] = counts[length - 1] == 0 ? 0 : code << (16 - length);
            code <<= 1;
        }
    }

    /// <summary>Reads the tables of a DHT segment into their places (0 to 3).</summary>
    public static void ReadSegment(ReadOnlySpan<byte> segment, HuffmanTable?[] tables)
    {
        while (!segment.IsEmpty)
        {
            if (segment.Length < 17)
            {
                throw PixelErrors.Corrupt("A Huffman table is cut off");
            }

            var total = 0;
            foreach (var count in segment[1..17])
            {
                total += count;
            }

            if (segment.Length < 17 + total || total > 256)
            {
                throw PixelErrors.Corrupt("A Huffman table is cut off");
            }

            if ((segment[0] & 0xF0) == 0 && segment[0] < tables.Length)
            {
                tables[segment[0]] = new(segment[1..17], segment.Slice(17, total));
            }

            segment = segment[(17 + total)..];
        }
    }

    /// <summary>Refuses a DHT segment with a table that is cut off, has no code, or more codes than fit.</summary>
    public static void CheckSegment(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            var (total, room) = (0, 1 << 16);
            for (var length = 1; length <= 16 && segment.Length >= 17; length++)
            {
                total += segment[length];
                room -= segment[length] << (16 - length);
            }

            if (total is 0 or > 256 || room < 0 || segment.Length < 17 + total)
            {
                throw PixelErrors.Corrupt("A Huffman table has no codes, more than fit, or is cut off");
            }

            segment = segment[(17 + total)..];
        }
    }

    /// <summary>Takes one code and gives its symbol.</summary>
    public int Decode(ref EntropyReader reader)
    {
        var bits = reader.Peek16();
        var fast = _fast[bits >> (16 - FastBits)];
        if (fast != 0)
        {
            reader.Skip(fast >> 8);
            return fast & 0xFF;
        }

        for (var length = FastBits + 1; length <= 16; length++)
        {
            if (bits < _limit[length])
            {
                reader.Skip(length);
                return _symbols[(int)(bits >> (16 - length)) + _offset[length]];
            }
        }

        throw PixelErrors.Corrupt("The codestream has a code that its Huffman table lacks");
    }
}
