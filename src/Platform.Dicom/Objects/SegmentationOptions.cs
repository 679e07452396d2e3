namespace Platform.Dicom.Objects;

/// <summary>What the caller decides of a segmentation instance.</summary>
public sealed record SegmentationOptions : DerivedObjectOptions
{
    public SegmentationOptions() => SeriesDescription = "Segmentation";

    /// <summary>Code string: upper-case letters, digits, space, underscore.</summary>
    public string ContentLabel { get; init; } = "SEGMENTATION";

    public string ContentDescription { get; init; } = "";
}
