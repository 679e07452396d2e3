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

/// <summary>Class probabilities of a volume, patch by patch. Of the sums only the planes are kept that later patches still reach.</summary>
public static class SlidingWindow
{
    /// <summary>Computes a batch of patches: input [batch, slice or channel, z, y, x] in, output [batch, class, z, y, x] out.</summary>
    public delegate ReadOnlySpan<float> Predictor(int patches);

    /// <summary>Takes the probabilities [class, y, x] of a slice, the slices in their order.</summary>
    public delegate void PlaneSink(int z, ReadOnlySpan<float> probabilities);

    /// <summary>:: 1 Cut patches, :: 2 predict, :: 3 sum probability × weight, :: 4 divide a slice that is done by its weights.</summary>
    /// <param name="voxels">[z, y, x].</param>
    /// <param name="input">Where the predictor reads patches; room for a batch.</param>
    /// <param name="progress">Told the fraction done after each batch; throws to stop.</param>
    /// <param name="threads">Slices of a patch that are summed at once; the result does not depend on it.</param>
    /// <param name="further">Volumes of the same shape whose patches go with the first's; null for none.</param>
    /// <exception cref="InputRefusedException">The graph gives values that are not numbers; the code is <c>not-finite-output</c>.</exception>
    public static void Run(
        ReadOnlySpan<float> voxels,
        WindowPlan plan,
        Span<float> input,
        Predictor predict,
        PlaneSink sink,
        Action<double> progress,
        int threads = 1,
        IReadOnlyList<FurtherPatches>? further = null)
    {
        var tiles = Tiles(plan);
        var slices = new OpenSlices(plan, threads);
        var (patchVoxels, classes) = (plan.PatchVoxels, plan.Classes);
        for (var first = 0; first < tiles.Count; first += plan.Batch)
        {
            // :: Step 1
            var count = Math.Min(plan.Batch, tiles.Count - first);
            for (var i = 0; i < count; i++)
            {
                var channels = input.Slice(i * plan.Channels * patchVoxels, plan.Channels * patchVoxels);
                for (var c = 0; c < plan.Slices; c++)
                {
                    Cut(voxels, plan, tiles[first + i], c - (plan.Slices / 2), channels.Slice(c * patchVoxels, patchVoxels));
                }

                foreach (var other in further ?? [])
                {
                    var to = other.Channel is { } channel ? channels[(channel * patchVoxels)..] : other.Room!()[(i * patchVoxels)..];
                    Cut(other.Voxels, plan, tiles[first + i], 0, to[..patchVoxels]);
                }
            }

            // :: Step 2
            var output = predict(count)[..(count * classes * patchVoxels)];
            if (!float.IsFinite(TensorPrimitives.MaxMagnitude(output)))
            {
                throw new InputRefusedException(
                    "not-finite-output", "The model gave values that are not numbers on this series; nothing is reported. Tell the model's author.");
            }

            // :: Steps 3 and 4
            for (var i = 0; i < count; i++)
            {
                slices.CloseBefore(tiles[first + i].Z, sink);
                slices.Add(output.Slice(i * classes * patchVoxels, classes * patchVoxels), tiles[first + i]);
            }

            progress((first + count) / (double)tiles.Count);
        }

        slices.CloseBefore(plan.Shape[0], sink);
    }

    /// <summary>Patches in the order of their first slice, each in all its mirrorings.</summary>
    private static List<Tile> Tiles(WindowPlan plan)
    {
        int[][] starts = [.. Enumerable.Range(0, 3).Select(axis => Patches.Starts(plan.Shape[axis], plan.Patch[axis], plan.Overlap))];
        return
        [
            .. from z in starts[0]
               from y in starts[1]
               from x in starts[2]
               from mirror in plan.Mirrorings()
               select new Tile(z, y, x, mirror),
        ];
    }

    /// <param name="offset">Slices from the patch's own.</param>
    private static void Cut(ReadOnlySpan<float> voxels, WindowPlan plan, Tile tile, int offset, Span<float> to)
    {
        var (shape, patch) = (plan.Shape, plan.Patch);
        for (var z = 0; z < patch[0]; z++)
        {
            var slice = Math.Clamp(tile.Z + tile.InZ(z, patch) + offset, 0, shape[0] - 1);
            for (var y = 0; y < patch[1]; y++)
            {
                var from = (((slice * shape[1]) + tile.Y + tile.InY(y, patch)) * shape[2]) + tile.X;
                var row = to.Slice(((z * patch[1]) + y) * patch[2], patch[2]);
                voxels.Slice(from, patch[2]).CopyTo(row);
                if (tile.Mirror.X)
                {
                    row.Reverse();
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

    /// <summary>A patch: its first voxel, and along which axes the graph sees it mirrored.</summary>
    private readonly record struct Tile(int Z, int Y, int X, (bool Z, bool Y, bool X) Mirror)
    {
        /// <summary>Slice of the patch as it lies in the volume.</summary>
        public int InZ(int z, int[] patch) => Mirror.Z ? patch[0] - 1 - z : z;

        /// <summary>Row of the patch as it lies in the volume.</summary>
        public int InY(int y, int[] patch) => Mirror.Y ? patch[1] - 1 - y : y;
    }

    /// <summary>Sums of the slices that patches may still reach, as many as a patch is deep; after the classes stand the weights.</summary>
    private sealed class OpenSlices(WindowPlan plan, int threads)
    {
        private readonly int area = plan.Shape[1] * plan.Shape[2];
        private readonly float[][] sums = [.. Enumerable.Range(0, plan.Patch[0]).Select(_ => new float[checked((plan.Classes + 1) * plan.Shape[1] * plan.Shape[2])])];
        private readonly float[][] scratch = [.. Enumerable.Range(0, Math.Clamp(threads, 1, plan.Patch[0])).Select(_ => new float[(plan.Classes + 2) * plan.Patch[2]])];
        private int closed;

        /// <summary>Gives away the slices before <paramref name="z"/>: no patch reaches them any more.</summary>
        public void CloseBefore(int z, PlaneSink sink)
        {
            for (; closed < z; closed++)
            {
                var slice = sums[closed % sums.Length].AsSpan();
                var weights = slice[(plan.Classes * area)..];
                for (var c = 0; c < plan.Classes; c++)
                {
                    var channel = slice.Slice(c * area, area);
                    TensorPrimitives.Divide(channel, weights, channel);
                }

                sink(closed, slice[..(plan.Classes * area)]);
                slice.Clear();
            }
        }

        /// <summary>Each slice of a patch has sums of its own: parts of the patch are added at once, each voxel as by one thread.</summary>
        public unsafe void Add(ReadOnlySpan<float> output, Tile tile)
        {
            if (scratch.Length == 1)
            {
                Add(output, tile, 0, plan.Patch[0], scratch[0]);
                return;
            }

            fixed (float* values = output)
            {
                var (from, length) = ((nint)values, output.Length);
                Parallel.For(0, scratch.Length, part => Add(
                    new ReadOnlySpan<float>((void*)from, length),
                    tile,
                    part * plan.Patch[0] / scratch.Length,
                    (part + 1) * plan.Patch[0] / scratch.Length,
                    scratch[part]));
            }
        }

        /// <param name="first">Slice of the patch, as the graph saw it.</param>
        private void Add(ReadOnlySpan<float> output, Tile tile, int first, int last, float[] own)
        {
            var (patch, classes, width) = (plan.Patch, plan.Classes, plan.Patch[2]);
            var rows = own.AsSpan(0, classes * width);
            for (var z = first; z < last; z++)
            {
                var slice = sums[(tile.Z + tile.InZ(z, patch)) % sums.Length].AsSpan();
                for (var y = 0; y < patch[1]; y++)
                {
                    var at = ((z * patch[1]) + y) * width;
                    for (var c = 0; c < classes; c++)
                    {
                        var row = rows.Slice(c * width, width);
                        output.Slice((c * plan.PatchVoxels) + at, width).CopyTo(row);
                        if (tile.Mirror.X)
                        {
                            row.Reverse();
                        }
                    }

                    switch (plan.Activation)
                    {
                        case Activation.Softmax:
                            Softmax(rows, classes, width, own.AsSpan(classes * width, 2 * width));
                            break;
                        case Activation.Sigmoid:
                            TensorPrimitives.Sigmoid(rows, rows);
                            break;
                    }

                    var (inZ, inY) = (tile.InZ(z, patch), tile.InY(y, patch));
                    var weights = plan.Weights.AsSpan(((inZ * patch[1]) + inY) * width, width);
                    var to = ((tile.Y + inY) * plan.Shape[2]) + tile.X;
                    for (var c = 0; c < classes; c++)
                    {
                        var sum = slice.Slice((c * area) + to, width);
                        TensorPrimitives.MultiplyAdd(rows.Slice(c * width, width), weights, sum, sum);
                    }

                    var total = slice.Slice((classes * area) + to, width);
                    TensorPrimitives.Add(total, weights, total);
                }
            }
        }
    }
}
