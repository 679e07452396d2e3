using Platform.Dicom.Volumes;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class GridTests
{
    public static TheoryData<double[], double[], double[], int[]> Planes => new()
    {
        // row direction, column direction, slice direction of the scan; which scan axis (x, y, z) becomes x, y, z
        { [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 2] },
        { [1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 1, 2] },
        { [0, 1, 0], [0, 0, -1], [-1, 0, 0], [2, 0, 1] },
        { [1, 0, 0], [0, 0, -1], [0, 1, 0], [0, 2, 1] },
        { [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 1, 2] },
    };

    [Theory]
    [MemberData(nameof(Planes))]
    public void Axial_coronal_and_sagittal_scans_come_to_the_patients_axes_voxel_for_voxel(
        double[] row, double[] column, double[] slice, int[] from)
    {
        var affine = new Affine(V(row) * 0.5, V(column) * 0.75, V(slice) * 2, new Vector3D(-11, 7, 30));
        var source = Numbered(new Grid(4, 5, 6, affine));
        var steps = new[] { 0.5, 0.75, 2 };
        var counts = new[] { 6, 5, 4 };

        var grid = Grid.ForModel(source.Grid, OrientationCode.Lps, false, null);
        var volume = Resampling.To(grid, source, Interpolation.Linear, 1, CancellationToken.None);

        Assert.Equal((counts[from[0]], counts[from[1]], counts[from[2]]), (grid.Width, grid.Height, grid.Depth));
        Close(new Vector3D(steps[from[0]], 0, 0), grid.Affine.ColumnStep);
        Close(new Vector3D(0, steps[from[1]], 0), grid.Affine.RowStep);
        Close(new Vector3D(0, 0, steps[from[2]]), grid.Affine.SliceStep);
        for (var z = 0; z < grid.Depth; z++)
        {
            for (var y = 0; y < grid.Height; y++)
            {
                for (var x = 0; x < grid.Width; x++)
                {
                    var at = source.Grid.Affine.ToIndex(grid.Affine.ToPatient(x, y, z));
                    Assert.Equal(Number(at), volume.Voxels[(((z * grid.Height) + y) * grid.Width) + x]);
                }
            }
        }
    }

    [Fact]
    public void An_oblique_scan_keeps_its_own_axes_nearest_to_the_patients()
    {
        var (c, s) = (Math.Cos(0.4), Math.Sin(0.4));
        var affine = new Affine(new(0, c, s), new(0, s, -c), new(-1.5, 0, 0), new(3, 4, 5));
        var source = new Grid(10, 20, 30, affine);

        var grid = Grid.ForModel(source, OrientationCode.Lps, false, [1, 1, 1]);

        Assert.Equal((15, 30, 20), (grid.Width, grid.Height, grid.Depth));
        Close(new(1, 0, 0), grid.Affine.ColumnStep);
        Close(new(0, c, s), grid.Affine.RowStep);
        Close(new(0, -s, c), grid.Affine.SliceStep);
        Close(source.Affine.ToPatient(14.5, 9.5, 4.5), grid.Affine.ToPatient(7, 14.5, 9.5));
    }

    [Fact]
    public void On_the_patients_axes_an_oblique_scan_is_covered_whole()
    {
        var (c, s) = (Math.Cos(0.4), Math.Sin(0.4));
        var source = new Grid(10, 20, 30, new Affine(new(c, s, 0), new(-s, c, 0), new(0, 0, 2), new(3, 4, 5)));

        var grid = Grid.ForModel(source, OrientationCode.Lps, true, [1, 1, 1]);

        Close(new(1, 0, 0), grid.Affine.ColumnStep);
        Assert.Equal((int)Math.Round((30 * c) + (20 * s)), grid.Width);
        Assert.Equal(20, grid.Depth);
    }

    [Fact]
    public void Another_orientation_turns_the_axes_round()
    {
        Assert.True(OrientationCode.TryParse("RAS", out var ras));
        var source = new Grid(4, 5, 6, Affine.Axial(1, 1, 1, new Vector3D(0, 0, 0)));

        var grid = Grid.ForModel(source, ras, false, null);

        Close(new(-1, 0, 0), grid.Affine.ColumnStep);
        Close(new(5, 4, 0), grid.Affine.Origin);
    }

    internal static void Close(Vector3D expected, Vector3D actual) =>
        Assert.True((expected - actual).Length < 1e-9, $"expected {expected}, was {actual}");

    private static Vector3D V(double[] v) => new(v[0], v[1], v[2]);

    private static float Number(Vector3D index) => (float)Math.Round(index.X + (10 * index.Y) + (100 * index.Z));

    private static Volume Numbered(Grid grid)
    {
        var voxels = new float[grid.Length];
        for (var i = 0; i < voxels.Length; i++)
        {
            voxels[i] = Number(new(i % grid.Width, i / grid.Width % grid.Height, i / grid.Width / grid.Height));
        }

        return new(grid, voxels);
    }
}
