using Platform.Dicom.Volumes;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

/// <summary>Every way of resampling against SciPy, which is given both affines and computes positions by itself.</summary>
public sealed class ScipyResamplingTests(Scipy scipy) : IClassFixture<Scipy>
{
    private const int Cases = 60;
    private const double GreatestOfRange = 1e-6;

    [Theory]
    [InlineData(Interpolation.Nearest, 0)]
    [InlineData(Interpolation.Linear, 1)]
    [InlineData(Interpolation.Cubic, 3)]
    public void Any_grid_has_the_values_that_scipy_gives_it(Interpolation interpolation, int order)
    {
        var random = new Random(41);
        var greatest = 0.0;
        for (var i = 0; i < Cases; i++)
        {
            var source = Scan(random, i);
            var target = Target(random, source.Grid, i);

            var ours = Resampling.To(target, source, interpolation, 1 + (i % 3), TestContext.Current.CancellationToken);
            var theirs = scipy.Resample(source, target, order, "nearest");

            var range = Math.Max(1, source.Voxels.Max() - source.Voxels.Min());
            for (var v = 0; v < theirs.Length; v++)
            {
                var difference = Math.Abs(ours.Voxels[v] - theirs[v]) / range;
                if (difference <= GreatestOfRange)
                {
                    greatest = Math.Max(greatest, difference);
                }
                else if (interpolation != Interpolation.Nearest || !IsHalfway(source.Grid, target, v, 1e-6))
                {
                    Assert.Fail($"case {i}, voxel {v}: {difference:0.0e0} of the range, {source.Grid} to {target}");
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"greatest difference {greatest:0.0e0} of the range"));
    }

    [Fact]
    public void Labels_are_those_that_scipy_finds_nearest()
    {
        var random = new Random(42);
        for (var i = 0; i < Cases; i++)
        {
            var scan = Scan(random, i);
            var labels = scan.Voxels.Select(_ => (byte)random.Next(1, 4)).ToArray();
            var target = Target(random, scan.Grid, i);

            var ours = Resampling.Labels(labels, scan.Grid, target, 2, TestContext.Current.CancellationToken);
            var theirs = scipy.Resample(scan with { Voxels = [.. labels.Select(l => (float)l)] }, target, 0, "grid-constant");

            for (var v = 0; v < theirs.Length; v++)
            {
                // A header's rounding of the directions is none for labels; see Resampling.
                if (ours[v] != theirs[v] && !IsHalfway(scan.Grid, target, v, 2e-3))
                {
                    Assert.Fail($"case {i}, voxel {v}: {ours[v]} for {theirs[v]}");
                }
            }
        }
    }

    /// <summary>Noise, the hardest of images, on grids of all shapes: a voxel thin, anisotropic, oblique, sheared, left-handed.</summary>
    private static Volume Scan(Random random, int i)
    {
        int Size() => random.Next(4) == 0 ? random.Next(1, 4) : random.Next(4, 20);
        double Spacing() => 0.4 + (1.6 * random.NextDouble());
        var axes = Directions(random, i % 4);
        var shear = i % 5 == 4 ? axes[1] * 0.2 : new Vector3D(0, 0, 0);
        var affine = new Affine(
            axes[0] * Spacing(), axes[1] * Spacing(), (axes[2] + shear) * (Spacing() * (i % 3 == 0 ? -1 : 1)),
            new(random.Next(-300, 300) + random.NextDouble(), random.Next(-300, 300), random.Next(-900, 900)));
        var grid = new Grid(Size(), Size(), Size(), affine);
        return new(grid, [.. Enumerable.Range(0, grid.Length).Select(_ => (float)((random.NextDouble() * 4095) - 1024))]);
    }

    /// <summary>What a model may want of the scan, and grids that reach far outside it or hardly touch it.</summary>
    private static Grid Target(Random random, Grid scan, int i)
    {
        double Spacing() => 0.7 + (1.8 * random.NextDouble());
        if (i % 6 != 5)
        {
            string[] codes = ["LPS", "RAS", "AIL", "SPL", "PIR"];
            return Grid.ForModel(
                scan, OrientationCode.Parse(codes[random.Next(codes.Length)]), i % 2 == 1, i % 7 == 6 ? null : [Spacing(), Spacing(), Spacing()]);
        }

        var axes = Directions(random, 3);
        var origin = scan.Affine.ToPatient(random.Next(-15, 15), random.Next(-15, 15), random.Next(-15, 15));
        return new(random.Next(1, 12), random.Next(1, 12), random.Next(1, 300), new(axes[0] * Spacing(), axes[1] * Spacing(), axes[2] * Spacing(), origin));
    }

    /// <summary>0: the patient's own axes; 1: others of them; 2: hardly turned, as headers round; 3: turned at will.</summary>
    private static Vector3D[] Directions(Random random, int kind)
    {
        var angle = kind switch { 2 => 1e-5 * random.NextDouble(), 3 => Math.PI * random.NextDouble(), _ => 0 };
        var (c, s) = (Math.Cos(angle), Math.Sin(angle));
        var (d, t) = (Math.Cos(angle * 0.7), Math.Sin(angle * 0.7));
        Vector3D[] axes = [new(c, s, 0), new(-s * d, c * d, t), new(s * t, -c * t, d)];
        return kind == 1 ? [axes[1], axes[2], axes[0]] : axes;
    }

    /// <summary>A position so near to halfway between two voxels, or to the end of the last one, that rounding decides.</summary>
    private static bool IsHalfway(Grid source, Grid target, int v, double nearness)
    {
        var p = source.Affine.ToIndex(target.Affine.ToPatient(
            v % target.Width, v / target.Width % target.Height, v / target.Width / target.Height));
        return new[] { p.X, p.Y, p.Z }.Any(x => Math.Abs(x - Math.Floor(x) - 0.5) < nearness);
    }
}
