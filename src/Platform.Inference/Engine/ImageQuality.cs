using System.Numerics;
using System.Numerics.Tensors;
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
        var range = Range(image.Values);
        if (range <= 0)
        {
            return (0, 0, 1);
        }

        var noise = Noise(image);
        return (Math.Min(MostSnr, noise > 0 ? range / noise : MostSnr), Sharpness(image), Clipped(image));
    }

    /// <summary>Standard deviation of the noise: the median of what a second difference along both axes leaves of a smooth image.</summary>
    private static double Noise(PlanarImage image)
    {
        var (v, width) = (image.Values, image.Columns);
        var step = Math.Max(1, (int)Math.Sqrt(v.Length / 262_144.0));
        var left = new List<float>(v.Length / (step * step));
        for (var y = 1; y < image.Rows - 1; y += step)
        {
            for (var x = 1; x < width - 1; x += step)
            {
                var i = (y * width) + x;
                left.Add(Math.Abs(
                    v[i - width - 1] + v[i - width + 1] + v[i + width - 1] + v[i + width + 1] + (4 * v[i])
                    - (2 * (v[i - width] + v[i + width] + v[i - 1] + v[i + 1]))));
            }
        }

        // The nine weights have a root sum of squares of 6; half of a normal distribution lies within 0.6745 deviations.
        return left.Count == 0 ? 0 : Quantile([.. left], 0.5) / (6 * 0.6745);
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
        var steep = new List<float>(v.Length);
        for (var y = 0; y < small.Rows - 1; y++)
        {
            for (var x = 0; x < width - 1; x++)
            {
                var i = (y * width) + x;
                var (right, down) = (v[i + 1] - v[i], v[i + width] - v[i]);
                steep.Add(MathF.Sqrt((right * right) + (down * down)));
            }
        }

        var range = Range(v);
        return steep.Count == 0 || range <= 0 ? 0 : Rounded(Quantile([.. steep], 0.995) / range);
    }

    /// <summary>The share of the image's inner half that has its greatest value or its least one, whichever is more.</summary>
    private static double Clipped(PlanarImage image)
    {
        var (least, greatest) = (TensorPrimitives.Min<float>(image.Values), TensorPrimitives.Max<float>(image.Values));
        long dark = 0, bright = 0, count = 0;
        for (var y = image.Rows / 4; y < image.Rows - (image.Rows / 4); y++)
        {
            var row = image.Values.AsSpan((y * image.Columns) + (image.Columns / 4), image.Columns - (2 * (image.Columns / 4)));
            dark += Count(row, least);
            bright += Count(row, greatest);
            count += row.Length;
        }

        return Rounded(Math.Max(dark, bright) / (double)count);
    }

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

    private static int Count(ReadOnlySpan<float> row, float value)
    {
        var (i, counts) = (0, Vector<int>.Zero);
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            counts -= Vector.Equals(new Vector<float>(row[i..]), new Vector<float>(value)); // all bits set is −1
        }

        var count = Vector.Sum(counts);
        for (; i < row.Length; i++)
        {
            count += row[i] == value ? 1 : 0;
        }

        return count;
    }

    /// <summary>What lies between the first and the last hundredth.</summary>
    private static double Range(float[] values)
    {
        var (low, high) = Volumes.Intensity.OrderStatistics(values, (int)(0.01 * (values.Length - 1)), (int)(0.99 * (values.Length - 1)));
        return high - (double)low;
    }

    private static float Quantile(float[] values, double share) => Volumes.Intensity.OrderStatistic(values, (int)(share * (values.Length - 1)));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return Rounded(sorted[sorted.Count / 2]);
    }

    private static double Rounded(double value) => Math.Round(value, 4) + 0.0;
}
