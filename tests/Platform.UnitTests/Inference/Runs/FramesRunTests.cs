using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.UnitTests.Peers;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of a model of images on every frame of a loop, from stored bytes to a written result.</summary>
public sealed class FramesRunTests : IDisposable
{
    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task The_brightest_frame_speaks_for_the_loop_and_is_named_in_the_report()
    {
        double[] levels = [0.1, 0.2, 0.8, 0.3, 0.6];
        var run = await store.StoreAsync("cine", "US", [Cine.Of(5, (f, x, _) => x < 0.5 ? levels[f] : levels[f] / 2)]);

        var result = await store.ResultAsync(run);

        var finding = Assert.Single(result.Findings);
        Assert.Equal(("BRIGHT", "52101004"), (finding.Concept.Value, finding.Evaluation!.Value));
        Assert.Equal(0.6, finding.Probability!.Value, 0.01);
        Assert.Equal([("2.25.401", 1), ("2.25.401", 2), ("2.25.401", 3), ("2.25.401", 4), ("2.25.401", 5)], result.Frames!.Select(f => (f.SopInstanceUid, f.Frame)));
        Assert.Equal(levels.Select(l => 0.75 * l), result.Frames!.Select(f => Assert.Single(f.Numbers)), (a, b) => Math.Abs(a - b) < 0.01);

        var report = await store.ObjectAsync(result, "report.dcm");
        var (image, frame) = Assert.Single(Assert.Single(MeasurementReportReader.Read(report.Dataset).Groups).SourceImages);
        Assert.Equal(("2.25.401", 3), (image.SopInstanceUid, frame));
        var (_, said) = await PeerProgram.RunAsync("dciodvfy", "dicom3tools", report.ToArray());
        Assert.Equal("", string.Join('\n', said.Split('\n').Where(line => line.StartsWith("Error", StringComparison.Ordinal))));

        var map = Assert.Single((await store.OutlinesAsync(result)).HeatMaps!);
        Assert.Equal(("2.25.401", 3), (map.SopInstanceUid, map.Frame));
        Assert.Equal([204, 204, 204, 102, 102, 102], map.Values[..6].Select(v => (int)v), (a, b) => Math.Abs(a - b) <= 1);
        var source = (await store.ObjectAsync(result, "heat-map.dcm")).Dataset.GetSequence(DicomTags.SourceImageSequence)[0];
        Assert.Equal(("2.25.401", 3), (source.GetUid(DicomTags.ReferencedSOPInstanceUID), source.GetInt32(DicomTags.ReferencedFrameNumber)));
    }

    [Theory]
    [InlineData("mean", 0.44)]
    [InlineData("median", 0.3)]
    [InlineData("maximum", 0.9)]
    public async Task Another_rule_gives_another_result_of_the_same_frames(string rule, double expected)
    {
        double[] levels = [0.1, 0.3, 0.9, 0.2, 0.7];
        var run = await store.StoreAsync("cine", "US", [Cine.Of(5, (f, _, _) => levels[f])], m => m["outputs"]![0]!["acrossFrames"] = rule);

        var result = await store.ResultAsync(run);

        Assert.Equal(expected, Assert.Single(result.Findings).Probability!.Value, 0.01);
        Assert.Equal("2667000" == result.Findings[0].Evaluation!.Value, expected < 0.5);
        Assert.Equal(3, (await store.OutlinesAsync(result)).HeatMaps![0].Frame);
    }

    [Fact]
    public async Task A_value_is_shown_by_the_frame_that_is_nearest_to_it()
    {
        double[] levels = [0.1, 0.45, 0.9];
        var run = await store.StoreAsync("brightness", "DX", [Cine.Of(3, (f, _, _) => levels[f])], m =>
        {
            m["input"]!["frames"] = "all";
            m["outputs"]![0]!["acrossFrames"] = "mean";
        });

        var result = await store.ResultAsync(run);

        Assert.Equal(100 * 1.45 / 3, Assert.Single(Assert.Single(result.Findings).Measurements).Value, 0.5);
        var report = MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset);
        Assert.Equal(2, Assert.Single(report.Groups[0].SourceImages).Frame);
    }

    [Fact]
    public async Task Of_long_loops_in_several_images_frames_are_read_evenly_in_batches()
    {
        // 12 and 20 frames, of which every fourth is read.
        List<DicomFile> files = [Cine.Of(20, (f, _, _) => (12 + f) / 40.0, number: 2), Cine.Of(12, (f, _, _) => f / 40.0, number: 1)];
        var one = await store.ResultAsync(await store.StoreAsync("cine", "US", files));

        Assert.Equal(
            [("2.25.401", 1), ("2.25.401", 5), ("2.25.401", 9), ("2.25.402", 1), ("2.25.402", 5), ("2.25.402", 9), ("2.25.402", 13), ("2.25.402", 17)],
            one.Frames!.Select(f => (f.SopInstanceUid, f.Frame)));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => 4 * i / 40.0), one.Frames!.Select(f => f.Numbers[0]), (a, b) => Math.Abs(a - b) < 0.01);
        Assert.Equal("8 of 32 frames were read, evenly spread.", Assert.Single(one.Notes));
    }

    [Fact]
    public async Task Colour_is_read_by_its_luminance_where_the_package_says_so_and_refused_elsewhere()
    {
        List<DicomFile> red = [Cine.Of(2, (_, _, _) => 1, isColour: true)];
        var read = await store.ResultAsync(await store.StoreAsync("cine", "US", red));
        var (refused, _) = await store.RunAsync(await store.StoreAsync("cine", "US", red, m => m["input"]!["colour"] = null));

        Assert.Equal(0.299, Assert.Single(read.Findings).Probability!.Value, 0.001);
        Assert.Equal((ComputeOutcome.Refused, "colour"), (refused.Outcome, refused.ReasonCode));
    }

    [Fact]
    public async Task Frames_in_batches_with_a_rest_are_the_frames_one_by_one()
    {
        var package = await TestPackages.OpenAsync("cine");
        PlanarImage[] images = [.. Enumerable.Range(0, 7).Select(f => new PlanarImage(8, 12, [.. Enumerable.Range(0, 96).Select(i => (i + f) / 200f)]))];
        var all = new List<IReadOnlyList<IReadOnlyList<double>>>();
        foreach (var batch in new[] { 1, 3, 8 })
        {
            using var session = new ModelSession(package, Device.Cpu, threads: 1, batch);
            all.Add((await ImageEngine.RunAllAsync(images.ToAsyncEnumerable(), images.Length, session, (_, _) => { }, TestContext.Current.CancellationToken)).Frames);
        }

        Assert.Equal(images.Select(i => (double)i.Values.Average()), all[0].Select(f => f[0]), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.All(all, frames => Assert.Equal(all[0].Select(f => f[0]), frames.Select(f => f[0]), (a, b) => Math.Abs(a - b) < 1e-6));
    }

    [Theory]
    [InlineData(int.MaxValue, "unreadable")]
    [InlineData(4, "undecodable")]
    public async Task A_loop_that_claims_more_frames_than_it_has_is_refused(int claimed, string code)
    {
        var file = Cine.Of(2, (f, _, _) => f);
        file.Dataset.Set(DicomTags.NumberOfFrames, (long)claimed);

        var (refused, _) = await store.RunAsync(await store.StoreAsync("cine", "US", [file]));

        Assert.Equal((ComputeOutcome.Refused, code), (refused.Outcome, refused.ReasonCode));
    }

    [Fact]
    public async Task The_same_loop_gives_the_same_hash_and_another_frame_another_one()
    {
        var first = await store.ResultAsync(await store.StoreAsync("cine", "US", [Cine.Of(3, (f, _, _) => f / 3.0)]));
        var again = await store.ResultAsync(await store.StoreAsync("cine", "US", [Cine.Of(3, (f, _, _) => f / 3.0)]));
        var other = await store.ResultAsync(await store.StoreAsync("cine", "US", [Cine.Of(3, (f, _, _) => f == 0 ? 0.1 : f / 3.0)]));

        Assert.Equal(first.ResultHash, again.ResultHash);
        Assert.NotEqual(first.ResultHash, other.ResultHash);
    }
}
