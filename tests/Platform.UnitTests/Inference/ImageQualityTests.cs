using Platform.Contracts;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

public class ImageQualityTests
{
    private const int Side = 256;

    [Theory]
    [InlineData(0.005)]
    [InlineData(0.02)]
    [InlineData(0.1)]
    public void The_noise_of_a_picture_is_estimated_within_a_fifth(double sigma)
    {
        var snr = ValueOf(ImageQuality.Of(Picture(edge: 4, sigma), null, null), "noise");

        // The range is that of the picture with its noise.
        Assert.InRange(1 / snr, 0.6 * sigma, 1.2 * sigma);
    }

    [Fact]
    public void Every_feature_that_a_manifest_may_name_is_measured() =>
        Assert.All(FeatureSpec.Names, name => Assert.NotNull(ImageQuality.Feature(new PlanarImage(1, 1, [0]), name)));

    [Theory]
    [InlineData(256, 256)]
    [InlineData(1300, 900)]
    [InlineData(3, 3)]
    [InlineData(2, 9)]
    public void Display_values_measure_the_same_as_the_numbers_that_they_stand_for(int rows, int columns)
    {
        var random = new Random(rows);
        byte[] display = [.. Enumerable.Range(0, rows * columns).Select(i => (byte)Math.Clamp((i % columns / 4) + random.Next(-9, 9), 3, 230))];
        float[] values = [.. display.Select(v => v / 255f)];

        var fromBytes = ImageQuality.Of(PlanarImage.OfDisplay(rows, columns, display), null, null);
        var fromValues = ImageQuality.Of(new PlanarImage(rows, columns, values), null, null);

        Assert.Equal(fromValues.Measures.Select(m => m.Value), fromBytes.Measures.Select(m => m.Value));
    }


    [Fact]
    public void A_softer_edge_is_less_sharp()
    {
        var figures = new[] { 1, 4, 16, 40 }.Select(edge => ValueOf(ImageQuality.Of(Picture(edge, 0), null, null), "blur")).ToList();

        Assert.Equal(figures.OrderDescending(), figures);
        Assert.True(figures[0] > 8 * figures[3]);
    }

    [Fact]
    public void A_share_of_burnt_out_pixels_is_seen()
    {
        var values = Picture(edge: 64, 0.05).Values.Select(v => Math.Min(v, 0.6f)).ToArray();

        var clipped = ValueOf(ImageQuality.Of(new PlanarImage(Side, Side, values), null, null), "clipping");

        Assert.InRange(clipped, 0.3, 0.6);
        Assert.InRange(ValueOf(ImageQuality.Of(Picture(edge: 64, 0.05), null, null), "clipping"), 0, 0.001);
    }

    [Fact]
    public void What_misses_a_bar_is_limited_and_says_which()
    {
        var bars = new QualitySpec(20, 0.01, 0.5, null);

        var poor = ImageQuality.Of(Picture(edge: 4, 0.1), null, bars);
        var good = ImageQuality.Of(Picture(edge: 4, 0.01), null, bars);

        Assert.True(poor.IsLimited);
        Assert.Equal(["noise"], poor.Codes);
        Assert.False(good.IsLimited);
        Assert.Empty(good.Codes);
        Assert.Equal(20, good.Measures[0].Least);
    }

    [Fact]
    public void An_image_unlike_those_of_the_training_is_seen_by_its_features()
    {
        // Bright in the middle, dark beside it, alike on both sides: as a frontal chest is.
        var small = new PlanarImage(9, 9, [.. Enumerable.Range(0, 81).Select(i => i % 9 is >= 3 and < 6 ? 0.8f : 0.3f)]);
        var turned = new PlanarImage(9, 9, [.. Enumerable.Range(0, 81).Select(i => i / 9 is >= 3 and < 6 ? 0.8f : 0.3f)]);
        var bars = new QualitySpec(null, null, null, new([new("middle", 0.5, 0.1), new("symmetry", 1, 0.1), new("mean", 0.4667, 0.1)], 2));

        Assert.Equal(0, ValueOf(ImageQuality.Of(small, small, bars), "unlike-training"), 1e-3);
        Assert.Equal(["unlike-training"], ImageQuality.Of(turned, turned, bars).Codes);
        Assert.Null(ImageQuality.Feature(small, "colour"));
    }

    [Fact]
    public void An_even_image_is_limited_by_any_bar() =>
        Assert.Equal(["noise", "blur", "clipping"], ImageQuality.Of(new PlanarImage(8, 8, new float[64]), null, new(1, 0.001, 0.5, null)).Codes);

    private static double ValueOf(QualityRecord record, string name) => record.Measures.Single(m => m.Name == name).Value;

    /// <summary>Dark left, bright right, the edge between them some pixels wide.</summary>
    private static PlanarImage Picture(int edge, double sigma)
    {
        var random = new Random(5);
        var values = new float[Side * Side];
        for (var i = 0; i < values.Length; i++)
        {
            // Two uniform numbers give one normal (Box and Muller).
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(Math.Clamp(0.5 + (((i % Side) - (Side / 2)) / (double)edge), 0, 1) + (sigma * normal));
        }

        return new PlanarImage(Side, Side, values);
    }
}
