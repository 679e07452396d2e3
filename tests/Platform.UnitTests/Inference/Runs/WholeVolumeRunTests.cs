using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of a classification or a regression on a volume as a whole, from stored bytes to a written result.</summary>
public sealed class WholeVolumeRunTests : IDisposable
{
    // Slices from left to right, rows downwards, columns backwards.
    private static readonly Affine Sagittal = new(new(0, 1, 0), new(0, 0, -1), new(-1, 0, 0), new(13.5, -10, 9));

    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task The_bright_half_is_the_patients_however_the_slices_lie()
    {
        // The middle of 28 mm from left to right is 20 mm wide: of the left half 10.
        var sagittal = await RunAsync("lobes", "MR", (x, y, z) => z < 14 ? 900 : 0, 20, 20, 28, Sagittal);
        var axial = await RunAsync("lobes", "MR", (x, y, z) => x < 14 ? 900 : 0, 28, 20, 20, Affine.Axial(1, 1, 1, new(-13.5, -10, 0)));

        var left = Assert.Single(sagittal.Findings);
        Assert.Equal(("LEFT-BRIGHT", "52101004"), (left.Concept.Value, left.Evaluation!.Value));
        Assert.Equal(1 / (1 + Math.Exp(-4)), left.Probability!.Value, 1e-3);
        Assert.Equal((null, null, null, Phantom.SeriesUid), (left.CentreMm, left.BoxMm, left.SegmentNumber, left.SeriesInstanceUid));
        Assert.Equal([("LEFT-BRIGHT", "2667000"), ("RIGHT-BRIGHT", "52101004")], axial.Findings.Select(f => (f.Concept.Value, f.Evaluation!.Value)));
    }

    [Fact]
    public async Task A_volume_smaller_than_the_graph_takes_has_a_border()
    {
        // 8 x 8 x 10 mm of 1000: 4 x 4 x 5 of 6 x 8 x 10 voxels.
        var result = await RunAsync("lobes", "MR", (_, _, _) => 1000, 10, 8, 8, Affine.Axial(1, 1, 1, new(0, 0, 0)));

        var mean = 4 * 4 * 2 / (6 * 8 * 5.0); // two and a half columns of five on the left, of which two lie there
        Assert.Equal(1 / (1 + Math.Exp(-((10 * mean) - 5))), Assert.Single(result.Findings).Probability!.Value, 1e-3);
    }

    [Fact]
    public async Task Values_of_a_volume_of_any_size_are_measured_and_those_beyond_the_model_not_reported()
    {
        var inside = await RunAsync("level", "CT", (_, _, z) => 10 * z, 24, 20, 8, Affine.Axial(0.7, 0.7, 5, new(0, 0, 0)));
        var beyond = await RunAsync("level", "CT", (_, _, _) => 700, 24, 20, 8, Affine.Axial(0.7, 0.7, 5, new(0, 0, 0)));

        Assert.Equal([35, 55], inside.Findings.Select(f => Assert.Single(f.Measurements).Value), (a, b) => Math.Abs(a - b) < 0.01);
        Assert.Equal(["SCAN", "UPPER"], inside.Findings.Select(f => f.Concept.Value));
        Assert.Equal("SCAN", Assert.Single(beyond.Findings).Concept.Value);
        Assert.Single(beyond.Notes);
    }

    [Fact]
    public async Task The_report_rests_on_every_image_and_points_at_none()
    {
        var result = await RunAsync("level", "CT", (x, _, _) => x, 8, 8, 5, Affine.Axial(1, 1, 1, new(0, 0, 0)));
        var report = MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset);

        Assert.Single(result.Objects); // no key images
        Assert.Equal(Enumerable.Range(1, 5).Select(i => $"2.25.3000.{i}"), report.Images.Select(i => i.SopInstanceUid));
        Assert.Equal(2, report.Groups.Count);
        Assert.All(report.Groups, g => Assert.Empty(g.SourceImages));
    }

    [Fact]
    public async Task The_same_volume_gives_the_same_hash_in_another_run_and_another_one_another()
    {
        var affine = Affine.Axial(1, 1, 1, new(0, 0, 0));
        var first = await RunAsync("level", "CT", (x, y, z) => x + y + z, 8, 8, 5, affine);
        var again = await RunAsync("level", "CT", (x, y, z) => x + y + z, 8, 8, 5, affine);
        var other = await RunAsync("level", "CT", (x, y, z) => x + y + z + 1, 8, 8, 5, affine);

        Assert.Equal(first.ResultHash, again.ResultHash);
        Assert.NotEqual(first.ResultHash, other.ResultHash);
    }

    private async Task<RunResult> RunAsync(
        string package, string modality, Func<int, int, int, float> value, int columns, int rows, int slices, Affine affine)
    {
        List<DicomFile> files = [.. ImageSeriesWriter.Write(Phantom.Series(value, columns, rows, slices, modality, affine))];
        return await store.ResultAsync(await store.StoreAsync(package, modality, files));
    }
}
