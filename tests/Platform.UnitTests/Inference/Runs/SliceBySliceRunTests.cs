using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Child;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of a graph of two dimensions that takes neighbouring slices as channels and goes through the volume slice by slice.</summary>
public sealed class SliceBySliceRunTests : IDisposable
{
    private const int Columns = 23;
    private const int Rows = 19;
    private const int Slices = 7;

    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Every_slice_is_labelled_with_its_neighbours_in_view(int? batch)
    {
        // Seven slices of noise larger than a patch; at the ends the outermost slice stands for the one that lacks.
        var random = new Random(5);
        var stored = new int[Columns * Rows * Slices];
        for (var i = 0; i < stored.Length; i++)
        {
            stored[i] = 10 * random.Next(100);
        }

        int At(int x, int y, int z) => stored[(((Math.Clamp(z, 0, Slices - 1) * Rows) + y) * Columns) + x];
        List<DicomFile> files = [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => At(x, y, z), Columns, Rows, Slices))];

        var result = await store.ResultAsync(await store.StoreAsync("between", "MR", files, m => m["window"]!["batch"] = batch));

        var geometry = SeriesGeometry.Read([.. files.Select(f => f.Dataset)]).Geometry!;
        var labels = SegmentationReader.ReadOnto(await store.ObjectAsync(result, "segmentation.dcm"), geometry).Labels;
        var expected = Enumerable.Range(0, stored.Length).Select(i =>
        {
            var (x, y, z) = (i % Columns, i / Columns % Rows, i / (Columns * Rows));
            return (byte)(At(x, y, z) - ((At(x, y, z - 1) + At(x, y, z + 1)) / 2.0) > 1 ? 1 : 0);
        });
        Assert.Equal(expected, labels);
        Assert.Equal(labels.Count(l => l == 1) * 0.8 * 0.9 * 2, Assert.Single(result.Findings).Measurements[0].Value, 1e-2);
    }

    [Fact]
    public async Task A_graph_of_another_number_of_channels_is_refused()
    {
        List<DicomFile> files = [.. ImageSeriesWriter.Write(Phantom.Series((x, _, _) => x))];

        var (refused, _) = await store.RunAsync(await store.StoreAsync("between", "MR", files, m =>
        {
            m["window"]!["slices"] = 5;
            m["golden"] = null;
        }));

        Assert.Equal((ComputeOutcome.Refused, "model-tensors"), (refused.Outcome, refused.ReasonCode));
    }
}
