using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Platform.Dicom.Volumes;

namespace Platform.Inference.Volumes;

/// <summary>Trilinear interpolation, with positions in double precision or as fixed point of 32 + 32 bits.</summary>
internal static class LinearResampling
{
    private const double FixedOne = 4294967296.0;

    // In a run of so many voxels the rounding of a fixed-point step stays below 6e-8 of a voxel.
    private const int FixedRun = 512;

    // Nearer than this to the outermost voxels a position is taken for theirs; more than the rounding of a run.
    private const double FixedMargin = 1e-7;

    private const int BlockSlices = 8;
    private const int BlockRows = 16;

    /// <summary>
    /// Axis by axis. Where slices are added, each source slice is brought to the target's rows and columns once and kept for its
    /// neighbours; where slices are left out, rows are mixed across slices first.
    /// </summary>
    public static void Aligned(Volume source, GridMap map, Volume result, ParallelOptions parallel)
    {
        var to = result.Grid;
        var (aligned, counts) = AxisOrder.Aligned(source, map.Axes!);
        var x = new LinearTaps(map.Positions(0, to.Width), counts[0]);
        var y = new LinearTaps(map.Positions(1, to.Height), counts[1]);
        var z = new LinearTaps(map.Positions(2, to.Depth), counts[2]);

        // A voxel gathered along x costs about three mixed along y or z.
        var (width, height, depth, targetWidth, targetHeight) = (counts[0], (long)y.Used, (long)to.Depth, to.Width, (long)to.Height);
        var planesFirst = (z.Used * ((3 * height * targetWidth) + (targetHeight * targetWidth))) + (depth * targetHeight * targetWidth)
            <= depth * ((height * width) + (targetHeight * width) + (3 * targetHeight * targetWidth));
        var parts = Math.Clamp(parallel.MaxDegreeOfParallelism, 1, to.Depth);
        Parallel.For(0, parts, parallel, part =>
        {
            var (first, last) = ((int)(part * (long)to.Depth / parts), (int)((part + 1) * (long)to.Depth / parts));
            if (planesFirst)
            {
                PlanesFirst(aligned, counts, result.Voxels, x, y, z, first, last, parallel.CancellationToken);
            }
            else
            {
                RowsFirst(aligned, counts, result.Voxels, x, y, z, first, last, parallel.CancellationToken);
            }
        });
    }

    /// <summary>Along axes of any direction, in blocks of neighbouring rows and slices: what they share of the source stays in the cache.</summary>
    public static void Oblique(Volume source, GridMap map, Volume result, ParallelOptions parallel)
    {
        var to = result.Grid;
        Parallel.For(0, (to.Depth + BlockSlices - 1) / BlockSlices, parallel, block =>
        {
            for (var j0 = 0; j0 < to.Height; j0 += BlockRows)
            {
                for (var k = block * BlockSlices; k < Math.Min((block + 1) * BlockSlices, to.Depth); k++)
                {
                    for (var j = j0; j < Math.Min(j0 + BlockRows, to.Height); j++)
                    {
                        var start = map.Origin + (map.Step(1) * j) + (map.Step(2) * k);
                        ObliqueRow(source, start, map.Step(0), result.Voxels.AsSpan(((k * to.Height) + j) * to.Width, to.Width));
                    }
                }
            }
        });
    }

    private static void PlanesFirst(
        float[] source, int[] counts, float[] target, LinearTaps x, LinearTaps y, LinearTaps z, int first, int last, CancellationToken ct)
    {
        var (width, height) = (x.Count, y.Count);
        var rows = new TwoKept(width);
        var planes = new TwoKept(width * height);
        for (var k = first; k < last; k++)
        {
            ct.ThrowIfCancellationRequested();
            var slice = target.AsSpan(k * width * height, width * height);
            var low = Plane(z.Low[k], z.High[k]);
            if (z.Weight[k] == 0)
            {
                low.CopyTo(slice);
            }
            else
            {
                Mix(low, Plane(z.High[k], z.Low[k]), z.Weight[k], slice);
            }
        }

        Span<float> Plane(int at, int beside)
        {
            if (x.IsIdentity && y.IsIdentity)
            {
                return source.AsSpan(at * width * height, width * height);
            }

            if (!planes.TryGet(at, beside, out var plane))
            {
                rows.Forget();
                for (var j = 0; j < height; j++)
                {
                    var line = plane.AsSpan(j * width, width);
                    var low = Row(at, y.Low[j], y.High[j]);
                    if (y.Weight[j] == 0)
                    {
                        low.CopyTo(line);
                    }
                    else
                    {
                        Mix(low, Row(at, y.High[j], y.Low[j]), y.Weight[j], line);
                    }
                }
            }

            return plane;
        }

        Span<float> Row(int z0, int at, int beside)
        {
            if (x.IsIdentity)
            {
                return source.AsSpan(((z0 * counts[1]) + at) * counts[0], counts[0]);
            }

            if (!rows.TryGet(at, beside, out var row))
            {
                Gather(source.AsSpan(((z0 * counts[1]) + at) * counts[0], counts[0]), x, row);
            }

            return row;
        }
    }

    private static void RowsFirst(
        float[] source, int[] counts, float[] target, LinearTaps x, LinearTaps y, LinearTaps z, int first, int last, CancellationToken ct)
    {
        var (width, height) = (x.Count, y.Count);
        var rows = new TwoKept(counts[0]);
        var mixed = new float[counts[0]];
        for (var k = first; k < last; k++)
        {
            ct.ThrowIfCancellationRequested();
            rows.Forget();
            for (var j = 0; j < height; j++)
            {
                var row = Row(k, y.Low[j], y.High[j]);
                if (y.Weight[j] != 0)
                {
                    Mix(row, Row(k, y.High[j], y.Low[j]), y.Weight[j], mixed);
                    row = mixed;
                }

                Gather(row, x, target.AsSpan(((k * height) + j) * width, width));
            }
        }

        ReadOnlySpan<float> Row(int k, int at, int beside)
        {
            var low = source.AsSpan(((z.Low[k] * counts[1]) + at) * counts[0], counts[0]);
            if (z.Weight[k] == 0)
            {
                return low;
            }

            if (!rows.TryGet(at, beside, out var row))
            {
                Mix(low, source.AsSpan(((z.High[k] * counts[1]) + at) * counts[0], counts[0]), z.Weight[k], row);
            }

            return row;
        }
    }

    /// <summary>a + (b − a)·weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    private static void Mix(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float weight, Span<float> result)
    {
        var i = 0;
        var weights = new Vector<float>(weight);
        for (; i <= result.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var low = new Vector<float>(a[i..]);
            Vector.FusedMultiplyAdd(new Vector<float>(b[i..]) - low, weights, low).CopyTo(result[i..]);
        }

        for (; i < result.Length; i++)
        {
            result[i] = MathF.FusedMultiplyAdd(b[i] - a[i], weight, a[i]);
        }
    }

    /// <summary>A row at the positions of the taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Gather(ReadOnlySpan<float> row, LinearTaps x, Span<float> result)
    {
        if (x.IsIdentity)
        {
            row.CopyTo(result);
            return;
        }

        var i = 0;
        fixed (float* from = row, to = result, weights = x.Weight)
        {
            fixed (int* lows = x.Low, highs = x.High)
            {
                for (; Avx2.IsSupported && i <= result.Length - Vector256<float>.Count; i += Vector256<float>.Count)
                {
                    var low = Avx2.GatherVector256(from, Vector256.Load(lows + i), sizeof(float));
                    var high = Avx2.GatherVector256(from, Vector256.Load(highs + i), sizeof(float));
                    Vector256.FusedMultiplyAdd(high - low, Vector256.Load(weights + i), low).Store(to + i);
                }
            }
        }

        for (; i < result.Length; i++)
        {
            var low = row[x.Low[i]];
            result[i] = MathF.FusedMultiplyAdd(row[x.High[i]] - low, x.Weight[i], low);
        }
    }

    /// <summary>A row of the target, cut where its line enters or leaves the source along an axis; outside, that axis stands still.</summary>
    private static void ObliqueRow(Volume source, Vector3D start, Vector3D step, Span<float> row)
    {
        var grid = source.Grid;
        if (grid.Width < 2 || grid.Height < 2 || grid.Depth < 2)
        {
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = At(source, start + (step * i));
            }

            return;
        }

        var (x, y, z) = (
            new Leg(start.X, step.X, grid.Width, row.Length), new Leg(start.Y, step.Y, grid.Height, row.Length),
            new Leg(start.Z, step.Z, grid.Depth, row.Length));
        for (int i = 0, next; i < row.Length; i = next)
        {
            next = Math.Min(Math.Min(x.NextCut(i), y.NextCut(i)), Math.Min(z.NextCut(i), Math.Min(i + FixedRun, row.Length)));
            FixedRow(source, x.Fixed(i), y.Fixed(i), z.Fixed(i), row[i..next]);
        }
    }

    /// <summary>Eight neighbours of each position, eight positions at a time; positions are fixed point and stay within the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    private static unsafe void FixedRow(
        Volume source, (long At, long Step) x, (long At, long Step) y, (long At, long Step) z, Span<float> row)
    {
        var (width, area) = (source.Grid.Width, source.Grid.Width * source.Grid.Height);
        Require(x, width, row.Length);
        Require(y, source.Grid.Height, row.Length);
        Require(z, source.Grid.Depth, row.Length);

        // Each axis as two times four positions: the upper half of one is its voxel, the lower its way to the next.
        var (x0, y0, z0) = (Positions(x, 0), Positions(y, 0), Positions(z, 0));
        var (x4, y4, z4) = (Positions(x, 4), Positions(y, 4), Positions(z, 4));
        var (stepX, stepY, stepZ) = (Vector256.Create(8 * x.Step), Vector256.Create(8 * y.Step), Vector256.Create(8 * z.Step));
        var (widths, areas) = (Vector256.Create(width), Vector256.Create(area));
        var offsets = stackalloc int[8];
        var rest = stackalloc float[8];
        fixed (float* voxels = source.Voxels, to = row)
        {
            for (var i = 0; i < row.Length; i += 8)
            {
                var left = Math.Min(8, row.Length - i);
                ((Whole(z0, z4) * areas) + (Whole(y0, y4) * widths) + Whole(x0, x4)).Store(offsets);
                for (var beyond = left; beyond < 8; beyond++)
                {
                    offsets[beyond] = offsets[0]; // behind the row's end positions may leave the volume
                }

                var (wx, wy, wz) = (Weights(x0, x4), Weights(y0, y4), Weights(z0, z4));
                Pairs(voxels, offsets, out var nearLeft, out var nearRight);
                Pairs(voxels + area, offsets, out var farLeft, out var farRight);
                nearLeft = Vector256.FusedMultiplyAdd(farLeft - nearLeft, wz, nearLeft);
                nearRight = Vector256.FusedMultiplyAdd(farRight - nearRight, wz, nearRight);
                Pairs(voxels + width, offsets, out var nextLeft, out var nextRight);
                Pairs(voxels + width + area, offsets, out farLeft, out farRight);
                nextLeft = Vector256.FusedMultiplyAdd(farLeft - nextLeft, wz, nextLeft);
                nextRight = Vector256.FusedMultiplyAdd(farRight - nextRight, wz, nextRight);
                nearLeft = Vector256.FusedMultiplyAdd(nextLeft - nearLeft, wy, nearLeft);
                nearRight = Vector256.FusedMultiplyAdd(nextRight - nearRight, wy, nearRight);
                Vector256.FusedMultiplyAdd(nearRight - nearLeft, wx, nearLeft).Store(left == 8 ? to + i : rest);
                for (var beyond = 0; left < 8 && beyond < left; beyond++)
                {
                    to[i + beyond] = rest[beyond];
                }

                (x0, y0, z0) = (x0 + stepX, y0 + stepY, z0 + stepZ);
                (x4, y4, z4) = (x4 + stepX, y4 + stepY, z4 + stepZ);
            }
        }

        static Vector256<long> Positions((long At, long Step) leg, int first)
        {
            var at = leg.At + (first * leg.Step);
            return Vector256.Create(at, at + leg.Step, at + (2 * leg.Step), at + (3 * leg.Step));
        }

        static void Require((long At, long Step) leg, int count, int length)
        {
            var last = leg.At + (leg.Step * (length - 1));
            if (leg.At < 0 || last < 0 || leg.At >> 32 > count - 2 || last >> 32 > count - 2)
            {
                throw new InvalidOperationException("A row leaves the volume."); // it would read other memory
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Whole(Vector256<long> low, Vector256<long> high) => Vector256.Narrow(low >>> 32, high >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Weights(Vector256<long> low, Vector256<long> high) =>
        Vector256.ConvertToSingle(Vector256.Narrow(low, high) >>> 8) * Vector256.Create(1f / (1 << 24));

    /// <summary>At each of eight offsets a voxel and its right neighbour, read as one value of 64 bits and then parted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Pairs(float* voxels, int* offsets, out Vector256<float> left, out Vector256<float> right)
    {
        // In this order the two of each pair of halves come to lie where eight positions in a row want them.
        var first = Vector256.Create(Two(voxels, offsets[0], offsets[1]), Two(voxels, offsets[4], offsets[5]));
        var second = Vector256.Create(Two(voxels, offsets[2], offsets[3]), Two(voxels, offsets[6], offsets[7]));
        (left, right) = (Picked(first, second, isOdd: false), Picked(first, second, isOdd: true));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector128<float> Two(float* voxels, nint a, nint b) =>
        Vector128.Create(*(double*)(voxels + a), *(double*)(voxels + b)).AsSingle();

    /// <summary>Even elements of both, or odd ones, in each half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Picked(Vector256<float> p, Vector256<float> q, bool isOdd)
    {
        if (Avx.IsSupported)
        {
            return isOdd ? Avx.Shuffle(p, q, 0b11_01_11_01) : Avx.Shuffle(p, q, 0b10_00_10_00);
        }

        return isOdd
            ? Vector256.Create(p[1], p[3], q[1], q[3], p[5], p[7], q[5], q[7])
            : Vector256.Create(p[0], p[2], q[0], q[2], p[4], p[6], q[4], q[6]);
    }

    private static float At(Volume source, Vector3D p)
    {
        var (voxels, grid) = (source.Voxels, source.Grid);
        var (x0, x1, wx) = LinearTaps.Tap(p.X, grid.Width);
        var (y0, y1, wy) = LinearTaps.Tap(p.Y, grid.Height);
        var (z0, z1, wz) = LinearTaps.Tap(p.Z, grid.Depth);
        var (r00, r01) = (Row(z0, y0), Row(z0, y1));
        var (r10, r11) = (Row(z1, y0), Row(z1, y1));
        var near = Mixed(Mixed(voxels[r00 + x0], voxels[r00 + x1], wx), Mixed(voxels[r01 + x0], voxels[r01 + x1], wx), wy);
        var far = Mixed(Mixed(voxels[r10 + x0], voxels[r10 + x1], wx), Mixed(voxels[r11 + x0], voxels[r11 + x1], wx), wy);
        return Mixed(near, far, wz);

        int Row(int z, int y) => ((z * grid.Height) + y) * grid.Width;

        static float Mixed(float a, float b, float weight) => MathF.FusedMultiplyAdd(b - a, weight, a);
    }

    /// <summary>One axis of a line through the source: where it is inside, and its positions.</summary>
    private readonly struct Leg
    {
        private readonly double start;
        private readonly double step;
        private readonly int count;

        public Leg(double start, double step, int count, int length)
        {
            (this.start, this.step, this.count) = (start, step, count);
            var (low, high) = (FixedMargin, count - 1 - FixedMargin);
            if (step == 0)
            {
                (Enters, Leaves) = (0, start > low && start < high ? length : 0);
                return;
            }

            var (a, b) = ((low - start) / step, (high - start) / step);
            Enters = (int)Math.Clamp(Math.Ceiling(Math.Min(a, b)), 0, length);
            Leaves = (int)Math.Clamp(Math.Floor(Math.Max(a, b)) + 1, Enters, length);
        }

        /// <summary>First index inside.</summary>
        public int Enters { get; }

        /// <summary>First index outside again.</summary>
        public int Leaves { get; }

        /// <summary>The first index after this one at which it enters or leaves; of none the greatest number.</summary>
        public int NextCut(int i) => i < Enters ? Enters : i < Leaves ? Leaves : int.MaxValue;

        /// <summary>Position and step from an index on; all of a cut is on one side.</summary>
        public (long At, long Step) Fixed(int i)
        {
            if (i >= Enters && i < Leaves)
            {
                return ((long)Math.Round((start + (step * i)) * FixedOne), (long)Math.Round(step * FixedOne));
            }

            var isBelow = step == 0 ? start <= FixedMargin : i < Enters == step > 0;
            return (isBelow ? 0 : ((long)(count - 1) << 32) - 1, 0);
        }
    }

    /// <summary>The two lines computed last.</summary>
    private sealed class TwoKept(int length)
    {
        private readonly float[][] lines = [new float[length], new float[length]];
        private readonly int[] keys = [-1, -1];

        public void Forget() => (keys[0], keys[1]) = (-1, -1);

        /// <summary>False: the line is to be computed into <paramref name="line"/>, which is not that of <paramref name="beside"/>.</summary>
        public bool TryGet(int key, int beside, out float[] line)
        {
            var at = keys[0] == key ? 0 : keys[1] == key ? 1 : keys[0] == beside ? 1 : 0;
            line = lines[at];
            var isKept = keys[at] == key;
            keys[at] = key;
            return isKept;
        }
    }

    /// <summary>Along one axis: the two neighbours of each position and the weight of the upper one.</summary>
    private sealed class LinearTaps
    {
        public LinearTaps(double[] positions, int count)
        {
            (Low, High, Weight) = (new int[positions.Length], new int[positions.Length], new float[positions.Length]);
            var used = new HashSet<int>();
            for (var i = 0; i < positions.Length; i++)
            {
                (Low[i], High[i], Weight[i]) = Tap(positions[i], count);
                used.Add(Low[i]);
                if (Weight[i] != 0)
                {
                    used.Add(High[i]);
                }
            }

            Used = used.Count;
            IsIdentity = positions.Length == count && Weight.All(w => w == 0) && Low.Select((low, i) => low == i).All(same => same);
        }

        public int[] Low { get; }

        public int[] High { get; }

        public float[] Weight { get; }

        /// <summary>Positions.</summary>
        public int Count => Low.Length;

        /// <summary>Different neighbours of weight.</summary>
        public int Used { get; }

        /// <summary>Every position is its own voxel.</summary>
        public bool IsIdentity { get; }

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
