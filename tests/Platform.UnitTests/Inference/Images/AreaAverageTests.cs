using Platform.Inference.Images;
using Xunit;

namespace Platform.UnitTests.Inference.Images;

public class AreaAverageTests
{
    private static readonly PlanarImage Ramp = new(6, 9, [.. Enumerable.Range(0, 54).Select(i => (float)i)]);

    [Fact]
    public void Whole_pixels_are_averaged()
    {
        var small = AreaAverage.Of(Ramp, new PlanarBox(0, 0, 9, 6), 2, 3);

        for (var y = 0; y < 2; y++)
        {
            for (var x = 0; x < 3; x++)
            {
                Assert.Equal((9 * ((3 * y) + 1)) + (3 * x) + 1, small.Values[(3 * y) + x], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(4, 7)]
    [InlineData(1, 1)]
    [InlineData(11, 20)]
    public void Parts_of_pixels_count_by_their_area_so_the_mean_stays(int rows, int columns)
    {
        var resized = AreaAverage.Of(Ramp, new PlanarBox(0, 0, 9, 6), rows, columns);

        Assert.Equal(Ramp.Values.Average(), resized.Values.Average(), 1e-4);
        Assert.Equal(rows * columns, resized.Values.Length);
    }

    [Fact]
    public void What_lies_beyond_the_image_is_black()
    {
        var white = new PlanarImage(2, 4, [1, 1, 1, 1, 1, 1, 1, 1]);
        var box = PlanarBox.Of("pad", 2, 4, 4, 4);

        Assert.Equal(new PlanarBox(0, -1, 4, 4), box);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0], AreaAverage.Of(white, box, 4, 4).Values);
    }

    [Theory]
    [InlineData(null, 60, 100, 2.5, 0, 95, 60)]
    [InlineData("crop", 100, 60, 0, 31.0526, 60, 37.8947)]
    [InlineData("pad", 60, 100, 0, -1.5789, 100, 63.1579)]
    [InlineData("stretch", 60, 100, 0, 0, 100, 60)]
    public void The_part_that_is_read_has_the_proportions_asked_for(string? fit, int rows, int columns, double x, double y, double width, double height)
    {
        var box = PlanarBox.Of(fit, rows, columns, 12, 19);

        Assert.Equal([x, y, width, height], [box.X, box.Y, box.Width, box.Height], (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public void Between_the_centres_of_a_small_image_the_values_are_linear()
    {
        var small = new PlanarImage(1, 2, [0, 1]);
        var box = new PlanarBox(10, 0, 40, 20);

        Assert.Equal(
            [0, 0, 0.25f, 0.5f, 1, 1], new[] { 10, 20, 25, 30, 40, 50 }.Select(x => At(AreaAverage.Tap(x, box.X, box.Width, 2))), (a, b) => Math.Abs(a - b) < 1e-6);

        float At((int Low, int High, float Weight) tap) => small.Values[tap.Low] + ((small.Values[tap.High] - small.Values[tap.Low]) * tap.Weight);
    }

    [Theory]
    [InlineData(28, 28)]
    [InlineData(170, 200)]
    public void Display_values_come_to_the_same_bits_as_the_numbers_that_they_stand_for(int rows, int columns)
    {
        var random = new Random(rows);
        var display = new byte[411 * 367];
        random.NextBytes(display);
        var box = PlanarBox.Of("crop", 411, 367, rows, columns);

        var fromBytes = AreaAverage.Of(PlanarImage.OfDisplay(411, 367, display), box, rows, columns);
        var fromValues = AreaAverage.Of(new PlanarImage(411, 367, [.. display.Select(v => v / 255f)]), box, rows, columns);

        Assert.Equal(fromValues.Values, fromBytes.Values);
    }
}
