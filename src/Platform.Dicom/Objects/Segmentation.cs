using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>A segmentation as a label volume with its segments.</summary>
/// <param name="Labels">One byte a voxel in order slice, row, column (x fastest): 0 or a segment's number.</param>
/// <param name="Affine">From index (column, row, slice) to LPS millimetres.</param>
/// <param name="Segments">In order of their numbers.</param>
public sealed record Segmentation(
    byte[] Labels, int Columns, int Rows, int Slices, Affine Affine, IReadOnlyList<Segment> Segments);
