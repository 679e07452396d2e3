using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Platform.Contracts;
using Platform.Inference.Images;
using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>Estimates, without a reference, of how good an image is, and whether it misses a bar of the package.</summary>
public static class ImageQuality
{
    private const int MaxSide = 512;
    private const double MostSnr = 1e4; // of an image without noise

    /// <summary>The measures of one image.</summary>
    /// <param name="image">Display or modality values.</param>
    /// <param name="reduced">The image as a classification takes it; null for others.</param>
    public static QualityRecord Of(PlanarImage image, PlanarImage? reduced, QualitySpec? bars) => Of([image], reduced, bars);

    /// <summary>The measures of several slices: of each its median over them.</summary>
    public static QualityRecord Of(IReadOnlyList<PlanarImage> images, PlanarImage? reduced, QualitySpec? bars)
    {
        var all = images.Select(Measure).ToList();
        var measures = new List<QualityMeasure>
        {
            new("noise", Median(all.Select(m => m.Snr)), bars?.MinSnr, null),
            new("blur", Median(all.Select(m => m.Sharpness)), bars?.MinSharpness, null),
            new("clipping", Median(all.Select(m => m.Clipped)), null, bars?.MaxClippedShare),
        };
        if (bars?.OutOfDistribution is { } training && reduced is not null)
        {
            measures.Add(new("unlike-training", Score(reduced, training.Features), null, training.MaxScore));
        }

        var codes = measures.Where(m => m.Value < m.Least || m.Value > m.Greatest).Select(m => m.Name).ToList();
        return new QualityRecord(codes.Count > 0, codes, measures);
    }

    /// <summary>A feature of a small image, by its name in the manifest; null for an unknown one.</summary>
    public static double? Feature(PlanarImage image, string name) => name switch
    {
        "mean" => image.Values.Average(v => (double)v),
        "deviation" => Deviation(image.Values),
        "symmetry" => Correlation(image, (y, x) => (y * image.Columns) + image.Columns - 1 - x),
        "upright" => Correlation(image, (y, x) => ((image.Rows - 1 - y) * image.Columns) + x),
        "middle" => Middle(image),
        "border" => Border(image),
        _ => null,
    };

    private static double Score(PlanarImage image, IReadOnlyList<FeatureSpec> features)
    {
        var squares = features.Average(f => Math.Pow((Feature(image, f.Name)!.Value - f.Mean) / f.Deviation, 2));
        return Rounded(Math.Min(Math.Sqrt(squares), MostSnr));
    }

    private static (double Snr, double Sharpness, double Clipped) Measure(PlanarImage image)
    {
        var (range, clipped) = image.Bytes is { } display ? Look(image, display) : (Range(image.Values), (double?)null);
        if (range <= 0)
        {
            return (0, 0, 1);
        }

        var noise = Noise(image);
        return (Math.Min(MostSnr, noise > 0 ? range / noise : MostSnr), Sharpness(image), clipped ?? Clipped(image));
    }

    /// <summary>Standard deviation of the noise: the median of what a second difference along both axes leaves of a smooth image.</summary>
    private static double Noise(PlanarImage image)
    {
        var width = image.Columns;
        if (image.Rows < 3 || width < 3)
        {
            return 0;
        }

        var step = Math.Max(1, (int)Math.Sqrt((long)image.Rows * width / 262_144.0));
        var left = new float[((image.Rows - 3) / step + 1) * ((width - 3) / step + 1)];
        var (count, scratch) = (0, new float[3 * width]);
        for (var y = 1; y < image.Rows - 1; y += step)
        {
            var v = image.Part((y - 1) * width, 3 * width, scratch);
            for (var x = 1; x < width - 1; x += step)
            {
                var i = width + x;
                left[count++] = Math.Abs(
                    v[i - width - 1] + v[i - width + 1] + v[i + width - 1] + v[i + width + 1] + (4 * v[i])
                    - (2 * (v[i - width] + v[i + width] + v[i - 1] + v[i + 1])));
            }
        }

        // The nine weights have a root sum of squares of 6; half of a normal distribution lies within 0.6745 deviations.
        return Quantile(left.AsSpan(0, count), 0.5) / (6 * 0.6745);
    }

    /// <summary>The steepest places against the range, for each pixel of an image of at most 512 a side: 1 is a step between two pixels.</summary>
    private static double Sharpness(PlanarImage image)
    {
        var scale = Math.Max(1.0, Math.Max(image.Rows, image.Columns) / (double)MaxSide);
        var small = scale == 1
            ? image
            : AreaAverage.Of(
                image, new PlanarBox(0, 0, image.Columns, image.Rows), (int)Math.Max(1, image.Rows / scale), (int)Math.Max(1, image.Columns / scale));
        var (v, width) = (small.Values, small.Columns);
        var (count, steep) = (0, new float[Math.Max(0, small.Rows - 1) * Math.Max(0, width - 1)]);
        for (var y = 0; y < small.Rows - 1; y++)
        {
            var row = v.AsSpan(y * width, width);
            var below = v.AsSpan((y + 1) * width, width);
            for (var x = 0; x < width - 1; x++)
            {
                var (right, down) = (row[x + 1] - row[x], below[x] - row[x]);
                steep[count++] = MathF.Sqrt((right * right) + (down * down));
            }
        }

        var range = Range(v);
        return count == 0 || range <= 0 ? 0 : Rounded(Quantile(steep, 0.995) / range);
    }

    /// <summary>The share of the image's inner half that has its greatest value or its least one, whichever is more.</summary>
    private static double Clipped(PlanarImage image)
    {
        var (least, greatest) = (TensorPrimitives.Min<float>(image.Values), TensorPrimitives.Max<float>(image.Values));
        long dark = 0, bright = 0, count = 0;
        for (var y = image.Rows / 4; y < image.Rows - (image.Rows / 4); y++)
        {
            var row = Inner(image, y, image.Values);
            dark += row.Count(least);
            bright += row.Count(greatest);
            count += row.Length;
        }

        return Rounded(Math.Max(dark, bright) / (double)count);
    }

    /// <summary>Of display values what is between the first and the last hundredth, and the clipped share: by counting how often each occurs.</summary>
    private static (double Range, double? Clipped) Look(PlanarImage image, byte[] display)
    {
        var counts = Histogram(display);
        var (low, high) = (At((int)(0.01 * (display.Length - 1))), At((int)(0.99 * (display.Length - 1))));
        var (least, greatest) = ((byte)Array.FindIndex(counts, c => c > 0), (byte)Array.FindLastIndex(counts, c => c > 0));
        long dark = 0, bright = 0, count = 0;
        for (var y = image.Rows / 4; y < image.Rows - (image.Rows / 4); y++)
        {
            var row = Inner(image, y, display);
            dark += row.Count(least);
            bright += row.Count(greatest);
            count += row.Length;
        }

        return ((high / 255f) - (double)(low / 255f), Rounded(Math.Max(dark, bright) / (double)count));

        int At(int rank)
        {
            var value = 0;
            for (; rank >= counts[value]; value++)
            {
                rank -= counts[value];
            }

            return value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    private static int[] Histogram(ReadOnlySpan<byte> display)
    {
        // Neighbours are often equal, and a counter cannot be raised twice at once: they take turns with four.
        var counts = new int[4 * 256];
        var i = 0;
        for (; i <= display.Length - 4; i += 4)
        {
            counts[display[i]]++;
            counts[256 + display[i + 1]]++;
            counts[512 + display[i + 2]]++;
            counts[768 + display[i + 3]]++;
        }

        for (; i < display.Length; i++)
        {
            counts[display[i]]++;
        }

        var all = counts[..256];
        for (var part = 1; part < 4; part++)
        {
            TensorPrimitives.Add(all, counts.AsSpan(256 * part, 256), all);
        }

        return all;
    }

    private static ReadOnlySpan<T> Inner<T>(PlanarImage image, int y, T[] values) =>
        values.AsSpan((y * image.Columns) + (image.Columns / 4), image.Columns - (2 * (image.Columns / 4)));

    private static double Middle(PlanarImage image)
    {
        var (from, to) = (image.Columns / 3, 2 * image.Columns / 3);
        double inner = 0, outer = 0;
        for (var i = 0; i < image.Values.Length; i++)
        {
            if (i % image.Columns >= from && i % image.Columns < to)
            {
                inner += image.Values[i];
            }
            else
            {
                outer += image.Values[i];
            }
        }

        return (inner / (image.Rows * Math.Max(1, to - from))) - (outer / (image.Rows * Math.Max(1, image.Columns - to + from)));
    }

    private static double Border(PlanarImage image)
    {
        double sum = 0, count = 0;
        for (var i = 0; i < image.Values.Length; i++)
        {
            var (y, x) = (i / image.Columns, i % image.Columns);
            if (y == 0 || x == 0 || y == image.Rows - 1 || x == image.Columns - 1)
            {
                sum += image.Values[i];
                count++;
            }
        }

        return sum / count;
    }

    /// <summary>Pearson's, with the image as <paramref name="other"/> turns it; 0 where the image is even.</summary>
    private static double Correlation(PlanarImage image, Func<int, int, int> other)
    {
        var mean = image.Values.Average(v => (double)v);
        double product = 0, square = 0;
        for (var i = 0; i < image.Values.Length; i++)
        {
            var value = image.Values[i] - mean;
            product += value * (image.Values[other(i / image.Columns, i % image.Columns)] - mean);
            square += value * value;
        }

        return square > 1e-12 ? product / square : 0;
    }

    private static double Deviation(float[] values)
    {
        var mean = values.Average(v => (double)v);
        return Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
    }

    /// <summary>What lies between the first and the last hundredth.</summary>
    private static double Range(float[] values)
    {
        var (low, high) = Volumes.Intensity.OrderStatistics(values, (int)(0.01 * (values.Length - 1)), (int)(0.99 * (values.Length - 1)));
        return high - (double)low;
    }

    private static float Quantile(ReadOnlySpan<float> values, double share) => Volumes.Intensity.OrderStatistic(values, (int)(share * (values.Length - 1)));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return Rounded(sorted[sorted.Count / 2]);
    }

    private static double Rounded(double value) => Math.Round(value, 4) + 0.0;
}
