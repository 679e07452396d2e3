namespace Platform.Dicom.Volumes;

/// <summary>
/// Maps a voxel index (x = column, y = row, z = slice; centres of voxels are integers) to patient space (LPS, millimetres):
/// <c>Origin + x·ColumnStep + y·RowStep + z·SliceStep</c>. Steps need not be orthogonal: a tilted gantry shears.
/// </summary>
/// <param name="ColumnStep">From a voxel to the one in the next column of the same row.</param>
/// <param name="RowStep">From a voxel to the one in the next row of the same column.</param>
/// <param name="SliceStep">From a voxel to the one in the next slice.</param>
/// <param name="Origin">Centre of voxel (0, 0, 0).</param>
public sealed record Affine(Vector3D ColumnStep, Vector3D RowStep, Vector3D SliceStep, Vector3D Origin)
{
    /// <summary>Volume of one voxel in cubic millimetres, negative for a left-handed index space.</summary>
    public double SignedVoxelVolumeMm3 => ColumnStep.Cross(RowStep).Dot(SliceStep);

    /// <summary>Lengths of the three steps in millimetres: column (x), row (y), slice (z).</summary>
    public Vector3D SpacingMm => new(ColumnStep.Length, RowStep.Length, SliceStep.Length);

    /// <summary>An axis-aligned grid: x to the left, y to posterior, z to the head.</summary>
    public static Affine Axial(double columnSpacingMm, double rowSpacingMm, double sliceSpacingMm, Vector3D origin) =>
        new(new(columnSpacingMm, 0, 0), new(0, rowSpacingMm, 0), new(0, 0, sliceSpacingMm), origin);

    /// <summary>From a 4×4 matrix, row by row, whose last row is 0 0 0 1.</summary>
    public static Affine FromMatrix(ReadOnlySpan<double> m)
    {
        if (m.Length != 16 || m[12] != 0 || m[13] != 0 || m[14] != 0 || m[15] != 1)
        {
            throw new ArgumentException("An affine is a 4×4 matrix whose last row is 0 0 0 1.", nameof(m));
        }

        return new(new(m[0], m[4], m[8]), new(m[1], m[5], m[9]), new(m[2], m[6], m[10]), new(m[3], m[7], m[11]));
    }

    /// <summary>The 4×4 matrix, row by row.</summary>
    public double[] ToMatrix() =>
    [
        ColumnStep.X, RowStep.X, SliceStep.X, Origin.X,
        ColumnStep.Y, RowStep.Y, SliceStep.Y, Origin.Y,
        ColumnStep.Z, RowStep.Z, SliceStep.Z, Origin.Z,
        0, 0, 0, 1,
    ];

    /// <summary>Patient point of an index, which may lie between voxels.</summary>
    public Vector3D ToPatient(double x, double y, double z) => Origin + (ColumnStep * x) + (RowStep * y) + (SliceStep * z);

    /// <summary>Index (x, y, z) of a patient point.</summary>
    public Vector3D ToIndex(Vector3D point)
    {
        var p = point - Origin;
        var volume = SignedVoxelVolumeMm3;
        return new(
            p.Dot(RowStep.Cross(SliceStep)) / volume,
            p.Dot(SliceStep.Cross(ColumnStep)) / volume,
            p.Dot(ColumnStep.Cross(RowStep)) / volume);
    }

    /// <summary>The affine from patient points to indices, as an affine.</summary>
    public Affine Inverse()
    {
        var volume = SignedVoxelVolumeMm3;
        var a = RowStep.Cross(SliceStep) * (1 / volume);
        var b = SliceStep.Cross(ColumnStep) * (1 / volume);
        var c = ColumnStep.Cross(RowStep) * (1 / volume);
        return new(
            new(a.X, b.X, c.X), new(a.Y, b.Y, c.Y), new(a.Z, b.Z, c.Z), new(-a.Dot(Origin), -b.Dot(Origin), -c.Dot(Origin)));
    }
}
