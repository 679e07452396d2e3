namespace Platform.Inference.Previews;

/// <summary>Display values of one image: one byte a pixel for grey, three for colour; rows from the top.</summary>
internal sealed record Picture(int Rows, int Columns, int Channels, byte[] Pixels)
{
    /// <summary>The same, made smaller until it fits; never made larger. Every source pixel counts by its area, so nothing aliases.</summary>
    public Picture Within(int rows, int columns)
    {
        var scale = Math.Min(1, Math.Min((double)rows / Rows, (double)columns / Columns));
        return scale == 1
            ? this
            : Shrunk(Math.Max(1, (int)Math.Round(Rows * scale)), Math.Max(1, (int)Math.Round(Columns * scale)));
    }

    /// <summary>The mean of the area that each new pixel covers.</summary>
    internal Picture Shrunk(int rows, int columns)
    {
        var across = new float[Rows * columns * Channels];
        var (spans, weights) = Spans(Columns, columns);
        for (var y = 0; y < Rows; y++)
        {
            var source = Pixels.AsSpan(y * Columns * Channels, Columns * Channels);
            var target = across.AsSpan(y * columns * Channels, columns * Channels);
            for (var x = 0; x < columns; x++)
            {
                var (first, count, weight) = spans[x];
                for (var c = 0; c < Channels; c++)
                {
                    var sum = 0f;
                    for (var i = 0; i < count; i++)
                    {
                        sum += source[((first + i) * Channels) + c] * weights[weight + i];
                    }

                    target[(x * Channels) + c] = sum;
                }
            }
        }

        return Down(across, rows, columns);
    }

    private Picture Down(float[] across, int rows, int columns)
    {
        var width = columns * Channels;
        var pixels = new byte[rows * width];
        var sums = new float[width];
        var (spans, weights) = Spans(Rows, rows);
        for (var y = 0; y < rows; y++)
        {
            var (first, count, weight) = spans[y];
            Array.Clear(sums);
            for (var i = 0; i < count; i++)
            {
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(across.AsSpan((first + i) * width, width), weights[weight + i], sums, sums);
            }

            for (var x = 0; x < width; x++)
            {
                pixels[(y * width) + x] = (byte)Math.Clamp(sums[x] + 0.5f, 0f, 255f);
            }
        }

        return new Picture(rows, columns, Channels, pixels);
    }

    /// <summary>For each of <paramref name="to"/> pixels the source pixels it covers and the share of each in it; shares add up to 1.</summary>
    private static ((int First, int Count, int Weight)[] Spans, float[] Weights) Spans(int from, int to)
    {
        var spans = new (int, int, int)[to];
        var weights = new List<float>(from + to);
        var scale = (double)from / to;
        for (var i = 0; i < to; i++)
        {
            var (start, end) = (i * scale, (i + 1) * scale);
            var first = (int)start;
            var last = Math.Min(from - 1, (int)Math.Ceiling(end - 1e-9) - 1);
            spans[i] = (first, last - first + 1, weights.Count);
            for (var s = first; s <= last; s++)
            {
                weights.Add((float)((Math.Min(end, s + 1) - Math.Max(start, s)) / scale));
            }
        }

        return (spans, [.. weights]);
    }
}
