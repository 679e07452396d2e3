using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Platform.Inference.Images;

/// <summary>One image of numbers; rows from the top, contiguous [y, x].</summary>
/// <param name="Values">Of an image of <see cref="OfDisplay"/> made when they are first asked for.</param>
public sealed record PlanarImage(int Rows, int Columns, float[] Values)
{
    private float[]? values = Values;

    /// <summary>Rows from the top, contiguous [y, x].</summary>
    public float[] Values
    {
        get => values ??= Single(Bytes!);
        init => (values, Bytes) = (value, null);
    }

    /// <summary>The values as display values 0 to 255, 255 times as large, where the image came as these; else null.</summary>
    public byte[]? Bytes { get; private init; }

    /// <summary>An image of display values: 0 black to 255 white, as values from 0 to 1.</summary>
    public static PlanarImage OfDisplay(int rows, int columns, byte[] display) => new(rows, columns, null!) { Bytes = display };

    /// <summary>The values of a part of a row or of several; made in <paramref name="scratch"/> where there are only bytes.</summary>
    internal ReadOnlySpan<float> Part(int start, int length, Span<float> scratch)
    {
        if (values is not null)
        {
            return values.AsSpan(start, length);
        }

        Single(Bytes.AsSpan(start, length), scratch[..length]);
        return scratch[..length];
    }

    private static float[] Single(byte[] display)
    {
        var single = GC.AllocateUninitializedArray<float>(display.Length);
        Single(display, single);
        return single;
    }

    private static void Single(ReadOnlySpan<byte> display, Span<float> single)
    {
        TensorPrimitives.ConvertTruncating<byte, float>(display, single);
        TensorPrimitives.Divide(single, byte.MaxValue, single);
    }

    /// <summary>Red, green and blue, each [y, x], of which <see cref="Values"/> are the luminance; empty for an image in grey.</summary>
    public IReadOnlyList<float[]> Colours { get; init; } = [];
}

/// <summary>A part of an image in pixels: 0, 0 is the outer corner of the first one. It may reach beyond the image.</summary>
public sealed record PlanarBox(double X, double Y, double Width, double Height)
{
    /// <summary>The part of an image that is brought to another size: its middle, all of it with a border, or all of it out of proportion.</summary>
    /// <param name="fit"><c>crop</c> (when null), <c>pad</c> or <c>stretch</c>.</param>
    public static PlanarBox Of(string? fit, int rows, int columns, int toRows, int toColumns)
    {
        if (fit == "stretch")
        {
            return new(0, 0, columns, rows);
        }

        var (across, down) = ((double)columns / toColumns, (double)rows / toRows);
        var scale = fit == "pad" ? Math.Max(across, down) : Math.Min(across, down);
        var (width, height) = (toColumns * scale, toRows * scale);
        return new((columns - width) / 2, (rows - height) / 2, width, height);
    }
}

/// <summary>Brings a part of an image to another size: every pixel counts by the area of it that a new pixel covers.</summary>
public static class AreaAverage
{
    /// <summary>The mean over each new pixel's area, in single precision with sums in double; what lies beyond the image is 0.</summary>
    public static PlanarImage Of(PlanarImage source, PlanarBox box, int rows, int columns)
    {
        var (across, down) = (Spans(box.X, box.Width, columns, source.Columns), Spans(box.Y, box.Height, rows, source.Rows));
        var left = across[0].First;
        var sums = new double[Math.Max(0, across.Max(s => s.First + s.Weights.Length) - left)];
        var scratch = new float[sums.Length];
        var result = new float[rows * columns];
        for (var y = 0; y < rows; y++)
        {
            var (first, weights) = down[y];
            Array.Clear(sums);
            for (var i = 0; i < weights.Length; i++)
            {
                Add(source.Part(((first + i) * source.Columns) + left, sums.Length, scratch), weights[i], sums);
            }

            for (var x = 0; x < columns; x++)
            {
                var (start, shares) = across[x];
                result[(y * columns) + x] = (float)Dot(sums.AsSpan(start - left, shares.Length), shares);
            }
        }

        return new(rows, columns, result);
    }

    /// <summary>The value of a small image at each pixel of a part of a larger one, linear between the centres; the outermost values go on.</summary>
    public static float At(PlanarImage image, PlanarBox box, double x, double y)
    {
        return At(image, Tap(x, box.X, box.Width, image.Columns), Tap(y, box.Y, box.Height, image.Rows));
    }

    /// <summary>The value between four pixels.</summary>
    public static float At(PlanarImage image, (int Low, int High, float Weight) x, (int Low, int High, float Weight) y)
    {
        var (above, below) = (y.Low * image.Columns, y.High * image.Columns);
        return Mix(
            Mix(image.Values[above + x.Low], image.Values[above + x.High], x.Weight),
            Mix(image.Values[below + x.Low], image.Values[below + x.High], x.Weight),
            y.Weight);

        static float Mix(float a, float b, float weight) => a + ((b - a) * weight);
    }

    /// <summary>The two of <paramref name="count"/> pixels along one axis of a box between whose centres a position lies, and the upper one's weight.</summary>
    public static (int Low, int High, float Weight) Tap(double position, double start, double length, int count)
    {
        var inside = Math.Clamp(((position - start) / length * count) - 0.5, 0, count - 1);
        var low = (int)inside;
        return (low, Math.Min(low + 1, count - 1), (float)(inside - low));
    }

    /// <summary>The sum of products; of few of them one after the other, which a vector would only delay.</summary>
    private static double Dot(ReadOnlySpan<double> sums, ReadOnlySpan<double> shares)
    {
        if (shares.Length > 8)
        {
            return TensorPrimitives.Dot(sums, shares);
        }

        var sum = 0.0;
        for (var i = 0; i < shares.Length; i++)
        {
            sum += sums[i] * shares[i];
        }

        return sum;
    }

    /// <summary>sums += row · weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    private static void Add(ReadOnlySpan<float> row, double weight, Span<double> sums)
    {
        var (i, weights) = (0, new Vector<double>(weight));
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(row[i..]), out var low, out var high);
            var upper = sums[(i + Vector<double>.Count)..];
            Vector.FusedMultiplyAdd(low, weights, new Vector<double>(sums[i..])).CopyTo(sums[i..]);
            Vector.FusedMultiplyAdd(high, weights, new Vector<double>(upper)).CopyTo(upper);
        }

        for (; i < row.Length; i++)
        {
            sums[i] = Math.FusedMultiplyAdd(row[i], weight, sums[i]);
        }
    }

    /// <summary>For each of the new pixels the old ones that it covers, and by what share of its own length.</summary>
    private static (int First, double[] Weights)[] Spans(double start, double length, int count, int available)
    {
        var step = length / count;
        var spans = new (int, double[])[count];
        for (var i = 0; i < count; i++)
        {
            var (low, high) = (Math.Max(start + (i * step), 0), Math.Min(start + ((i + 1) * step), available));
            var first = Math.Clamp((int)Math.Floor(low), 0, available - 1);
            var weights = new double[Math.Max(0, (int)Math.Ceiling(high) - first)];
            for (var j = 0; j < weights.Length; j++)
            {
                weights[j] = Math.Max(0, Math.Min(high, first + j + 1) - Math.Max(low, first + j)) / step;
            }

            spans[i] = (first, weights);
        }

        return spans;
    }
}
