namespace Platform.Dicom.Objects;

/// <summary>The colours of a label map as its palette (PS3.3 §C.7.9) and the colour space they are meant in (§C.11.15).</summary>
internal static class SegmentPalette
{
    /// <summary>Entry n is the colour of segment n; the background and numbers without a segment are black.</summary>
    public static void Set(DicomDataset dataset, IReadOnlyList<Segment> segments)
    {
        const int BitsOfEntry = 8;
        var entries = segments.Max(s => s.Number) + 1;
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
            dataset.Set(descriptors[i], entries & 0xFFFFL, 0, BitsOfEntry); // 65,536 entries are written as 0
            dataset.Set(data[i], DicomVr.OW, tables[i]);
        }

        dataset.Set(DicomTags.ICCProfile, DicomVr.OB, SrgbProfile.Bytes);
        dataset.Set(DicomTags.ColorSpace, "SRGB");
    }
}
