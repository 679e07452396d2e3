using Platform.Dicom.Volumes;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class ResamplingTests
{
    private static readonly Affine Oblique = Rotated(0.3, 0.5, new(0.9, 0.7, 1.6), new(-20, 12, 5));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_plane_through_patient_space_comes_back_exactly_inside_the_scan(bool followsPatient)
    {
        // Trilinear interpolation reproduces every function a + bx + cy + dz.
        var source = Sampled(new Grid(14, 22, 18, Oblique), p => 100 + (3 * p.X) - (2 * p.Y) + (5 * p.Z));

        var grid = Grid.ForModel(source.Grid, OrientationCode.Lps, followsPatient, [1.1, 0.8, 1.3]);
        var volume = Resampling.To(grid, source, Interpolation.Linear, 2, CancellationToken.None);

        var inside = 0;
        ForEach(grid, (at, i) =>
        {
            var p = grid.Affine.ToPatient(at.X, at.Y, at.Z);
            var index = source.Grid.Affine.ToIndex(p);
            if (index.X is >= 0 and <= 17 && index.Y is >= 0 and <= 21 && index.Z is >= 0 and <= 13)
            {
                inside++;
                Assert.Equal(100 + (3 * p.X) - (2 * p.Y) + (5 * p.Z), volume.Voxels[i], 1e-3);
            }
        });
        Assert.True(inside > 1000);
    }

    [Fact]
    public void Every_voxel_is_the_closed_form_of_its_eight_neighbours()
    {
        var random = new Random(5);
        var source = Sampled(new Grid(7, 9, 8, Oblique), _ => random.NextDouble());
        var scan = Grid.ForModel(source.Grid, OrientationCode.Lps, false, [0.61, 0.53, 0.97]);
        var patient = Grid.ForModel(source.Grid, OrientationCode.Lps, true, [0.61, 0.53, 0.97]);
        foreach (var grid in new[] { scan, patient })
        {
            var volume = Resampling.To(grid, source, Interpolation.Linear, 1, CancellationToken.None);

            ForEach(grid, (at, i) =>
            {
                var p = source.Grid.Affine.ToIndex(grid.Affine.ToPatient(at.X, at.Y, at.Z));
                Assert.Equal(ClosedForm(source, p), volume.Voxels[i], 2e-6);
            });
        }
    }

    [Fact]
    public void The_same_grid_gives_the_same_bits_however_many_threads()
    {
        var random = new Random(6);
        var source = Sampled(new Grid(5, 6, 7, Affine.Axial(0.7, 0.7, 3, new(1, 2, 3))), _ => random.NextDouble());

        Assert.Equal(source.Voxels, Resampling.To(source.Grid, source, Interpolation.Linear, 1, CancellationToken.None).Voxels);

        var grid = Grid.ForModel(source.Grid, OrientationCode.Lps, false, [0.5, 0.9, 1]);
        var one = Resampling.To(grid, source, Interpolation.Linear, 1, CancellationToken.None);
        var four = Resampling.To(grid, source, Interpolation.Linear, 4, CancellationToken.None);
        Assert.Equal(one.Voxels, four.Voxels);
    }

    [Fact]
    public void Labels_come_back_to_the_scan_where_they_were()
    {
        // A ball in patient space, labelled on the model's grid, must be that ball on the scan up to a voxel of either.
        var scan = new Grid(20, 40, 36, Oblique);
        var model = Grid.ForModel(scan, OrientationCode.Lps, true, [1, 1, 1]);
        var centre = scan.Affine.ToPatient(18, 20, 10);
        var labels = new byte[model.Length];
        ForEach(model, (at, i) => labels[i] = (byte)((model.Affine.ToPatient(at.X, at.Y, at.Z) - centre).Length < 7 ? 3 : 0));

        var back = Resampling.Labels(labels, model, scan, 2, CancellationToken.None);

        ForEach(scan, (at, i) =>
        {
            var distance = (scan.Affine.ToPatient(at.X, at.Y, at.Z) - centre).Length;
            if (Math.Abs(distance - 7) > 0.9)
            {
                Assert.Equal(distance < 7 ? 3 : 0, back[i]);
            }
        });
        Assert.Contains((byte)3, back);
    }

    private static double ClosedForm(Volume source, Vector3D p)
    {
        var grid = source.Grid;
        var sum = 0.0;
        var (x, y, z) = (Math.Clamp(p.X, 0, grid.Width - 1), Math.Clamp(p.Y, 0, grid.Height - 1), Math.Clamp(p.Z, 0, grid.Depth - 1));
        for (var k = (int)z; k <= Math.Min((int)z + 1, grid.Depth - 1); k++)
        {
            for (var j = (int)y; j <= Math.Min((int)y + 1, grid.Height - 1); j++)
            {
                for (var i = (int)x; i <= Math.Min((int)x + 1, grid.Width - 1); i++)
                {
                    var weight = (1 - Math.Abs(z - k)) * (1 - Math.Abs(y - j)) * (1 - Math.Abs(x - i));
                    sum += weight * source.Voxels[(((k * grid.Height) + j) * grid.Width) + i];
                }
            }
        }

        return sum;
    }

    private static Volume Sampled(Grid grid, Func<Vector3D, double> value)
    {
        var voxels = new float[grid.Length];
        ForEach(grid, (at, i) => voxels[i] = (float)value(grid.Affine.ToPatient(at.X, at.Y, at.Z)));
        return new(grid, voxels);
    }

    private static void ForEach(Grid grid, Action<(int X, int Y, int Z), int> visit)
    {
        for (var i = 0; i < grid.Length; i++)
        {
            visit((i % grid.Width, i / grid.Width % grid.Height, i / grid.Width / grid.Height), i);
        }
    }

    private static Affine Rotated(double a, double b, Vector3D spacing, Vector3D origin)
    {
        var (ca, sa, cb, sb) = (Math.Cos(a), Math.Sin(a), Math.Cos(b), Math.Sin(b));
        return new(
            new Vector3D(ca, sa, 0) * spacing.X,
            new Vector3D(-sa * cb, ca * cb, sb) * spacing.Y,
            new Vector3D(sa * sb, -ca * sb, cb) * spacing.Z,
            origin);
    }
}
