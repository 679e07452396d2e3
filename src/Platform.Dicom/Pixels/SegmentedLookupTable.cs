using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>
/// Segmented Palette Color Lookup Table Data (PS3.3 §C.7.9.2): discrete entries, straight lines, and segments that stand earlier in it.
/// </summary>
/// <param name="data">Words where an entry has 16 bits, else bytes.</param>
internal sealed class SegmentedLookupTable(ReadOnlyMemory<byte> data, LookupTable lut, DicomTag tag)
{
    private const int Discrete = 0;
    private const int Linear = 1;
    private const int Indirect = 2;

    private readonly int _unit = lut.Bits > 8 ? 2 : 1;
    private readonly ushort[] _entries = new ushort[lut.Entries];
    private int _filled;

    /// <summary>As many entries as the descriptor says; every segment makes one at least, so that the work is bounded by them.</summary>
    /// <exception cref="DicomException">InvalidPixels.</exception>
    public ushort[] Expand()
    {
        var at = 0;
        while (_filled < _entries.Length)
        {
            at = Take(at, isCopied: false);
        }

        return _entries;
    }

    /// <summary>Expands the segment at an offset in bytes.</summary>
    /// <returns>The offset of the next one.</returns>
    private int Take(int at, bool isCopied)
    {
        var (opcode, length) = (Value(at), Value(at + _unit));
        at += 2 * _unit;
        if (length == 0)
        {
            throw Invalid("A segment of a palette is empty");
        }

        switch (opcode)
        {
            case Discrete:
                for (var i = 0; i < length; i++, at += _unit)
                {
                    Add(Value(at));
                }

                return at;
            case Linear when _filled > 0:
                int from = _entries[_filled - 1], to = Value(at);
                for (var i = 1; i <= length; i++)
                {
                    Add((ushort)Math.Round(from + ((to - from) * (double)i / length)));
                }

                return at + _unit;
            case Indirect when !isCopied:
                Copy(Offset(at), length);
                return at + 4;
            default:
                throw Invalid("A palette has an impossible segment");
        }
    }

    private void Copy(int from, int segments)
    {
        for (var i = 0; i < segments; i++)
        {
            from = Take(from, isCopied: true);
        }
    }

    private void Add(ushort entry)
    {
        if (_filled == _entries.Length)
        {
            throw Invalid("A palette has more entries than its descriptor says");
        }

        _entries[_filled++] = entry;
    }

    private ushort Value(int at) => at + _unit > data.Length ? throw Invalid("A palette ends inside a segment")
        : _unit == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(data.Span[at..])
        : data.Span[at];

    // In bytes from the beginning, least significant part first, in both sizes of entry (§C.7.9.2.3).
    private int Offset(int at) => at + 4 <= data.Length && BinaryPrimitives.ReadUInt32LittleEndian(data.Span[at..]) is var offset && offset < data.Length
        ? (int)offset
        : throw Invalid("A palette copies what is not there");

    private DicomException Invalid(string message) => PixelErrors.Invalid(message, tag);
}
