namespace Platform.Dicom.Pixels;

/// <summary>The three palette colour lookup tables of an image as bytes (PS3.3 §C.7.9).</summary>
internal sealed class Palette
{
    private readonly (byte[] Table, int FirstMapped) _red;
    private readonly (byte[] Table, int FirstMapped) _green;
    private readonly (byte[] Table, int FirstMapped) _blue;

    private Palette((byte[] Table, int FirstMapped) red, (byte[] Table, int FirstMapped) green, (byte[] Table, int FirstMapped) blue) =>
        (_red, _green, _blue) = (red, green, blue);

    /// <summary>The colour of a stored value; values beside the tables take their first or last entry.</summary>
    public (byte Red, byte Green, byte Blue) this[int stored] => (At(_red, stored), At(_green, stored), At(_blue, stored));

    /// <summary>Plain or segmented tables, of 8 or 16 bits an entry.</summary>
    /// <exception cref="DicomException">InvalidPixels where a table is missing, too short or has no possible segments.</exception>
    public static Palette Of(DicomDataset dataset, PixelDescription d)
    {
        (DicomTag Descriptor, DicomTag Data, DicomTag Segmented)[] tags =
        [
            (DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.RedPaletteColorLookupTableData, DicomTags.SegmentedRedPaletteColorLookupTableData),
            (DicomTags.GreenPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableData, DicomTags.SegmentedGreenPaletteColorLookupTableData),
            (DicomTags.BluePaletteColorLookupTableDescriptor, DicomTags.BluePaletteColorLookupTableData, DicomTags.SegmentedBluePaletteColorLookupTableData),
        ];
        var tables = tags.Select(t => Entries(dataset, d, t.Descriptor, t.Data, t.Segmented)).ToArray();

        // Entries fill their bits (§C.7.6.3.1.6), but some senders write bytes into words, in the low or in the high byte.
        var isInHighByte = tables.Any(t => t.Entries.AsSpan().ContainsAnyExceptInRange<ushort>(0, byte.MaxValue));
        var bytes = tables.Select(t => (Array.ConvertAll(t.Entries, e => (byte)(isInHighByte ? e >> 8 : e)), t.FirstMapped)).ToArray();
        return new(bytes[0], bytes[1], bytes[2]);
    }

    /// <summary>Red, green, blue of each native sample.</summary>
    public void Apply(ReadOnlySpan<byte> samples, PixelDescription d, Span<byte> rgb)
    {
        if (d.BytesPerSample > 2 || d.IsFloatingPoint)
        {
            throw PixelErrors.Unsupported("A palette has indices of one or two bytes", DicomTags.BitsAllocated);
        }

        for (int i = 0, o = 0; o < rgb.Length; i++, o += 3)
        {
            int stored = d.BytesPerSample == 1
                ? (d.IsSigned ? (sbyte)samples[i] : samples[i])
                : (d.IsSigned ? BitConverter.ToInt16(samples[(2 * i)..]) : BitConverter.ToUInt16(samples[(2 * i)..]));
            (rgb[o], rgb[o + 1], rgb[o + 2]) = this[stored];
        }
    }

    private static byte At((byte[] Table, int FirstMapped) lut, int stored) =>
        lut.Table[Math.Clamp(stored - lut.FirstMapped, 0, lut.Table.Length - 1)];

    private static (ushort[] Entries, int FirstMapped) Entries(
        DicomDataset dataset, PixelDescription d, DicomTag descriptor, DicomTag data, DicomTag segmented)
    {
        if (LookupTable.Describe(dataset, descriptor, d.IsSigned) is not { } lut)
        {
            throw PixelErrors.Invalid("A palette descriptor has three values", descriptor);
        }

        if (dataset.Contains(data) || !dataset.Contains(segmented))
        {
            return (lut.Read(dataset.GetBytes(data).Span) ?? throw PixelErrors.Invalid("A palette is shorter than its descriptor says", data), lut.FirstMapped);
        }

        return (new SegmentedLookupTable(dataset.GetBytes(segmented), lut, segmented).Expand(), lut.FirstMapped);
    }
}
