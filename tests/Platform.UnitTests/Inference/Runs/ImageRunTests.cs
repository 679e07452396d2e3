using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.Inference.Child;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of a classification on one image, from stored bytes to a written result.</summary>
public sealed class ImageRunTests : IDisposable
{
    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Theory]
    [InlineData("DX", false, 60, 80)]
    [InlineData("CR", true, 61, 83)]
    [InlineData("DX", true, 700, 500)]
    public async Task The_brighter_half_of_an_image_of_any_size_is_said_with_its_probability(string modality, bool isInverted, int rows, int columns)
    {
        var file = Xray.Of((x, _) => x < 0.5 ? 0.75 : 0, rows, columns, modality, isInverted);
        var run = await store.StoreAsync("sides", modality, [file]);

        var result = await store.ResultAsync(run);

        // Nothing is said below the right half's threshold, and the whole is never reported.
        var finding = Assert.Single(result.Findings);
        Assert.Equal(("LEFT-BRIGHT", "52101004"), (finding.Concept.Value, finding.Evaluation!.Value));
        Assert.Equal(1 / (1 + Math.Exp(-((2 * ((8 * 0.75) - 4)) + 0.5))), finding.Probability!.Value, 0.02);
        Assert.Equal((0.5, 1, "2.25.102"), (finding.Threshold, finding.SegmentNumber, finding.SeriesInstanceUid));
        Assert.Empty(finding.Measurements);
    }

    [Fact]
    public async Task Below_its_threshold_the_class_is_said_to_be_absent()
    {
        var result = await store.ResultAsync(await store.StoreAsync("sides", "DX", [Xray.Of((_, _) => 0.1)]));

        var finding = Assert.Single(result.Findings);
        Assert.Equal(("LEFT-BRIGHT", "2667000"), (finding.Concept.Value, finding.Evaluation!.Value));
        Assert.InRange(finding.Probability!.Value, 0, 0.1);
    }

    [Fact]
    public async Task A_site_that_asks_for_another_threshold_gets_its_own_answer_and_the_report_says_so()
    {
        var run = await store.StoreAsync("sides", "DX", [Xray.Of((x, _) => x < 0.5 ? 0.45 : 0)]);
        var usual = await store.ResultAsync(run);
        var strict = run with { RunId = Guid.CreateVersion7(), Parameters = RunParameters.OfThresholds(new Dictionary<int, double> { [0] = 0.2 }) };

        var asked = await store.ResultAsync(strict);

        Assert.Equal(("2667000", 0.5), (usual.Findings[0].Evaluation!.Value, usual.Findings[0].Threshold));
        Assert.Equal(("52101004", 0.2), (asked.Findings[0].Evaluation!.Value, asked.Findings[0].Threshold));
        Assert.Equal(usual.Findings[0].Probability, asked.Findings[0].Probability);
        var group = MeasurementReportReader.Read((await store.ObjectAsync(asked, "report.dcm")).Dataset).Groups[0];
        Assert.Contains("threshold.0 0.2", group.Algorithm!.Parameters);
    }

    [Theory]
    [InlineData("threshold.2", "0.5", "0, 1")] // the class is never reported
    [InlineData("threshold.0", "1", "below 1")]
    [InlineData("threshold.0", "0,5", "e.g. 0.7")]
    [InlineData("level", "2", "threshold.LABEL")]
    public async Task A_parameter_that_the_package_does_not_take_ends_the_run_with_what_to_do(string name, string value, string said)
    {
        var run = await store.StoreAsync("sides", "DX", [Xray.Of((_, _) => 1)]);

        var (refused, _) = await store.RunAsync(run with { Parameters = new Dictionary<string, string> { [name] = value } });

        Assert.Equal((ComputeOutcome.Refused, "parameter-unknown"), (refused.Outcome, refused.ReasonCode));
        Assert.Contains(said, refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_heat_map_lies_over_the_part_of_the_image_that_was_read()
    {
        var run = await store.StoreAsync("sides", "DX", [Xray.Of((x, _) => x < 0.5 ? 1 : 0, rows: 60, columns: 100)]);
        var result = await store.ResultAsync(run);

        var outlines = await store.OutlinesAsync(result);
        var map = Assert.Single(outlines.HeatMaps!);
        Assert.Equal(("2.25.301", 6, 8), (map.SopInstanceUid, map.Rows, map.Columns));
        Assert.Equal([10, 0, 80, 60], map.Box); // the middle, in the graph's proportions
        Assert.Equal([255, 255, 255, 255, 0, 0, 0, 0], map.Values[..8]);
        Assert.Equal((1, "#ff5000"), (outlines.Segments[0].Number, outlines.Segments[0].Colour));

        var picture = await store.ObjectAsync(result, "heat-map.dcm");
        var pixels = new FrameDecoder(picture).Decode(0);
        Assert.Equal(3 * 60 * 100, pixels.Length);
        byte[] PixelAt(int x) => pixels[(3 * ((30 * 100) + x))..][..3];
        Assert.Equal([255, 255, 255], PixelAt(4)); // beside the part that was read
        Assert.Equal([255, 159, 115], PixelAt(20)); // 0.55 of the colour over white
        Assert.Equal([0, 0, 0], PixelAt(80));
        Assert.Equal(("2.25.101", "OT", "DERIVED"), (
            picture.Dataset.GetUid(DicomTags.StudyInstanceUID), picture.Dataset.GetString(DicomTags.Modality), picture.Dataset.GetString(DicomTags.ImageType)));
        Assert.Equal("2.25.301", picture.Dataset.GetSequence(DicomTags.SourceImageSequence)[0].GetUid(DicomTags.ReferencedSOPInstanceUID));
    }

    [Fact]
    public async Task The_same_image_gives_the_same_hash_in_another_run_and_another_image_another_one()
    {
        var file = Xray.Of((x, y) => x * y);
        var first = await store.ResultAsync(await store.StoreAsync("sides", "DX", [file]));
        var again = await store.ResultAsync(await store.StoreAsync("sides", "DX", [file]));
        var other = await store.ResultAsync(await store.StoreAsync("sides", "DX", [Xray.Of((x, y) => x * y * 0.98)]));

        Assert.Equal(first.ResultHash, again.ResultHash);
        Assert.NotEqual(first.ResultHash, other.ResultHash);
        Assert.NotEqual(first.Findings[0].TrackingUid, again.Findings[0].TrackingUid);
    }

    [Fact]
    public async Task The_frontal_view_is_read_and_a_lateral_one_alone_is_refused()
    {
        var (front, side) = (Xray.Of((_, _) => 1, view: "PA", number: 2), Xray.Of((_, _) => 0, view: "LATERAL", number: 1));

        var result = await store.ResultAsync(await store.StoreAsync("sides", "DX", [side, front]));
        var (refused, _) = await store.RunAsync(await store.StoreAsync("sides", "DX", [side]));

        Assert.Equal("2.25.302", (await store.OutlinesAsync(result)).HeatMaps![0].SopInstanceUid);
        Assert.Single(result.Notes);
        Assert.Equal((ComputeOutcome.Refused, "wrong-view"), (refused.Outcome, refused.ReasonCode));
    }

    [Fact]
    public async Task An_x_ray_of_three_thousand_pixels_goes_through_the_trained_model_as_its_author_saw_it()
    {
        // The drawing of the package's golden case, each pixel ten by ten times.
        var package = await TestPackages.OpenAsync("chest-xray-pneumonia");
        var golden = package.Manifest.Golden!.Last(g => g.Kind == "image");
        var (drawn, rows, columns) = (package.ReadTensor(golden.Input), (int)golden.Input.Shape[0], (int)golden.Input.Shape[1]);
        var file = Xray.Of((x, y) => drawn[((int)(y * rows) * columns) + (int)(x * columns)] / 65535, 10 * rows, 10 * columns, isInverted: true);

        var result = await store.ResultAsync(await store.StoreAsync("chest-xray-pneumonia", "DX", [file]));

        var finding = Assert.Single(result.Findings);
        Assert.Equal("233604007", finding.Concept.Value);
        Assert.Equal(golden.ExpectedProbabilities![1], finding.Probability!.Value, 0.01);
        Assert.Equal(finding.Probability >= finding.Threshold ? "52101004" : "2667000", finding.Evaluation!.Value);
        var map = Assert.Single((await store.OutlinesAsync(result)).HeatMaps!);
        Assert.Equal([200, 0, 2000, 2000], map.Box);
        Assert.Contains(map.Values, v => v > 100);
        var picture = new FrameDecoder(await store.ObjectAsync(result, "heat-map.dcm")).Description;
        Assert.Equal((853, 1024), (picture.Rows, picture.Columns));
    }

    [Fact]
    public async Task A_value_is_measured_in_its_unit_and_one_beyond_the_model_is_not_reported()
    {
        var inside = await store.ResultAsync(await store.StoreAsync("brightness", "DX", [Xray.Of((_, _) => 0.5)]));
        var beyond = await store.ResultAsync(await store.StoreAsync("brightness", "DX", [Xray.Of((_, _) => 1)]));

        var finding = Assert.Single(inside.Findings);
        Assert.Equal((null, null), (finding.Probability, finding.Evaluation));
        var measurement = Assert.Single(finding.Measurements);
        Assert.Equal(("BRIGHTNESS", "%"), (measurement.Concept.Value, measurement.Unit.Value));
        Assert.Equal(50, measurement.Value, 0.3);
        Assert.Empty(beyond.Findings);
        Assert.Single(beyond.Notes);
        Assert.Empty(beyond.Objects);
    }

    [Fact]
    public async Task An_image_below_the_packages_bars_is_marked_limited_in_the_result_and_in_its_report()
    {
        var noise = new Random(3);
        var noisy = await store.ResultAsync(await store.StoreAsync("brightness", "DX", [Xray.Of((_, _) => noise.NextDouble() * 0.9, 100, 100)]));
        var clean = await store.ResultAsync(await store.StoreAsync("brightness", "DX", [Xray.Of((x, _) => x < 0.5 ? 0.2 : 0.6, 100, 100)]));

        Assert.True(noisy.Quality!.IsLimited);
        Assert.Contains("noise", noisy.Quality.Codes);
        Assert.Equal(noisy.Quality.Codes, (await store.OutlinesAsync(noisy)).Quality!.Codes);
        var report = MeasurementReportReader.Read((await store.ObjectAsync(noisy, "report.dcm")).Dataset);
        Assert.Equal("LIMITED", Assert.Single(report.Groups[0].Evaluations).Value.Value);
        Assert.False(clean.Quality!.IsLimited);
        Assert.Equal(["noise", "blur", "clipping", "unlike-training"], clean.Quality.Measures.Select(m => m.Name));
    }

    [Fact]
    public async Task Another_modality_is_refused()
    {
        var (refused, _) = await store.RunAsync(await store.StoreAsync("sides", "MG", [Xray.Of((_, _) => 0)]));

        Assert.Equal((ComputeOutcome.Refused, "wrong-modality"), (refused.Outcome, refused.ReasonCode));
    }

    [Fact]
    public async Task An_image_whose_pixels_are_gone_is_refused()
    {
        var file = Xray.Of((_, _) => 0);
        file.Dataset.Remove(DicomTags.PixelData);

        var (refused, _) = await store.RunAsync(await store.StoreAsync("sides", "DX", [file]));

        Assert.Equal((ComputeOutcome.Refused, "no-pixels"), (refused.Outcome, refused.ReasonCode));
    }
}
