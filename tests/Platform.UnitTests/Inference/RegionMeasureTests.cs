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
}
