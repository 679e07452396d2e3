using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Child;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of models of volumes on enhanced multi-frame objects.</summary>
public sealed class EnhancedRunTests : IDisposable
{
    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task The_frames_of_one_object_are_a_volume_and_findings_name_the_frame()
    {
        var result = await store.ResultAsync(await store.StoreAsync("threshold", "MR", [EnhancedMr.Of(Block(4))]));

        var finding = Assert.Single(result.Findings);
        Assert.Equal(2.0 * 3 * 3 * 4, finding.Measurements[0].Value, 1e-6);
        Assert.Equal([6.5, 7, 6.0], finding.CentreMm!.Select(v => Math.Round(v, 1)));
        var segmentation = SegmentationReader.Read(await store.ObjectAsync(result, "segmentation.dcm"));
        Assert.Equal(36, segmentation.Labels.Count(v => v == 1));
        var outlined = (await store.OutlinesAsync(result)).Images;
        Assert.Equal([("2.25.501", 3), ("2.25.501", 4), ("2.25.501", 5)], outlined.Select(i => (i.SopInstanceUid, i.Frame)));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("first", 4)]
    [InlineData("last", 6)]
    public async Task Of_several_volumes_in_an_object_the_one_is_read_that_the_package_names(string? several, int width)
    {
        // The block is wider at each of the three points in time.
        var file = EnhancedMr.Of((time, x, y, z) => Block(4 + time)(0, x, y, z), times: 3);
        var run = await store.StoreAsync("threshold", "MR", [file], m => m["input"]!["several"] = several);

        var (answer, result) = await store.RunAsync(run);

        if (several is null)
        {
            Assert.Equal((ComputeOutcome.Refused, "repeated-position"), (answer.Outcome, answer.ReasonCode));
            Assert.Contains("temporal position (3)", answer.Reason, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(2.0 * 3 * 3 * width, Assert.Single(result!.Findings).Measurements[0].Value, 1e-6);
        var place = several == "first" ? 1 : 3;
        Assert.Equal([$"One of the 3 volumes of the series was read: temporal position {place} of 3."], result.Notes);
        var outlined = (await store.OutlinesAsync(result)).Images;
        Assert.Equal([6 + place, 9 + place, 12 + place], outlined.Select(i => i.Frame)); // slices 2, 3 and 4, three points in time each
    }

    [Fact]
    public async Task A_volume_of_several_that_the_model_does_not_take_is_passed_over()
    {
        // The last of the points in time lacks a slice.
        var file = EnhancedMr.Of(Block(4), times: 2);
        var frames = file.Dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence);
        frames[5].GetSequence(DicomTags.PlanePositionSequence)[0].Set(DicomTags.ImagePositionPatient, 0.0, 0, 100);

        var result = await store.ResultAsync(await store.StoreAsync("threshold", "MR", [file], m => m["input"]!["several"] = "last"));

        Assert.EndsWith("temporal position 1 of 2.", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    /// <summary>A bright block in the third, fourth and fifth slice, three rows high.</summary>
    private static Func<int, int, int, int, int> Block(int width) =>
        (_, x, y, z) => z is >= 2 and <= 4 && y is >= 6 and <= 8 && x >= 5 && x < 5 + width ? 1000 : 0;
}
