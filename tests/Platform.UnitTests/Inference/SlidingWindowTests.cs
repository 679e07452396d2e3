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
    [InlineData(1)]
    [InlineData(4)]
    public void A_model_that_returns_its_input_gives_the_volume_back(int batch)
    {
        int[] shape = [13, 11, 17];
        int[] patch = [6, 5, 8];
        var random = new Random(9);
        var voxels = Enumerable.Range(0, 13 * 11 * 17).Select(_ => (float)random.NextDouble()).ToArray();
        var input = new float[batch * 6 * 5 * 8];
        var output = new float[2 * input.Length];

        // Class 0 is the input, class 1 is one minus it: probabilities already.
        var sums = SlidingWindow.Run(voxels, shape, patch, 0.4, Patches.Weights(patch, 0.125), 2, Activation.None, batch, input, Identity, _ => { });

        for (var i = 0; i < voxels.Length; i++)
        {
            Assert.Equal(voxels[i], sums[i] / (sums[i] + sums[voxels.Length + i]), 1e-5);
        }

        ReadOnlySpan<float> Identity(int patches)
        {
            for (var i = 0; i < patches * 240; i++)
            {
                var (b, v) = (i / 240, i % 240);
                output[(b * 480) + v] = input[i];
                output[(b * 480) + 240 + v] = 1 - input[i];
            }

            return output;
        }
    }

    [Fact]
    public void Logits_become_probabilities_before_they_are_joined()
    {
        int[] shape = [1, 1, 3];
        var sums = SlidingWindow.Run(
            new float[3], shape, shape, 0, Patches.Weights(shape, null), 3, Activation.Softmax, 1, new float[3],
            _ => new float[] { 0, 1000, -5, 0, 999, 2, 0, -1000, 2 }, _ => { });

        Assert.Equal(1 / 3.0, sums[0], 1e-6);
        Assert.Equal(1 / (1 + Math.Exp(-1)), sums[1], 1e-6);
        Assert.Equal(Math.Exp(-7) / (Math.Exp(-7) + 2), sums[2], 1e-6);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(1, sums[i] + sums[3 + i] + sums[6 + i], 1e-6);
        }
    }

    [Fact]
    public void A_sigmoid_divided_by_the_weights_is_each_voxels_own_probability()
    {
        int[] shape = [5, 6, 9];
        int[] patch = [4, 4, 5];
        var weights = Patches.Weights(patch, 0.2);
        var logits = Enumerable.Range(0, 5 * 6 * 9).Select(i => (i - 135) / 40f).ToArray();
        var (input, output) = (new float[80], new float[80]);

        var sums = SlidingWindow.Run(logits, shape, patch, 0.3, weights, 1, Activation.Sigmoid, 1, input, Same, _ => { });
        var total = SlidingWindow.WeightSums(shape, patch, 0.3, weights);

        for (var i = 0; i < logits.Length; i++)
        {
            Assert.Equal(1 / (1 + Math.Exp(-logits[i])), sums[i] / total[i], 1e-5);
        }

        ReadOnlySpan<float> Same(int patches)
        {
            input.CopyTo(output, 0);
            return output;
        }
    }
}
