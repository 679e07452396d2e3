using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class RegionMeasureTests
{
    [Fact]
    public void A_box_is_measured_in_the_patients_millimetres()
    {
        // Sagittal: rows run to posterior, columns to the feet, slices to the right.
        var grid = new Grid(4, 5, 6, new Affine(new(0, 0.5, 0), new(0, 0, -2), new(-3, 0, 0), new(100, 10, 50)));
        var labels = new byte[grid.Length];
        foreach (var (x, y, z) in from x in new[] { 1, 2 } from y in new[] { 3 } from z in new[] { 0, 1 } select (x, y, z))
        {
            labels[(((z * 5) + y) * 6) + x] = (byte)(z + 1);
        }

        var region = RegionMeasure.Of(labels, grid, [1, 2])!;

        Assert.Equal(4, region.Voxels);
        Assert.Equal(4 * 3.0, region.VolumeMm3, 1e-9);
        GridTests.Close(new(98.5, 10.75, 44), region.CentreMm);
        GridTests.Close(new(95.5, 10.25, 43), region.MinimumMm);
        GridTests.Close(new(101.5, 11.25, 45), region.MaximumMm);
        Assert.Null(RegionMeasure.Of(labels, grid, [3]));
    }

    [Fact]
    public void Labels_are_measured_together_or_alone_as_their_voxels_say()
    {
        var random = new Random(7);
        var grid = new Grid(5, 6, 37, new Affine(new(0.8, 0.1, 0), new(-0.1, 0.8, 0.2), new(0.1, -0.3, 2.5), new(-20, 14, 3)));
        byte[] labels = [.. Enumerable.Range(0, grid.Length).Select(_ => (byte)Math.Max(0, random.Next(-4, 4)))];
        var sums = new RegionSums(labels, grid);

        foreach (var wanted in (byte[][])[[1], [3], [1, 3], [1, 2, 3]])
        {
            var at = Enumerable.Range(0, labels.Length).Where(i => wanted.Contains(labels[i])).Select(i => (X: i % 37, Y: i / 37 % 6, Z: i / 37 / 6)).ToList();
            var points = at.ConvertAll(p => grid.Affine.ToPatient(p.X, p.Y, p.Z));
            var region = sums.Of(wanted)!;

            Assert.Equal(at.Count, region.Voxels);
            GridTests.Close(grid.Affine.ToPatient(at.Average(p => p.X), at.Average(p => p.Y), at.Average(p => p.Z)), region.CentreMm);
            Assert.Equal(points.Max(p => p.Z) - points.Min(p => p.Z) + 2.5 + 0.2, region.MaximumMm.Z - region.MinimumMm.Z, 1e-9);
            Assert.Equal(points.Min(p => p.X) - 0.5, region.MinimumMm.X, 1e-9);
        }

        Assert.Null(sums.Of([200]));
    }
}
