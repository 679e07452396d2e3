namespace Platform.Dicom.Objects;

/// <summary>The colours of a label map as its palette (PS3.3 §C.7.9) and the colour space they are meant in (§C.11.15).</summary>
internal static class SegmentPalette
{
    /// <summary>Entry n is the colour of segment n; the background and numbers without a segment are black.</summary>
    /// <param name="bits">Of an entry, 8 or 16: as of the pixels, since some readers look values up in numbers as large as entries.</param>
    public static void Set(DicomDataset dataset, IReadOnlyList<Segment> segments, int bits)
    {

        // An even number: where a table of odd length is padded, some readers doubt its depth.
        var entries = (segments.Max(s => s.Number) + 2) & ~1;
        byte[][] tables = [new byte[entries], new byte[entries], new byte[entries]];
        foreach (var segment in segments)
        {
            var (red, green, blue) = segment.DisplayColour;
            (tables[0][segment.Number], tables[1][segment.Number], tables[2][segment.Number]) = (red, green, blue);
        }

        DicomTag[] descriptors =
        [
            DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableDescriptor,
            DicomTags.BluePaletteColorLookupTableDescriptor,
        ];
        DicomTag[] data =
        [
            DicomTags.RedPaletteColorLookupTableData, DicomTags.GreenPaletteColorLookupTableData, DicomTags.BluePaletteColorLookupTableData,
        ];
        for (var i = 0; i < tables.Length; i++)
        {
            dataset.Set(descriptors[i], entries & 0xFFFFL, 0, bits); // 65,536 entries are written as 0

            // A byte stands in both bytes of a word, so that white stays white (§C.7.6.3.1.6).
            dataset.Set(data[i], DicomVr.OW, bits == 8 ? tables[i] : [.. tables[i].SelectMany(b => new[] { b, b })]);
        }

        dataset.Set(DicomTags.ICCProfile, DicomVr.OB, SrgbProfile.Bytes);
        dataset.Set(DicomTags.ColorSpace, "SRGB");
    }
}
