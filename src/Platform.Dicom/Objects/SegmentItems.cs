using Platform.Dicom.Pixels;

namespace Platform.Dicom.Objects;

/// <summary>Segments as items of the Segment Sequence (PS3.3 Table C.8.20-2, Table C.8.20-4) and back.</summary>
internal static class SegmentItems
{
    /// <summary>What a label map says of its voxels that lie in no segment: every value that occurs is described (PS3.3 §C.8.20.2.3.3).</summary>
    public static DicomDataset Background(string algorithmName)
    {
        var background = new CodedConcept("125040", "DCM", "Background");
        return Write(new(0, "Background", background, background, algorithmName), hasColour: false);
    }

    /// <param name="hasColour">Whether the recommended colour stands in the item: not where a palette has it.</param>
    public static DicomDataset Write(Segment segment, bool hasColour)
    {
        var item = new DicomDataset();
        item.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        item.Set(DicomTags.SegmentNumber, (long)segment.Number);
        item.Set(DicomTags.SegmentLabel, segment.Label);
        item.Set(DicomTags.SegmentAlgorithmType, "AUTOMATIC");
        item.Set(DicomTags.SegmentAlgorithmName, segment.AlgorithmName);
        item.SetSequence(DicomTags.SegmentedPropertyCategoryCodeSequence, segment.Category.ToItem());
        var type = segment.Type.ToItem();
        if (segment.TypeModifiers.Count > 0)
        {
            type.SetSequence(DicomTags.SegmentedPropertyTypeModifierCodeSequence, segment.TypeModifiers.Select(m => m.ToItem()));
        }

        item.SetSequence(DicomTags.SegmentedPropertyTypeCodeSequence, type);
        if (segment.AnatomicRegion is { } region)
        {
            item.SetSequence(DicomTags.AnatomicRegionSequence, region.ToItem());
        }

        if (hasColour)
        {
            var (red, green, blue) = segment.DisplayColour;
            var (l, a, b) = CieLab.FromRgb(red, green, blue);
            item.Set(DicomTags.RecommendedDisplayCIELabValue, (long)l, (long)a, (long)b);
        }

        if (segment is { TrackingId: { } id, TrackingUid: { } uid })
        {
            item.Set(DicomTags.TrackingID, id);
            item.Set(DicomTags.TrackingUID, uid);
        }

        item.Remove(DicomTags.SpecificCharacterSet);
        return item;
    }

    /// <exception cref="DicomException">InvalidPixels where number or codes are missing.</exception>
    public static Segment Read(DicomDataset item)
    {
        var colour = item.GetInt32s(DicomTags.RecommendedDisplayCIELabValue);
        return new Segment(
            item.GetInt32(DicomTags.SegmentNumber) ?? throw PixelErrors.Invalid("A segment has no number", DicomTags.SegmentNumber),
            item.GetString(DicomTags.SegmentLabel) ?? "",
            Code(item, DicomTags.SegmentedPropertyCategoryCodeSequence),
            Code(item, DicomTags.SegmentedPropertyTypeCodeSequence),
            item.GetString(DicomTags.SegmentAlgorithmName) ?? "",
            item.GetString(DicomTags.TrackingID),
            item.GetUid(DicomTags.TrackingUID))
        {
            TypeModifiers = item.GetSequence(DicomTags.SegmentedPropertyTypeCodeSequence) is [var type, ..]
                ? [.. type.GetSequence(DicomTags.SegmentedPropertyTypeModifierCodeSequence).Select(CodedConcept.FromItem).OfType<CodedConcept>()]
                : [],
            AnatomicRegion = item.GetSequence(DicomTags.AnatomicRegionSequence) is [var region, ..] ? CodedConcept.FromItem(region) : null,
            Colour = colour.Count == 3 ? CieLab.ToRgb(colour[0], colour[1], colour[2]) : null,
        };
    }

    private static CodedConcept Code(DicomDataset item, DicomTag sequence) =>
        item.GetSequence(sequence) is [var code, ..] && CodedConcept.FromItem(code) is { } concept
            ? concept
            : throw PixelErrors.Invalid("A segment has no code", sequence);
}
