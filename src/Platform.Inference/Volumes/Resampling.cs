using System.Numerics.Tensors;

namespace Platform.Inference.Volumes;

/// <summary>Brings a volume onto another grid. Beyond the outermost centres of voxels the outermost value goes on.</summary>
public static class Resampling
{
    /// <summary>Trilinear. Where both grids have the same centres the values come out unchanged, bit for bit.</summary>
    /// <param name="threads">Slices computed at once; the result does not depend on it.</param>
    public static Volume Trilinear(Volume source, Grid target, int threads, CancellationToken ct)
    {
        var map = new GridMap(target, source.Grid);
        var result = new Volume(target, new float[target.Length]);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct };
        if (map.Axes is { } axes)
        {
            var (aligned, width, height, depth) = Aligned(source, axes);
            var x = new LinearTaps(map.Positions(0, target.Width), width);
            var y = new LinearTaps(map.Positions(1, target.Height), height);
            var z = new LinearTaps(map.Positions(2, target.Depth), depth);
            Parallel.For(0, target.Depth, parallel, () => new float[width * (height + 1)], (k, _, scratch) =>
            {
                Slice(aligned, result.Voxels, k, x, y, z, width, height, scratch);
                return scratch;
            }, _ => { });
        }
        else
        {
            Parallel.For(0, target.Depth, parallel, k => ObliqueSlice(source, result, map, k));
        }

        return result;
    }

    /// <summary>Nearest label of another grid for each voxel of the target; 0 outside the labelled grid.</summary>
    public static byte[] Nearest(byte[] labels, Grid from, Grid target, int threads, CancellationToken ct)
    {
        var map = new GridMap(target, from);
        var result = new byte[target.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct };
        Parallel.For(0, target.Depth, parallel, k =>
        {
            for (var j = 0; j < target.Height; j++)
            {
                var start = map.Origin + (map.Step(1) * j) + (map.Step(2) * k);
                var row = result.AsSpan(((k * target.Height) + j) * target.Width, target.Width);
                for (var i = 0; i < row.Length; i++)
                {
                    var p = start + (map.Step(0) * i);
                    var (x, y, z) = (Index(p.X), Index(p.Y), Index(p.Z));
                    if ((uint)x < (uint)from.Width && (uint)y < (uint)from.Height && (uint)z < (uint)from.Depth)
                    {
                        row[i] = labels[(((z * from.Height) + y) * from.Width) + x];
                    }
                }
            }
        });
        return result;

        // The hair's breadth keeps points halfway between two voxels on one side, whatever the rounding of the affine.
        static int Index(double position) => (int)Math.Floor(position + 0.5 + 1e-7);
    }

    /// <summary>The source with its axes in the target's order, so that rows of both run along each other; a copy only when they do not.</summary>
    private static (float[] Voxels, int Width, int Height, int Depth) Aligned(Volume source, int[] axes)
    {
        var grid = source.Grid;
        if (axes is [0, 1, 2])
        {
            return (source.Voxels, grid.Width, grid.Height, grid.Depth);
        }

        int[] sizes = [grid.Width, grid.Height, grid.Depth];
        int[] strides = [1, grid.Width, grid.Width * grid.Height];
        var (width, height, depth) = (sizes[axes[0]], sizes[axes[1]], sizes[axes[2]]);
        var (dx, dy, dz) = (strides[axes[0]], strides[axes[1]], strides[axes[2]]);
        var voxels = new float[source.Voxels.Length];
        var to = 0;
        for (var z = 0; z < depth; z++)
        {
            for (var y = 0; y < height; y++)
            {
                var from = (z * dz) + (y * dy);
                for (var x = 0; x < width; x++, from += dx)
                {
                    voxels[to++] = source.Voxels[from];
                }
            }
        }

        return (voxels, width, height, depth);
    }

    private static void Slice(
        float[] source, float[] target, int k, LinearTaps x, LinearTaps y, LinearTaps z, int width, int height, float[] scratch)
    {
        var area = width * height;
        var first = source.AsSpan(z.Low[k] * area, area);
        var slice = scratch.AsSpan(0, area);
        Lerp(first, source.AsSpan(z.High[k] * area, area), z.Weight[k], slice);
        var row = scratch.AsSpan(area, width);
        for (var j = 0; j < y.Low.Length; j++)
        {
            Lerp(slice.Slice(y.Low[j] * width, width), slice.Slice(y.High[j] * width, width), y.Weight[j], row);
            var line = target.AsSpan(((k * y.Low.Length) + j) * x.Low.Length, x.Low.Length);
            for (var i = 0; i < line.Length; i++)
            {
                var a = row[x.Low[i]];
                line[i] = a + ((row[x.High[i]] - a) * x.Weight[i]);
            }
        }
    }

    private static void Lerp(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float weight, Span<float> result)
    {
        if (weight == 0)
        {
            a.CopyTo(result);
            return;
        }

        TensorPrimitives.Subtract(b, a, result);
        TensorPrimitives.MultiplyAdd(result, weight, a, result);
    }

    private static void ObliqueSlice(Volume source, Volume target, GridMap map, int k)
    {
        var (voxels, grid) = (source.Voxels, source.Grid);
        for (var j = 0; j < target.Grid.Height; j++)
        {
            var start = map.Origin + (map.Step(1) * j) + (map.Step(2) * k);
            var row = target.Voxels.AsSpan(((k * target.Grid.Height) + j) * target.Grid.Width, target.Grid.Width);
            for (var i = 0; i < row.Length; i++)
            {
                var p = start + (map.Step(0) * i);
                var (x0, x1, wx) = LinearTaps.Tap(p.X, grid.Width);
                var (y0, y1, wy) = LinearTaps.Tap(p.Y, grid.Height);
                var (z0, z1, wz) = LinearTaps.Tap(p.Z, grid.Depth);
                var (r00, r01) = (Row(z0, y0), Row(z0, y1));
                var (r10, r11) = (Row(z1, y0), Row(z1, y1));
                var near = Mix(Mix(voxels[r00 + x0], voxels[r00 + x1], wx), Mix(voxels[r01 + x0], voxels[r01 + x1], wx), wy);
                var far = Mix(Mix(voxels[r10 + x0], voxels[r10 + x1], wx), Mix(voxels[r11 + x0], voxels[r11 + x1], wx), wy);
                row[i] = Mix(near, far, wz);
            }
        }

        int Row(int z, int y) => ((z * grid.Height) + y) * grid.Width;

        static float Mix(float a, float b, float weight) => a + ((b - a) * weight);
    }

    /// <summary>Along one axis: the two neighbours of each position and the weight of the upper one.</summary>
    private sealed class LinearTaps
    {
        public LinearTaps(double[] positions, int count)
        {
            (Low, High, Weight) = (new int[positions.Length], new int[positions.Length], new float[positions.Length]);
            for (var i = 0; i < positions.Length; i++)
            {
                (Low[i], High[i], Weight[i]) = Tap(positions[i], count);
            }
        }

        public int[] Low { get; }

        public int[] High { get; }

        public float[] Weight { get; }

        public static (int Low, int High, float Weight) Tap(double position, int count)
        {
            if (position <= 0)
            {
                return (0, 0, 0);
            }

            if (position >= count - 1)
            {
                return (count - 1, count - 1, 0);
            }

            var low = (int)position;
            return (low, low + 1, (float)(position - low));
        }
    }
}
