using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Platform.Dicom.Volumes;

namespace Platform.Inference.Volumes;

/// <summary>
/// Interpolation by the cubic B-spline through every voxel, of a volume whose outermost values go on without end. Sums are double.
/// </summary>
internal static class CubicResampling
{
    // The pole of the filter that turns values into coefficients: √3 − 2. Its powers say how far a voxel is felt.
    private const double Pole = -0.26794919243112270647;
    private const double Gain = 6;

    // So many voxels outside, a volume's inside is felt by less than 2e-7 of its range: there the position stands still.
    private const int Reach = 12;

    private const int Lanes = 32;

    /// <summary>Axis by axis, the one that shrinks most first; between the axes values are float.</summary>
    public static void Aligned(Volume source, GridMap map, Volume result, ParallelOptions parallel)
    {
        int[] wanted = [result.Grid.Width, result.Grid.Height, result.Grid.Depth];
        var (voxels, counts) = AxisOrder.Aligned(source, map.Axes!);
        foreach (var axis in Enumerable.Range(0, 3).OrderBy(a => (double)wanted[a] / counts[a]))
        {
            var taps = new CubicTaps(map.Positions(axis, wanted[axis]), counts[axis]);
            if (!taps.IsIdentity)
            {
                voxels = Along(axis, voxels, counts, taps, parallel);
                counts[axis] = wanted[axis];
            }
        }

        voxels.CopyTo(result.Voxels, 0);
    }

    /// <summary>Along axes of any direction: all coefficients first, then 64 of them for each voxel.</summary>
    public static void Oblique(Volume source, GridMap map, Volume result, ParallelOptions parallel)
    {
        var coefficients = Coefficients.Of(source, map, result.Grid, parallel);
        Parallel.For(0, result.Grid.Depth, parallel, k =>
        {
            var to = result.Grid;
            for (var j = 0; j < to.Height; j++)
            {
                var start = map.Origin + (map.Step(1) * j) + (map.Step(2) * k);
                var row = result.Voxels.AsSpan(((k * to.Height) + j) * to.Width, to.Width);
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] = coefficients.At(start + (map.Step(0) * i));
                }
            }
        });
    }

    /// <summary>One axis resampled: lines of it, <see cref="Lanes"/> at a time, become coefficients and then values.</summary>
    private static float[] Along(int axis, float[] source, int[] counts, CubicTaps taps, ParallelOptions parallel)
    {
        var lines = new LineSet(counts, axis);
        var result = GC.AllocateUninitializedArray<float>(checked(source.Length / lines.Length * taps.Count));
        var target = new LineSet([.. counts.Select((n, a) => a == axis ? taps.Count : n)], axis);
        var length = lines.Length + taps.Before + taps.After;
        Parallel.For(0, lines.Blocks, parallel, () => new double[(length + 1) * Lanes], (block, _, scratch) =>
        {
            var (first, count) = lines.Block(block);
            var coefficients = scratch.AsSpan(0, length * Lanes);
            lines.Read(source, first, count, coefficients[(taps.Before * Lanes)..]);
            Filter(coefficients, length, taps.Before, taps.After);
            var sum = scratch.AsSpan(length * Lanes, Lanes);
            for (var i = 0; i < taps.Count; i++)
            {
                var at = coefficients[(taps.Low[i] * Lanes)..];
                var weights = taps.Weights.AsSpan(4 * i, 4);
                TensorPrimitives.Multiply(at[..Lanes], weights[0], sum);
                for (var tap = 1; tap < 4; tap++)
                {
                    TensorPrimitives.MultiplyAdd(at.Slice(tap * Lanes, Lanes), weights[tap], sum, sum);
                }

                target.Write(sum, first, count, i, result);
            }

            return scratch;
        }, _ => { });
        return result;
    }

    /// <summary>
    /// Values into coefficients, in place, row by row of <see cref="Lanes"/> lines. The rows before and after the values are made: the
    /// first and the last value go on without end, so that both sums over them have closed forms.
    /// </summary>
    private static void Filter(Span<double> rows, int length, int before, int after)
    {
        for (var i = 0; i < before; i++)
        {
            Row(rows, before).CopyTo(Row(rows, i));
        }

        for (var i = length - after; i < length; i++)
        {
            Row(rows, length - after - 1).CopyTo(Row(rows, i));
        }

        Span<double> end = stackalloc double[Lanes];
        TensorPrimitives.Multiply(Row(rows, length - 1), 1 / (1 - Pole), end);

        // c⁺[i] = s[i] + z·c⁺[i−1], and c⁺[0] = s[0] / (1 − z).
        TensorPrimitives.Multiply(Row(rows, 0), 1 / (1 - Pole), Row(rows, 0));
        for (var i = 1; i < length; i++)
        {
            TensorPrimitives.MultiplyAdd(Row(rows, i - 1), Pole, Row(rows, i), Row(rows, i));
        }

        // c⁻[i] = z·(c⁻[i+1] − c⁺[i]); at the end with e, what c⁺ comes to: −z·(e / (1 − z) + (c⁺ − e) / (1 − z²)). Gain included.
        var last = Row(rows, length - 1);
        TensorPrimitives.Subtract(last, end, last);
        TensorPrimitives.Multiply(last, -Gain * Pole / (1 - (Pole * Pole)), last);
        TensorPrimitives.MultiplyAdd(end, -Gain * Pole / (1 - Pole), last, last);
        for (var i = length - 2; i >= 0; i--)
        {
            var row = Row(rows, i);
            TensorPrimitives.Multiply(row, -Gain * Pole, row);
            TensorPrimitives.MultiplyAdd(Row(rows, i + 1), Pole, row, row);
        }

        static Span<double> Row(Span<double> rows, int i) => rows.Slice(i * Lanes, Lanes);
    }

    /// <summary>The four coefficients' weights at a fraction between the second and the third.</summary>
    private static Vector256<double> Weights(double t)
    {
        var s = 1 - t;
        var first = s * s * s / 6;
        var second = ((((3 * t) - 6) * t * t) + 4) / 6;
        var third = ((((3 * s) - 6) * s * s) + 4) / 6;
        return Vector256.Create(first, second, third, t * t * t / 6);
    }

    /// <summary>Coefficients for positions so far outside; a little more, since a position may be rounded.</summary>
    private static int Needed(double outside) => outside < -1e-6 ? 1 : (int)Math.Ceiling(Math.Min(outside + 1e-6, Reach)) + 1;

    /// <summary>Along one axis: the first of four coefficients for each position, and their weights.</summary>
    private sealed class CubicTaps
    {
        public CubicTaps(double[] positions, int count)
        {
            Before = Needed(-positions.Min());
            After = Needed(positions.Max() - (count - 1)) + 1;
            (Low, Weights) = (new int[positions.Length], new double[4 * positions.Length]);
            for (var i = 0; i < positions.Length; i++)
            {
                var position = Math.Clamp(positions[i], -Reach, count - 1 + Reach);
                var whole = Math.Floor(position);
                Low[i] = (int)whole - 1 + Before;
                CubicResampling.Weights(position - whole).CopyTo(Weights, 4 * i);
            }

            IsIdentity = positions.Length == count && positions.Select((p, i) => p == i).All(same => same);
        }

        public int[] Low { get; }

        public double[] Weights { get; }

        /// <summary>Coefficients wanted before the first voxel.</summary>
        public int Before { get; }

        /// <summary>Coefficients wanted after the last voxel.</summary>
        public int After { get; }

        public int Count => Low.Length;

        public bool IsIdentity { get; }
    }

    /// <summary>The lines of a volume along one axis, in blocks of neighbours.</summary>
    private readonly struct LineSet
    {
        private readonly int inner; // lines that lie side by side; each next voxel of theirs is so far away
        private readonly int outer;
        private readonly int blocksEach;

        public LineSet(int[] counts, int axis)
        {
            Length = counts[axis];
            (inner, outer) = axis switch
            {
                0 => (1, counts[1] * counts[2]),
                1 => (counts[0], counts[2]),
                _ => (counts[0] * counts[1], 1),
            };
            blocksEach = inner == 1 ? 0 : (inner + Lanes - 1) / Lanes;
        }

        public int Length { get; }

        public int Blocks => inner == 1 ? (outer + Lanes - 1) / Lanes : outer * blocksEach;

        public (int First, int Count) Block(int block)
        {
            if (inner == 1)
            {
                return (block * Lanes, Math.Min(Lanes, outer - (block * Lanes)));
            }

            var at = block % blocksEach * Lanes;
            return ((block / blocksEach * inner) + at, Math.Min(Lanes, inner - at));
        }

        /// <summary>Rows of <see cref="Lanes"/>: the same voxel of each line.</summary>
        public void Read(float[] source, int first, int count, Span<double> rows)
        {
            for (var lane = 0; lane < count; lane++)
            {
                var from = Start(first + lane);
                for (var i = 0; i < Length; i++, from += inner)
                {
                    rows[(i * Lanes) + lane] = source[from];
                }
            }
        }

        /// <summary>Voxel <paramref name="i"/> of each line.</summary>
        public void Write(ReadOnlySpan<double> row, int first, int count, int i, float[] target)
        {
            for (var lane = 0; lane < count; lane++)
            {
                target[Start(first + lane) + (i * inner)] = (float)row[lane];
            }
        }

        private int Start(int line) => (line / inner * inner * Length) + (line % inner);
    }

    /// <summary>The coefficients of a whole volume, with as many outside as a grid wants.</summary>
    private sealed class Coefficients(double[] values, int[] counts, int[] sides, int[] before)
    {
        public static Coefficients Of(Volume source, GridMap map, Grid target, ParallelOptions parallel)
        {
            int[] counts = [source.Grid.Width, source.Grid.Height, source.Grid.Depth];
            var (before, after) = (new int[3], new int[3]);
            for (var axis = 0; axis < 3; axis++)
            {
                var (least, greatest) = Range(map, target, axis);
                before[axis] = Needed(-least);
                after[axis] = Needed(greatest - (counts[axis] - 1)) + 1;
            }

            int[] sides = [.. counts.Select((n, axis) => n + before[axis] + after[axis])];
            var values = new double[checked(sides[0] * sides[1] * sides[2])];
            Parallel.For(0, counts[2], parallel, z =>
            {
                for (var y = 0; y < counts[1]; y++)
                {
                    var to = ((((z + before[2]) * sides[1]) + y + before[1]) * sides[0]) + before[0];
                    TensorPrimitives.ConvertTruncating<float, double>(
                        source.Voxels.AsSpan(((z * counts[1]) + y) * counts[0], counts[0]), values.AsSpan(to, counts[0]));
                }
            });
            for (var axis = 0; axis < 3; axis++)
            {
                Filter(values, sides, axis, before[axis], after[axis], parallel);
            }

            return new(values, counts, sides, before);
        }

        /// <summary>The spline at an index (x, y, z) of the source.</summary>
        public float At(Vector3D position)
        {
            var (x, wx) = Tap(position.X, 0);
            var (y, wy) = Tap(position.Y, 1);
            var (z, wz) = Tap(position.Z, 2);
            var sum = Vector256<double>.Zero;
            for (var k = 0; k < 4; k++)
            {
                var plane = Vector256<double>.Zero;
                for (var j = 0; j < 4; j++)
                {
                    var row = Vector256.Create(values.AsSpan(((((z + k) * sides[1]) + y + j) * sides[0]) + x, 4));
                    plane += row * wy[j];
                }

                sum += plane * wz[k];
            }

            return (float)Vector256.Sum(sum * wx);
        }

        private (int Low, Vector256<double> Weights) Tap(double position, int axis)
        {
            var held = Math.Clamp(position, -Reach, counts[axis] - 1 + Reach);
            var whole = Math.Floor(held);
            return ((int)whole - 1 + before[axis], CubicResampling.Weights(held - whole));
        }

        private static void Filter(double[] values, int[] sides, int axis, int before, int after, ParallelOptions parallel)
        {
            var (stride, length) = (axis switch { 0 => 1, 1 => sides[0], _ => sides[0] * sides[1] }, sides[axis]);
            var all = values.Length / length;
            Parallel.For(0, (all + Lanes - 1) / Lanes, parallel, () => new double[length * Lanes], (block, _, rows) =>
            {
                var count = Math.Min(Lanes, all - (block * Lanes));
                for (var lane = 0; lane < count; lane++)
                {
                    var from = Start((block * Lanes) + lane);
                    for (var i = 0; i < length; i++)
                    {
                        rows[(i * Lanes) + lane] = values[from + (i * stride)];
                    }
                }

                CubicResampling.Filter(rows, length, before, after);
                for (var lane = 0; lane < count; lane++)
                {
                    var to = Start((block * Lanes) + lane);
                    for (var i = 0; i < length; i++)
                    {
                        values[to + (i * stride)] = rows[(i * Lanes) + lane];
                    }
                }

                return rows;
            }, _ => { });

            int Start(int line) => (line / stride * stride * length) + (line % stride);
        }

        /// <summary>Least and greatest position along an axis of the source: at corners of the target.</summary>
        private static (double Least, double Greatest) Range(GridMap map, Grid target, int axis)
        {
            int[] sizes = [target.Width, target.Height, target.Depth];
            var (least, greatest) = (Part(map.Origin), Part(map.Origin));
            for (var i = 0; i < 3; i++)
            {
                var way = Part(map.Step(i)) * (sizes[i] - 1);
                (least, greatest) = (least + Math.Min(0, way), greatest + Math.Max(0, way));
            }

            return (least, greatest);

            double Part(Vector3D v) => axis switch { 0 => v.X, 1 => v.Y, _ => v.Z };
        }
    }
}
