using Platform.Inference;
using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference;

public class SlidingWindowTests
{
    [Theory]
    [InlineData(40, 40, 0.5, new[] { 0 })]
    [InlineData(41, 40, 0.5, new[] { 0, 1 })]
    [InlineData(75, 40, 0.5, new[] { 0, 20, 35 })]
    [InlineData(80, 40, 0.5, new[] { 0, 20, 40 })]
    [InlineData(10, 3, 0.0, new[] { 0, 3, 6, 7 })]
    public void Windows_step_evenly_and_the_last_ends_with_the_volume(int length, int patch, double overlap, int[] starts) =>
        Assert.Equal(starts, Patches.Starts(length, patch, overlap));

    [Fact]
    public void Weights_are_greatest_in_the_middle_and_never_nothing()
    {
        var weights = Patches.Weights([5, 7, 9], 0.125);
        Assert.Equal(1f, weights[(((2 * 7) + 3) * 9) + 4]);
        Assert.Equal((float)Patches.MinimumWeight, weights[0]);
        Assert.Equal((float)Math.Exp(-0.5 / (0.125 * 9 * 0.125 * 9)), weights[(((2 * 7) + 3) * 9) + 5]);
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(3, "")]
    [InlineData(1, "x")]
    [InlineData(4, "zyx")]
    public void Any_network_gives_what_straight_loops_give(int batch, string flips)
    {
        var random = new Random(batch);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            foreach (var sigmaScale in new double?[] { null, 0.125 })
            {
                int[] patch = [random.Next(1, 6), random.Next(2, 7), random.Next(3, 9)];
                int[] shape = [.. patch.Select(n => n + random.Next(0, 12))];
                var plan = new WindowPlan(
                    shape, patch, 0.2 + (0.6 * random.NextDouble()), Patches.Weights(patch, sigmaScale), 3, activation, batch,
                    (flips.Contains('z', StringComparison.Ordinal), flips.Contains('y', StringComparison.Ordinal), flips.Contains('x', StringComparison.Ordinal)));
                var voxels = Enumerable.Range(0, shape[0] * shape[1] * shape[2]).Select(_ => (float)random.NextDouble()).ToArray();

                var ours = Run(voxels, plan, Network(plan));
                var plain = Plain(voxels, plan);

                for (var i = 0; i < plain.Length; i++)
                {
                    Assert.Equal(plain[i], ours[i], 1e-5);
                }
            }
        }
    }

    [Theory]
    [InlineData(Activation.Softmax)]
    [InlineData(Activation.Sigmoid)]
    public void However_many_threads_sum_the_bits_are_the_same(Activation activation)
    {
        int[] patch = [7, 6, 9], shape = [19, 11, 23];
        var plan = new WindowPlan(shape, patch, 0.5, Patches.Weights(patch, 0.125), 3, activation, 2, (true, false, true));
        var random = new Random(3);
        float[] voxels = [.. Enumerable.Range(0, 19 * 11 * 23).Select(_ => (float)random.NextDouble())];

        var alone = Sum(1);

        Assert.All((int[])[2, 3, 16], threads => Assert.Equal(alone, Sum(threads)));

        float[] Sum(int threads)
        {
            var (input, sums) = (new float[2 * plan.PatchVoxels], new float[3 * voxels.Length]);
            var predict = Network(plan);
            SlidingWindow.Run(
                voxels, plan, input, patches => predict(input, patches), (z, slice) => slice.CopyTo(sums.AsSpan(z * slice.Length)), _ => { }, threads);
            return sums;
        }
    }


    [Fact]
    public void Slices_come_in_their_order_once_each()
    {
        int[] shape = [23, 4, 4];
        var plan = new WindowPlan(shape, [5, 4, 4], 0.5, Patches.Weights([5, 4, 4], null), 1, Activation.None, 2, default);
        var came = new List<int>();

        SlidingWindow.Run(
            new float[23 * 16], plan, new float[2 * plan.PatchVoxels], patches => new float[patches * plan.PatchVoxels], (z, _) => came.Add(z), _ => { });

        Assert.Equal(Enumerable.Range(0, 23), came);
    }

    [Fact]
    public void A_network_that_gives_no_numbers_is_refused()
    {
        int[] shape = [4, 4, 4];
        var plan = new WindowPlan(shape, shape, 0, Patches.Weights(shape, null), 2, Activation.Softmax, 1, default);
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            var output = new float[128];
            output[77] = bad;

            var refusal = Assert.Throws<InputRefusedException>(
                () => SlidingWindow.Run(new float[64], plan, new float[64], _ => output, (_, _) => Assert.Fail("Nothing may come of it."), _ => { }));

            Assert.Equal("not-finite-output", refusal.Code);
        }
    }

    [Fact]
    public void Logits_may_be_as_large_as_a_network_makes_them()
    {
        int[] shape = [1, 1, 2];
        var plan = new WindowPlan(shape, shape, 0, Patches.Weights(shape, null), 2, Activation.Softmax, 1, default);

        var probabilities = Run(new float[2], plan, (_, _) => [1000, -1000, 999, -1000]); // e^1000 is no float

        var first = (float)(1 / (1 + Math.Exp(-1)));
        Assert.Equal([first, 0.5f, 1 - first, 0.5f], probabilities, (a, b) => Math.Abs(a - b) < 1e-6f);
    }

    /// <summary>All probabilities, [class, z, y, x].</summary>
    private static float[] Run(float[] voxels, WindowPlan plan, Func<float[], int, float[]> network)
    {
        var input = new float[plan.Batch * plan.PatchVoxels];
        var all = new float[plan.Classes * voxels.Length];
        var area = plan.Shape[1] * plan.Shape[2];
        SlidingWindow.Run(
            voxels, plan, input, patches => network(input, patches), (z, probabilities) =>
            {
                for (var c = 0; c < plan.Classes; c++)
                {
                    probabilities.Slice(c * area, area).CopyTo(all.AsSpan((c * voxels.Length) + (z * area)));
                }
            },
            _ => { });
        return all;
    }

    /// <summary>A network that no mirroring leaves as it is: each voxel, its neighbours before it, and where it lies.</summary>
    private static double Logit(Func<int, int, int, double> patch, int c, int z, int y, int x)
    {
        var before = (z > 0 ? patch(z - 1, y, x) : 0) + (2 * (y > 0 ? patch(z, y - 1, x) : 0)) - (3 * (x > 0 ? patch(z, y, x - 1) : 0));
        return Math.Abs(Math.Sin((c + 1) * (patch(z, y, x) + before + (0.1 * z) + (0.2 * y) + (0.3 * x)))) + 0.01;
    }

    private static Func<float[], int, float[]> Network(WindowPlan plan) => (input, patches) =>
    {
        var (p, n) = (plan.Patch, plan.PatchVoxels);
        var output = new float[plan.Batch * plan.Classes * n];
        for (var i = 0; i < patches * plan.Classes * n; i++)
        {
            var (b, c, v) = (i / (plan.Classes * n), i / n % plan.Classes, i % n);
            output[i] = (float)Logit(
                (z, y, x) => input[(b * n) + (((z * p[1]) + y) * p[2]) + x], c, v / (p[1] * p[2]), v / p[2] % p[1], v % p[2]);
        }

        return output;
    };

    /// <summary>The same window by its definition, voxel after voxel in double precision.</summary>
    private static double[] Plain(float[] voxels, WindowPlan plan)
    {
        var (s, p, n) = (plan.Shape, plan.Patch, voxels.Length);
        var (sum, total) = (new double[plan.Classes * n], new double[n]);
        (bool Z, bool Y, bool X)[] mirrorings =
        [
            .. from m in Enumerable.Range(0, 8)
               let mirror = (Z: (m & 4) != 0, Y: (m & 2) != 0, X: (m & 1) != 0)
               where (plan.Flips.Z || !mirror.Z) && (plan.Flips.Y || !mirror.Y) && (plan.Flips.X || !mirror.X)
               select mirror,
        ];
        foreach (var z0 in Patches.Starts(s[0], p[0], plan.Overlap))
        {
            foreach (var y0 in Patches.Starts(s[1], p[1], plan.Overlap))
            {
                foreach (var x0 in Patches.Starts(s[2], p[2], plan.Overlap))
                {
                    for (var v = 0; v < plan.PatchVoxels; v++)
                    {
                        var (z, y, x) = (v / (p[1] * p[2]), v / p[2] % p[1], v % p[2]);
                        var at = ((((z0 + z) * s[1]) + y0 + y) * s[2]) + x0 + x;
                        total[at] += plan.Weights[v];
                        foreach (var mirror in mirrorings)
                        {
                            int Z(int i) => mirror.Z ? p[0] - 1 - i : i;
                            int Y(int i) => mirror.Y ? p[1] - 1 - i : i;
                            int X(int i) => mirror.X ? p[2] - 1 - i : i;
                            double Voxel(int k, int j, int i) => voxels[((((z0 + Z(k)) * s[1]) + y0 + Y(j)) * s[2]) + x0 + X(i)];
                            var logits = Enumerable.Range(0, plan.Classes).Select(c => Logit(Voxel, c, Z(z), Y(y), X(x))).ToArray();
                            for (var c = 0; c < plan.Classes; c++)
                            {
                                sum[(c * n) + at] += plan.Weights[v] * Probability(logits, c, plan.Activation) / mirrorings.Length;
                            }
                        }
                    }
                }
            }
        }

        return [.. sum.Select((value, i) => value / total[i % n])];
    }

    private static double Probability(double[] logits, int c, Activation activation) => activation switch
    {
        Activation.None => logits[c],
        Activation.Sigmoid => 1 / (1 + Math.Exp(-logits[c])),
        _ => Math.Exp(logits[c]) / logits.Sum(Math.Exp),
    };
}
