namespace Platform.Inference.Images;

/// <summary>One image of numbers; rows from the top, contiguous [y, x].</summary>
public sealed record PlanarImage(int Rows, int Columns, float[] Values);

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
        var across = new double[source.Rows * columns];
        var spans = Spans(box.X, box.Width, columns, source.Columns);
        for (var y = 0; y < source.Rows; y++)
        {
            var row = source.Values.AsSpan(y * source.Columns, source.Columns);
            for (var x = 0; x < columns; x++)
            {
                across[(y * columns) + x] = Sum(row, spans[x]);
            }
        }

        var result = new float[rows * columns];
        spans = Spans(box.Y, box.Height, rows, source.Rows);
        for (var y = 0; y < rows; y++)
        {
            var (first, weights) = spans[y];
            for (var x = 0; x < columns; x++)
            {
                var sum = 0.0;
                for (var i = 0; i < weights.Length; i++)
                {
                    sum += across[((first + i) * columns) + x] * weights[i];
                }

                result[(y * columns) + x] = (float)sum;
            }
        }

        return new(rows, columns, result);
    }

    /// <summary>The value of a small image at each pixel of a part of a larger one, linear between the centres; the outermost values go on.</summary>
    public static float At(PlanarImage image, PlanarBox box, double x, double y)
    {
        var (x0, x1, wx) = Tap(((x - box.X) / box.Width * image.Columns) - 0.5, image.Columns);
        var (y0, y1, wy) = Tap(((y - box.Y) / box.Height * image.Rows) - 0.5, image.Rows);
        var above = Mix(image.Values[(y0 * image.Columns) + x0], image.Values[(y0 * image.Columns) + x1], wx);
        var below = Mix(image.Values[(y1 * image.Columns) + x0], image.Values[(y1 * image.Columns) + x1], wx);
        return Mix(above, below, wy);

        static float Mix(float a, float b, float weight) => a + ((b - a) * weight);

        static (int Low, int High, float Weight) Tap(double position, int count)
        {
            var inside = Math.Clamp(position, 0, count - 1);
            var low = (int)inside;
            return (low, Math.Min(low + 1, count - 1), (float)(inside - low));
        }
    }

    private static double Sum(ReadOnlySpan<float> row, (int First, double[] Weights) span)
    {
        var sum = 0.0;
        for (var i = 0; i < span.Weights.Length; i++)
        {
            sum += row[span.First + i] * span.Weights[i];
        }

        return sum;
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
