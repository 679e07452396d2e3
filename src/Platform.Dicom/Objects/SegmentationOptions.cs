namespace Platform.Dicom.Objects;

/// <summary>What the caller decides of a segmentation instance.</summary>
public sealed record SegmentationOptions : DerivedObjectOptions
{
    public SegmentationOptions() => SeriesDescription = "Segmentation";

    /// <summary>Code string: upper-case letters, digits, space, underscore.</summary>
    public string ContentLabel { get; init; } = "SEGMENTATION";

    public string ContentDescription { get; init; } = "";

    /// <summary>
    /// Instances from which it was made beside the segmented series: further series, earlier studies, other segmentations (PS3.3 §C.12.4, §C.12.2).
    /// </summary>
    public IReadOnlyList<InstanceReference> FurtherSources { get; init; } = [];
}
