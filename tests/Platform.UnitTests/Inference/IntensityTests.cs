using Platform.Inference;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class IntensityTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(37.3)]
    [InlineData(99.5)]
    [InlineData(100)]
    public void A_percentile_lies_between_its_ranks(double q)
    {
        var random = new Random(3);
        var values = Enumerable.Range(0, 1237).Select(_ => (float)((random.NextDouble() - 0.5) * 2000)).ToArray();
        var sorted = values.Order().ToArray();
        var rank = q / 100 * (sorted.Length - 1);
        var low = (int)rank;
        var expected = sorted[low] + ((rank - low) * (sorted[Math.Min(low + 1, sorted.Length - 1)] - (double)sorted[low]));

        Assert.Equal(expected, Intensity.Percentile(values, q), 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(1003)]
    public void A_line_and_a_z_score_are_those_of_double_precision_to_the_bit(int count)
    {
        var random = new Random(count);
        float[] values = [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 4000))];
        var (line, score) = (values.ToArray(), values.ToArray());

        Intensity.Apply(line, [new IntensitySpec("scale", null, null, null, null, 0.1, -1e-3)]);
        Intensity.Apply(score, [new IntensitySpec("zScore", null, null, null, null, null, null)]);

        var (sum, squares) = (0.0, 0.0);
        foreach (var value in values)
        {
            sum += value;
        }

        foreach (var value in values)
        {
            squares += (value - (sum / count)) * (value - (sum / count));
        }

        var deviation = Math.Max(Math.Sqrt(squares / count), 1e-6);
        Assert.Equal(values.Select(v => (float)((v * 0.1) + -1e-3)), line);
        Assert.Equal(values.Select(v => (float)((v - (sum / count)) / deviation)), score);
    }


    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1001)]
    public void Values_of_two_ranks_are_those_of_the_sorted_values(int count)
    {
        var random = new Random(count);
        float[] values = [.. Enumerable.Range(0, count).Select(_ => (float)Math.Round((random.NextDouble() * 9) - 4, 1))];
        float[] sorted = [.. values.Order()];

        for (var rank = 0; rank < count; rank += 1 + (count / 50))
        {
            Assert.Equal((sorted[rank], sorted[count - 1 - rank]), Intensity.OrderStatistics(values, rank, count - 1 - rank));
        }
    }

    [Fact]
    public void Transforms_follow_each_other()
    {
        float[] values = [0, 1, 2, 3, 100];
        Intensity.Apply(values, [Op("clip", 0, 4), Op("minMax")]);
        Assert.Equal([0, 0.25f, 0.5f, 0.75f, 1], values);

        Intensity.Apply(values, [new("window", null, null, 0.5, 0.5, null, null), new("scale", null, null, null, null, 2, -1)]);
        Assert.Equal([-1, -1, 0, 1, 1], values);
    }

    [Fact]
    public void A_z_score_has_mean_0_and_deviation_1_and_a_flat_volume_is_0()
    {
        var random = new Random(4);
        var values = Enumerable.Range(0, 5000).Select(_ => (float)(500 + (random.NextDouble() * 77))).ToArray();
        Intensity.Apply(values, [Op("zScore")]);
        Assert.Equal(0, values.Average(v => (double)v), 1e-6);
        Assert.Equal(1, values.Average(v => (double)v * v), 1e-6);

        float[] flat = [7, 7, 7];
        Intensity.Apply(flat, [Op("zScore")]);
        Assert.Equal([0, 0, 0], flat);
    }

    [Fact]
    public void Values_that_are_not_numbers_are_refused()
    {
        var refusal = Assert.Throws<InputRefusedException>(() => Intensity.Apply(new[] { 1f, float.NaN, 2f }, null));
        Assert.Equal("not-finite", refusal.Code);
        Assert.Equal("not-finite", Assert.Throws<InputRefusedException>(() => Intensity.Apply(new[] { 1f, float.NegativeInfinity }, [Op("clip", 0, 1)])).Code);
    }

    [Fact]
    public void A_transform_that_makes_values_that_are_no_numbers_is_refused()
    {
        IntensitySpec tooSteep = new("scale", null, null, null, null, 1e38, 0);
        Assert.Equal("not-finite-intensity", Assert.Throws<InputRefusedException>(() => Intensity.Apply(new[] { 1f, 1e5f }, [tooSteep])).Code);
    }

    private static IntensitySpec Op(string op, double? low = null, double? high = null) => new(op, low, high, null, null, null, null);
}
