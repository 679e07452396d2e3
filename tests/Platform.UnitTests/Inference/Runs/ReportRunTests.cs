using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Fuzz;
using Platform.UnitTests.Peers;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>The reports and key objects that runs write, as they and others read them.</summary>
public sealed class ReportRunTests : IDisposable
{
    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task A_measured_segment_is_reported_with_its_segment_its_volume_and_what_computed_it()
    {
        var run = await store.StoreAsync("threshold", "MR", Block());
        var result = await store.ResultAsync(run);

        var report = MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset);
        var segmentation = await store.ObjectAsync(result, "segmentation.dcm");

        var (finding, group) = (Assert.Single(result.Findings), Assert.Single(report.Groups));
        Assert.Equal(("threshold 1", finding.TrackingUid), (group.TrackingId, group.TrackingUid));
        Assert.Equal(SegmentationReader.Read(segmentation).Segments[0].TrackingUid, group.TrackingUid);
        Assert.Equal(finding.Concept.Value, group.Finding.Value);
        Assert.Equal((InstanceReference.Of(segmentation.Dataset), 1), group.Segment!.Value);
        Assert.Equal(Phantom.SeriesUid, group.SourceSeriesUid);
        var volume = Assert.Single(group.Measurements);
        Assert.Equal((finding.Measurements[0].Value, "mm3"), (volume.Value, volume.Unit.Value));
        Assert.Equal(("threshold", "1.0.0"), (group.Algorithm!.Name, group.Algorithm.Version));
        Assert.Equal([$"package sha256 {run.Model.Hash}"], group.Algorithm.Parameters);
        Assert.Equal(run.Model.Hash, report.Observer.SerialNumber);
        Assert.Equal(result.Objects.Count, result.Objects.DistinctBy(o => o.SeriesInstanceUid).Count());
    }

    [Fact]
    public async Task The_key_image_is_the_one_on_which_the_finding_is_largest()
    {
        var result = await store.ResultAsync(await store.StoreAsync("threshold", "MR", Block()));

        var root = ContentTree.Read((await store.ObjectAsync(result, "key-images.dcm")).Dataset);

        Assert.Equal("113000", root.Name!.Value);
        Assert.Equal(["2.25.3000.3"], root.Children.OfType<ReferenceItem>().Select(r => r.SopInstanceUid));
    }

    [Fact]
    public async Task A_class_is_reported_with_its_certainty_what_is_said_of_it_and_its_image()
    {
        var result = await store.ResultAsync(await store.StoreAsync("sides", "DX", [Xray.Of((x, _) => x < 0.5 ? 0.75 : 0)]));

        var report = MeasurementReportReader.Read((await store.ObjectAsync(result, "report.dcm")).Dataset);

        var (finding, group) = (Assert.Single(result.Findings), Assert.Single(report.Groups));
        var certainty = Assert.Single(group.Measurements);
        Assert.Equal(("111012", "%"), (certainty.Name.Value, certainty.Unit.Value));
        Assert.Equal(100 * finding.Probability!.Value, certainty.Value, 1e-9);
        Assert.Equal(
            [("705057003", "52101004"), ("IMAGE-QUALITY", "SUFFICIENT")], group.Evaluations.Select(e => (e.Name.Value, e.Value.Value)));
        var (image, frame) = Assert.Single(group.SourceImages);
        Assert.Equal(("2.25.301", "2.25.102", null), (image.SopInstanceUid, image.SeriesInstanceUid, frame));

        // The image, and the picture that shows where.
        var keys = ContentTree.Read((await store.ObjectAsync(result, "key-images.dcm")).Dataset).Children.OfType<ReferenceItem>();
        var picture = (await store.ObjectAsync(result, "heat-map.dcm")).Dataset.GetUid(DicomTags.SOPInstanceUID);
        Assert.Equal(["2.25.301", picture], keys.Select(r => r.SopInstanceUid));
    }

    [Theory]
    [InlineData("threshold", "report.dcm")]
    [InlineData("threshold", "key-images.dcm")]
    [InlineData("lobes", "report.dcm")]
    [InlineData("sides", "report.dcm")]
    [InlineData("sides", "key-images.dcm")]
    [InlineData("sides", "heat-map.dcm")]
    public async Task Others_read_them_without_complaint(string package, string name)
    {
        var run = package == "sides"
            ? await store.StoreAsync(package, "DX", [Xray.Of((x, _) => x)])
            : await store.StoreAsync(package, "MR", Block());
        var result = await store.ResultAsync(run);
        var bytes = (await store.ObjectAsync(result, name)).ToArray();

        var (_, checkedBy) = await PeerProgram.RunAsync("dciodvfy", "dicom3tools", bytes);
        Assert.Equal("", string.Join('\n', checkedBy.Split('\n').Where(line => line.StartsWith("Error", StringComparison.Ordinal))));
        if (name != "heat-map.dcm")
        {
            var (code, said) = await PeerProgram.RunAsync("dsrdump", "dcmtk", bytes, "--print-template-id");
            Assert.True(code == 0, said);
            Assert.Contains(name == "report.dcm" ? "TID 1500" : "TID 2010", said, StringComparison.Ordinal);
        }

        if (name == "report.dcm")
        {
            var script = Path.Combine(FuzzSeeds.Root, "tests", "Platform.UnitTests", "Peers", "objects.py");
            var (code, said) = await PeerProgram.RunAsync("/usr/bin/python3", "python3-pydicom python3-numpy", bytes, script);
            Assert.True(code == 0, said);
            Assert.Contains($"112040/DCM/Tracking Unique Identifier|{result.Findings[0].TrackingUid}", said, StringComparison.Ordinal);
            Assert.Contains("111003/DCM/Algorithm Version|1.0.0", said, StringComparison.Ordinal);
        }
    }

    /// <summary>A bright block in six slices, widest in the third.</summary>
    private static List<DicomFile> Block() =>
    [
        .. ImageSeriesWriter.Write(Phantom.Series(
            (x, y, z) => z is >= 1 and <= 3 && y is >= 4 and < 9 && x >= 5 && x < (z == 2 ? 12 : 9) ? 1000 : 0,
            columns: 20,
            rows: 16,
            slices: 6)),
    ];
}
