using System.Text.Json.Nodes;
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

    [Fact]
    public async Task A_heat_map_lies_over_the_part_of_the_series_that_was_read()
    {
        // Of 28 × 24 × 20 mm the middle 20 × 16 × 12 mm go in, as 10 × 8 × 6 voxels; the map has two places along each axis.
        var series = Phantom.Series((x, _, _) => x < 14 ? 900 : 0, 28, 24, 10, "MR", Affine.Axial(1, 1, 2, new(-13.5, -10, 0)));
        List<DicomFile> files = [.. ImageSeriesWriter.Write(series)];

        var result = await store.ResultAsync(await store.StoreAsync("lobes", "MR", files, WithHeat, Places()));

        Assert.Equal(1, Assert.Single(result.Findings).SegmentNumber);
        var file = await store.ObjectAsync(result, "heat-map.dcm");
        var geometry = SeriesGeometry.Read([.. files.Select(f => f.Dataset)]).Geometry!;
        var read = SegmentationReader.ReadMasksOnto(file, geometry);
        Assert.Equal((byte.MaxValue, FractionKind.Probability), (read.Maximum, read.Fraction!.Value));
        Assert.Equal(result.Findings[0].TrackingUid, Assert.Single(read.Segments).TrackingUid);
        byte At(int x, int y, int z) => read.Masks[0][(((z * 24) + y) * 28) + x];

        // A window of 1,000 makes 0.9 of 900, and what is drawn begins at 0.5: 0.8 of 255. The places' centres lie 10 mm apart.
        Assert.Equal(204, At(6, 12, 5));
        Assert.Equal(0, At(20, 12, 5));
        Assert.InRange(At(11, 12, 5), 88, 90); // a quarter of the way to the dark half: 0.35 of 255
        Assert.Equal((0, 0, 0), (At(3, 12, 5), At(6, 3, 5), At(6, 12, 1)));
        Assert.Equal((204, 204, 204), (At(4, 12, 5), At(6, 4, 5), At(6, 12, 2)));

        var outlines = await store.OutlinesAsync(result);
        Assert.Equal(6, outlines.HeatMaps!.Count);
        Assert.All(outlines.HeatMaps, map => Assert.Equal([0, 0, 28, 24], map.Box));
        Assert.Equal(At(6, 12, 5), outlines.HeatMaps[0].Values[(12 * outlines.HeatMaps[0].Columns) + 6]);
        var group = Assert.Single(MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset).Groups);
        Assert.Equal(file.Dataset.GetUid(DicomTags.SOPInstanceUID), group.Segment!.Value.Instance.SopInstanceUid);
    }

    [Fact]
    public async Task Without_evidence_there_is_no_heat_map()
    {
        var series = Phantom.Series((_, _, _) => 100, 28, 24, 10, "MR", Affine.Axial(1, 1, 2, new(-13.5, -10, 0)));

        var result = await store.ResultAsync(await store.StoreAsync("lobes", "MR", [.. ImageSeriesWriter.Write(series)], WithHeat, Places()));

        Assert.Null(Assert.Single(result.Findings).SegmentNumber);
        Assert.DoesNotContain(result.Objects, o => o.Blob.EndsWith("heat-map.dcm", StringComparison.Ordinal));
        Assert.Null((await store.OutlinesAsync(result)).HeatMaps);
    }

    private static void WithHeat(JsonNode manifest)
    {
        var output = manifest["outputs"]![0]!;
        output["classes"]!.AsArray().RemoveAt(1);
        output["calibration"]!["slope"] = new JsonArray(10);
        output["calibration"]!["intercept"] = new JsonArray(-2);
        output["heatMap"] = new JsonObject { ["name"] = "heat", ["label"] = 0, ["from"] = 0.5 };
        manifest.AsObject().Remove("golden");
    }

    /// <summary>The mean of 6 × 8 × 10 voxels, and as a map those of their eight corners.</summary>
    private static byte[] Places()
    {
        byte[] mean = [.. OnnxBytes.Text(1, "image"), .. OnnxBytes.Text(2, "means"), .. OnnxBytes.Text(4, "GlobalAveragePool")];
        byte[] flat = [.. OnnxBytes.Text(1, "means"), .. OnnxBytes.Text(2, "numbers"), .. OnnxBytes.Text(4, "Flatten")];
        byte[] heat =
        [
            .. OnnxBytes.Text(1, "image"), .. OnnxBytes.Text(2, "heat"), .. OnnxBytes.Text(4, "AveragePool"), .. Lengths("kernel_shape"), .. Lengths("strides"),
        ];
        return OnnxBytes.Bare(
        [
            .. TestPackages.Field(1, mean), .. TestPackages.Field(1, flat), .. TestPackages.Field(1, heat), .. OnnxBytes.Text(2, "places"),
            .. TestPackages.Field(11, OnnxBytes.Value("image", 1, 1, 6, 8, 10)), .. TestPackages.Field(12, OnnxBytes.Value("numbers", 1, 1)),
            .. TestPackages.Field(12, OnnxBytes.Value("heat", 1, 1, 2, 2, 2)),
        ]);

        static byte[] Lengths(string name) => TestPackages.Field(5, [.. OnnxBytes.Text(1, name), .. OnnxBytes.Shape(8, 3, 4, 5), 0xA0, 0x01, 7]);
    }

    private async Task<RunResult> RunAsync(
        string package, string modality, Func<int, int, int, float> value, int columns, int rows, int slices, Affine affine)
    {
        List<DicomFile> files = [.. ImageSeriesWriter.Write(Phantom.Series(value, columns, rows, slices, modality, affine))];
        return await store.ResultAsync(await store.StoreAsync(package, modality, files));
    }
}
