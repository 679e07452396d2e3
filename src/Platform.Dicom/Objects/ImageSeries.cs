using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>A volume that becomes a series of single-frame images.</summary>
public sealed record ImageSeries
{
    /// <summary>MR or CT.</summary>
    public required string Modality { get; init; }

    public required int Columns { get; init; }

    public required int Rows { get; init; }

    public required int Slices { get; init; }

    /// <summary>From index (column, row, slice) to LPS millimetres; columns and rows orthogonal.</summary>
    public required Affine Affine { get; init; }

    /// <summary>Modality values in order slice, row, column (x fastest).</summary>
    public required ReadOnlyMemory<float> Voxels { get; init; }

    public required string StudyInstanceUid { get; init; }

    public required string SeriesInstanceUid { get; init; }

    public required string FrameOfReferenceUid { get; init; }

    /// <summary>SOP Instance UID of each slice index.</summary>
    public required Func<int, string> SopInstanceUid { get; init; }

    /// <summary>Attributes of patient, study, series, equipment and acquisition; they override the writer's defaults, not its geometry.</summary>
    public DicomDataset? Attributes { get; init; }
}
