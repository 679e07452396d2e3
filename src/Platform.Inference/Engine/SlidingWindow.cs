using System.Numerics.Tensors;

namespace Platform.Inference.Engine;

/// <summary>What turns a graph's output into probabilities.</summary>
public enum Activation
{
    /// <summary>The output is probabilities.</summary>
    None,

    /// <summary>Across classes.</summary>
    Softmax,

    /// <summary>Of each class by itself.</summary>
    Sigmoid,
}

/// <summary>Weighted class probabilities of a volume, patch by patch.</summary>
public static class SlidingWindow
{
    /// <summary>Fills a batch of patches: input [batch, 1, z, y, x] in, output [batch, class, z, y, x] out.</summary>
    public delegate ReadOnlySpan<float> Predictor(int patches);

    /// <summary>Runs every patch and sums probability × weight.</summary>
    /// <param name="voxels">[z, y, x], each side at least a patch.</param>
    /// <param name="shape">Sides of the volume z, y, x.</param>
    /// <param name="patch">Sides of a patch z, y, x.</param>
    /// <param name="weights">Weight of each voxel of a patch.</param>
    /// <param name="activation">What makes probabilities of the graph's output.</param>
    /// <param name="input">Where the predictor reads patches; room for <paramref name="batch"/>.</param>
    /// <param name="progress">Told the fraction done after each batch; throws to stop.</param>
    /// <returns>Sums [class, z, y, x]; divide by the sum over classes for probabilities. The greatest class needs no division.</returns>
    public static float[] Run(
        ReadOnlySpan<float> voxels,
        int[] shape,
        int[] patch,
        double overlap,
        ReadOnlySpan<float> weights,
        int classes,
        Activation activation,
        int batch,
        Span<float> input,
        Predictor predict,
        Action<double> progress)
    {
        var patchVoxels = patch[0] * patch[1] * patch[2];
        var corners = Corners(shape, patch, overlap);
        var total = new float[checked(classes * voxels.Length)];
        var scratch = new float[(classes + 2) * patch[2]];
        for (var first = 0; first < corners.Count; first += batch)
        {
            var count = Math.Min(batch, corners.Count - first);
            for (var i = 0; i < count; i++)
            {
                Copy(voxels, shape, patch, corners[first + i], input.Slice(i * patchVoxels, patchVoxels));
            }

            var output = predict(count);
            for (var i = 0; i < count; i++)
            {
                var part = output.Slice(i * classes * patchVoxels, classes * patchVoxels);
                Add(part, shape, patch, corners[first + i], weights, classes, activation, total, scratch);
            }

            progress((first + count) / (double)corners.Count);
        }

        return total;
    }

    /// <summary>Sum of the weights at each voxel: what <see cref="Run"/>'s sums are divided by where the classes do not add up to one.</summary>
    public static float[] WeightSums(int[] shape, int[] patch, double overlap, ReadOnlySpan<float> weights)
    {
        var total = new float[checked(shape[0] * shape[1] * shape[2])];
        foreach (var corner in Corners(shape, patch, overlap))
        {
            for (var z = 0; z < patch[0]; z++)
            {
                for (var y = 0; y < patch[1]; y++)
                {
                    var row = total.AsSpan(((((corner.Z + z) * shape[1]) + corner.Y + y) * shape[2]) + corner.X, patch[2]);
                    TensorPrimitives.Add(row, weights.Slice(((z * patch[1]) + y) * patch[2], patch[2]), row);
                }
            }
        }

        return total;
    }

    private static List<(int Z, int Y, int X)> Corners(int[] shape, int[] patch, double overlap) =>
    [
        .. from z in Patches.Starts(shape[0], patch[0], overlap)
           from y in Patches.Starts(shape[1], patch[1], overlap)
           from x in Patches.Starts(shape[2], patch[2], overlap)
           select (z, y, x),
    ];

    private static void Copy(ReadOnlySpan<float> voxels, int[] shape, int[] patch, (int Z, int Y, int X) corner, Span<float> to)
    {
        for (var z = 0; z < patch[0]; z++)
        {
            for (var y = 0; y < patch[1]; y++)
            {
                var from = ((((corner.Z + z) * shape[1]) + corner.Y + y) * shape[2]) + corner.X;
                voxels.Slice(from, patch[2]).CopyTo(to.Slice(((z * patch[1]) + y) * patch[2], patch[2]));
            }
        }
    }

    private static void Add(
        ReadOnlySpan<float> output, int[] shape, int[] patch, (int Z, int Y, int X) corner, ReadOnlySpan<float> weights, int classes,
        Activation activation, Span<float> total, Span<float> scratch)
    {
        var width = patch[2];
        var patchVoxels = weights.Length;
        var volume = shape[0] * shape[1] * shape[2];
        var rows = scratch[..(classes * width)];
        for (var z = 0; z < patch[0]; z++)
        {
            for (var y = 0; y < patch[1]; y++)
            {
                var at = ((z * patch[1]) + y) * width;
                for (var c = 0; c < classes; c++)
                {
                    output.Slice((c * patchVoxels) + at, width).CopyTo(rows.Slice(c * width, width));
                }

                switch (activation)
                {
                    case Activation.Softmax:
                        Softmax(rows, classes, width, scratch.Slice(classes * width, 2 * width));
                        break;
                    case Activation.Sigmoid:
                        TensorPrimitives.Sigmoid(rows, rows);
                        break;
                }

                var to = ((((corner.Z + z) * shape[1]) + corner.Y + y) * shape[2]) + corner.X;
                for (var c = 0; c < classes; c++)
                {
                    var sum = total.Slice((c * volume) + to, width);
                    TensorPrimitives.MultiplyAdd(rows.Slice(c * width, width), weights.Slice(at, width), sum, sum);
                }
            }
        }
    }

    /// <summary>Softmax across classes for each voxel of a row; the classes lie one row after the other.</summary>
    private static void Softmax(Span<float> rows, int classes, int width, Span<float> scratch)
    {
        var greatest = scratch[..width];
        var sum = scratch.Slice(width, width);
        rows[..width].CopyTo(greatest);
        for (var c = 1; c < classes; c++)
        {
            TensorPrimitives.Max(greatest, rows.Slice(c * width, width), greatest);
        }

        sum.Clear();
        for (var c = 0; c < classes; c++)
        {
            var row = rows.Slice(c * width, width);
            TensorPrimitives.Subtract(row, greatest, row);
            TensorPrimitives.Exp(row, row);
            TensorPrimitives.Add(sum, row, sum);
        }

        for (var c = 0; c < classes; c++)
        {
            var row = rows.Slice(c * width, width);
            TensorPrimitives.Divide(row, sum, row);
        }
    }
}
