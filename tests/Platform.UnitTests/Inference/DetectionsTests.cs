using Platform.Contracts;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class DetectionsTests
{
    private static readonly int[] Shape = [3, 4, 12];
    private static readonly Code Thing = new("T", "99TEST", "Thing");

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.6)]
    [InlineData(1e-46)]
    public void A_float_is_held_against_the_threshold_as_it_stands_in_the_manifest(double threshold)
    {
        var near = (float)threshold;
        float[] values =
        [
            .. Enumerable.Range(0, 7).SelectMany(_ => new[] { near, MathF.BitIncrement(near), MathF.BitDecrement(near), 0, 1, float.NaN, float.NegativeInfinity }),
        ];
        var labels = new byte[values.Length];
        Array.Fill(labels, (byte)9);

        Detections.Above(values, threshold, labels);

        Assert.Equal(values.Select(v => (byte)(v >= threshold ? 1 : 0)), labels);
    }


    [Fact]
    public void Components_are_ordered_by_probability_and_numbered_in_that_order()
    {
        var map = Map((0, 0, 0, 0.7f), (0, 0, 1, 0.6f), (1, 1, 5, 0.55f), (2, 3, 10, 0.9f), (2, 2, 9, 0.8f));

        var found = Detections.In(map, Shape, 1, Output());

        Assert.Equal([0.9, 0.7, 0.55], found.Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(["Thing 1", "Thing 2", "Thing 3"], found.Segments.Select(s => s.Name));
        Assert.Equal(1, found.Labels[At(2, 3, 10)]);
        Assert.Equal(1, found.Labels[At(2, 2, 9)]); // by its corner
        Assert.Equal(2, found.Labels[At(0, 0, 1)]);
        Assert.Equal(3, found.Labels[At(1, 1, 5)]);
        Assert.Equal(5, found.Labels.Count(l => l != 0));
        Assert.Empty(found.Notes);
    }

    [Fact]
    public void The_mean_of_a_component_can_be_its_score()
    {
        var map = Map((0, 0, 0, 0.9f), (0, 0, 1, 0.5f), (2, 3, 10, 0.8f));

        var found = Detections.In(map, Shape, 1, Output(score: "mean"));

        Assert.Equal([0.8, 0.7], found.Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Equal_probabilities_are_ordered_by_size_and_then_by_place()
    {
        var map = Map((0, 0, 0, 0.6f), (1, 3, 4, 0.6f), (1, 3, 5, 0.6f), (2, 0, 11, 0.6f));

        var found = Detections.In(map, Shape, 1, Output());

        Assert.Equal([1, 2, 3], new[] { At(1, 3, 4), At(0, 0, 0), At(2, 0, 11) }.Select(i => (int)found.Labels[i]));
    }

    [Fact]
    public void What_is_too_small_too_unlikely_or_too_much_is_left_out()
    {
        var map = Map(
            (0, 0, 0, 0.95f), // one voxel of 1 mm³: a sphere of 1.24 mm
            (0, 3, 5, 0.6f), (0, 3, 6, 0.6f),
            (2, 0, 0, 0.8f), (2, 0, 1, 0.8f),
            (2, 3, 10, 0.9f), (2, 3, 11, 0.9f),
            (2, 0, 6, 0.85f), (2, 0, 7, 0.85f));

        var found = Detections.In(map, Shape, 1, Output(minProbability: 0.7, minDiameterMm: 1.5, maxFindings: 2));

        Assert.Equal([0.9, 0.85], found.Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([0, 0, 0, 1, 2], new[] { At(0, 0, 0), At(0, 3, 5), At(2, 0, 0), At(2, 3, 10), At(2, 0, 7) }.Select(i => (int)found.Labels[i]));
        Assert.Equal(["Only the 2 most probable of 3 are reported."], found.Notes);
    }

    [Fact]
    public void Nothing_above_the_threshold_is_a_result_that_says_so()
    {
        var found = Detections.In(Map((0, 0, 0, 0.4f)), Shape, 1, Output());

        Assert.Empty(found.Segments);
        Assert.DoesNotContain(found.Labels, l => l != 0);
        Assert.Equal(["No thing was found with a probability of 0.5 or more."], found.Notes);
    }

    [Fact]
    public void A_detection_between_the_slices_of_the_source_is_shown_at_the_nearest_voxel()
    {
        var found = Detections.In(Map((1, 2, 3, 0.9f)), Shape, 1, Output());
        var grid = new Grid(3, 4, 12, Affine.Axial(1, 1, 1, new(0, 0, 0)));
        var source = new Grid(2, 4, 12, Affine.Axial(1, 1, 5, new(0, 0, -1)));
        var shown = Resampling.Labels(found.Labels, grid, source, 1, CancellationToken.None);
        Assert.DoesNotContain(shown, l => l != 0);

        Detections.ShowEach(found, grid, shown, source);

        Assert.Equal(At(0, 2, 3), Array.IndexOf(shown, (byte)1));
        Assert.Equal(1, shown.Count(l => l != 0));
    }

    [Fact]
    public void Findings_carry_diameter_volume_place_and_probability()
    {
        var map = Map((1, 1, 4, 0.9f), (1, 1, 5, 0.9f), (1, 2, 4, 0.9f), (1, 2, 5, 0.9f));
        var manifest = new PackageManifest("", "", "", null, new(null, "", null, null), null!, null!, [Output()], null, null);
        var detections = Detections.In(map, Shape, 8, Output());
        var grid = new Grid(3, 4, 12, Affine.Axial(2, 2, 2, new(10, 20, 30)));
        var labelled = new LabelledVolume(
            grid, detections.Labels, grid, detections.Labels, detections.Segments, detections.Probabilities, detections.Notes, default, default, default);

        var finding = Assert.Single(Findings.Of(labelled, manifest, Guid.Empty, "1.2.3"));

        Assert.Equal(Thing, finding.Concept);
        Assert.Equal(1, finding.SegmentNumber);
        Assert.Equal(0.9, finding.Probability);
        Assert.Equal([19, 23, 32], finding.CentreMm!);
        Assert.Equal([17, 21, 31, 21, 25, 33], finding.BoxMm!);
        Assert.Equal([Math.Round(Math.Cbrt(6 * 32 / Math.PI), 3), 32], finding.Measurements.Select(m => m.Value));
    }

    private static int At(int z, int y, int x) => (((z * Shape[1]) + y) * Shape[2]) + x;

    private static float[] Map(params (int Z, int Y, int X, float Probability)[] voxels)
    {
        var map = new float[Shape[0] * Shape[1] * Shape[2]];
        foreach (var (z, y, x, probability) in voxels)
        {
            map[At(z, y, x)] = probability;
        }

        return map;
    }

    private static OutputSpec Output(string score = "max", double minProbability = 0.5, double minDiameterMm = 0, int maxFindings = 10) => new(
        "p",
        "detection",
        "none",
        0,
        [new(0, "Thing", Thing, null, null, null, false, null, null)],
        [
            new(null, Thing, new("81827009", "SCT", "Diameter"), new("mm", "UCUM", "mm"), [], "equivalentDiameter"),
            new(null, Thing, new("118565006", "SCT", "Volume"), new("mm3", "UCUM", "mm3"), [], null),
        ],
        new DetectionSpec(0.5, score, minProbability, minDiameterMm, maxFindings));
}
