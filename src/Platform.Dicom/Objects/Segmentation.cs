using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>A segmentation as a label volume with its segments.</summary>
/// <param name="Labels">One byte a voxel in order slice, row, column (x fastest): 0 or a segment's number.</param>
/// <param name="Affine">From index (column, row, slice) to LPS millimetres.</param>
/// <param name="Segments">In order of their numbers.</param>
public sealed record Segmentation(
    byte[] Labels, int Columns, int Rows, int Slices, Affine Affine, IReadOnlyList<Segment> Segments);

/// <summary>A segmentation as a label volume whose segments may have numbers up to 65,535.</summary>
/// <param name="Labels">In order slice, row, column (x fastest): 0 or a segment's number.</param>
/// <param name="Affine">From index (column, row, slice) to LPS millimetres.</param>
/// <param name="Segments">In order of their numbers.</param>
public sealed record WideSegmentation(
    ushort[] Labels, int Columns, int Rows, int Slices, Affine Affine, IReadOnlyList<Segment> Segments);

/// <summary>A segmentation as a volume for each segment: fractions, or segments that may overlap.</summary>
/// <param name="Masks">For each of <paramref name="Segments"/>, one byte a voxel in order slice, row, column: 0 to <paramref name="Maximum"/>.</param>
/// <param name="Maximum">The value that stands for all of it: Maximum Fractional Value, 1 where the segmentation is not fractional.</param>
/// <param name="Fraction">What a fraction means; null where the segmentation is not fractional.</param>
/// <param name="Affine">From index (column, row, slice) to LPS millimetres.</param>
/// <param name="Segments">In order of their numbers.</param>
public sealed record SegmentMasks(
    IReadOnlyList<byte[]> Masks,
    int Maximum,
    FractionKind? Fraction,
    int Columns,
    int Rows,
    int Slices,
    Affine Affine,
    IReadOnlyList<Segment> Segments);

/// <summary>What the fractions of a segmentation mean (0062,0010), PS3.3 §C.8.20.2.3.2.</summary>
public enum FractionKind
{
    /// <summary>The probability that the voxel belongs to the segment.</summary>
    Probability,

    /// <summary>The part of the voxel that the segment fills.</summary>
    Occupancy,
}
