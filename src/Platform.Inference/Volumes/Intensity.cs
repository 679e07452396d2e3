using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Platform.Inference.Packages;

namespace Platform.Inference.Volumes;

/// <summary>The intensity transforms that a manifest can declare, in place. Statistics are taken in double precision over the whole volume.</summary>
public static class Intensity
{
    /// <summary>Applies the transforms in their order.</summary>
    /// <exception cref="InputRefusedException">The volume holds a value that is not a number.</exception>
    public static void Apply(Span<float> voxels, IReadOnlyList<IntensitySpec>? transforms)
    {
        RequireFinite(voxels);
        foreach (var transform in transforms ?? [])
        {
            switch (transform.Op)
            {
                case "clip":
                    TensorPrimitives.Clamp(voxels, (float)transform.Low!.Value, (float)transform.High!.Value, voxels);
                    break;
                case "clipPercentile":
                    // As float64, since a percentile lies between two values that are floats.
                    var low = Percentile(voxels, transform.Low!.Value);
                    var high = Percentile(voxels, transform.High!.Value);
                    TensorPrimitives.Clamp(voxels, (float)low, (float)high, voxels);
                    break;
                case "zScore":
                    ZScore(voxels);
                    break;
                case "minMax":
                    var (least, greatest) = (TensorPrimitives.Min<float>(voxels), TensorPrimitives.Max<float>(voxels));
                    Linear(voxels, 1 / Math.Max(greatest - (double)least, 1e-6), -least / Math.Max(greatest - (double)least, 1e-6));
                    break;
                case "window":
                    var (bottom, width) = (transform.Centre!.Value - (transform.Width!.Value / 2), transform.Width.Value);
                    Linear(voxels, 1 / width, -bottom / width);
                    TensorPrimitives.Clamp(voxels, 0f, 1f, voxels);
                    break;
                case "scale":
                    Linear(voxels, transform.Slope!.Value, transform.Intercept!.Value);
                    break;
                default:
                    throw new PackageRefusedException("manifest", "The manifest names an intensity transform that this engine does not know.");
            }
        }

        // A sum or product of finite values that overflows makes an infinity.
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude<float>(voxels)))
        {
            throw new InputRefusedException(
                "not-finite-intensity",
                "The model's intensity transforms make values that are no numbers of this series; choose another series, or tell the model's author.");
        }
    }

    /// <exception cref="InputRefusedException">A value is NaN or infinite; the code is <c>not-finite</c>.</exception>
    public static void RequireFinite(ReadOnlySpan<float> voxels)
    {
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude(voxels)))
        {
            throw new InputRefusedException(
                "not-finite", "The series holds values that are not numbers; send the series again from its source.");
        }
    }

    /// <summary>Percentile with linear interpolation between ranks, q in per cent.</summary>
    public static double Percentile(ReadOnlySpan<float> voxels, double q)
    {
        var rank = q / 100 * (voxels.Length - 1);
        var low = (int)Math.Floor(rank);
        var below = OrderStatistic(voxels, low);
        var fraction = rank - low;
        return fraction == 0 ? below : below + ((OrderStatistic(voxels, low + 1) - (double)below) * fraction);
    }

    /// <summary>The value of the given rank (0 is the least), in two passes over the values and without a copy of them.</summary>
    public static float OrderStatistic(ReadOnlySpan<float> voxels, int rank) => OrderStatistics(voxels, rank, rank).First;

    /// <summary>The values of two ranks (0 is the least), in two passes over the values and without a copy of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    public static (float First, float Second) OrderStatistics(ReadOnlySpan<float> voxels, int first, int second)
    {
        const int Bins = 1 << 16;
        var counts = ArrayPool<int>.Shared.Rent(2 * Bins);
        try
        {
            // Neighbours are often equal, and a counter cannot be raised twice at once: they take turns with two histograms.
            var even = counts.AsSpan(0, Bins);
            var odd = counts.AsSpan(Bins, Bins);
            counts.AsSpan(0, 2 * Bins).Clear();
            var i = 0;
            for (; i < voxels.Length - 1; i += 2)
            {
                even[(int)(Sortable(voxels[i]) >> 16)]++;
                odd[(int)(Sortable(voxels[i + 1]) >> 16)]++;
            }

            if (i < voxels.Length)
            {
                even[(int)(Sortable(voxels[i]) >> 16)]++;
            }

            TensorPrimitives.Add(even, odd, even);
            var (firstHigh, secondHigh) = (Find(even, ref first), Find(even, ref second));
            counts.AsSpan(0, 2 * Bins).Clear();
            foreach (var voxel in voxels)
            {
                var key = Sortable(voxel);
                if (key >> 16 == firstHigh)
                {
                    even[(int)(key & 0xFFFF)]++;
                }
                else if (key >> 16 == secondHigh)
                {
                    odd[(int)(key & 0xFFFF)]++;
                }
            }

            return (
                FromSortable((firstHigh << 16) | Find(even, ref first)),
                FromSortable((secondHigh << 16) | Find(secondHigh == firstHigh ? even : odd, ref second)));
        }
        finally
        {
            ArrayPool<int>.Shared.Return(counts);
        }

        static uint Find(Span<int> histogram, ref int rank)
        {
            for (var i = 0; i < histogram.Length; i++)
            {
                if (rank < histogram[i])
                {
                    return (uint)i;
                }

                rank -= histogram[i];
            }

            throw new ArgumentOutOfRangeException(nameof(rank));
        }
    }

    // Floats of one sign are ordered as their bits; this makes all of them so.
    private static uint Sortable(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    private static float FromSortable(uint key) =>
        BitConverter.UInt32BitsToSingle((key & 0x8000_0000) != 0 ? key & 0x7FFF_FFFF : ~key);

    private static void ZScore(Span<float> voxels)
    {
        var sum = 0.0;
        foreach (var voxel in voxels)
        {
            sum += voxel;
        }

        var mean = sum / voxels.Length;
        var squares = 0.0;
        foreach (var voxel in voxels)
        {
            squares += (voxel - mean) * (voxel - mean);
        }

        var deviation = Math.Max(Math.Sqrt(squares / voxels.Length), 1e-6);
        var i = 0;
        var (means, deviations) = (new Vector<double>(mean), new Vector<double>(deviation));
        for (; i <= voxels.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(voxels[i..]), out var low, out var high);
            Vector.Narrow((low - means) / deviations, (high - means) / deviations).CopyTo(voxels[i..]);
        }

        for (; i < voxels.Length; i++)
        {
            voxels[i] = (float)((voxels[i] - mean) / deviation);
        }
    }

    // Multiply and add stay apart (no fused form), so that every machine computes the same bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a child's first run is not to wait for the tiers
    private static void Linear(Span<float> voxels, double slope, double intercept)
    {
        var i = 0;
        var (slopes, intercepts) = (new Vector<double>(slope), new Vector<double>(intercept));
        for (; i <= voxels.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(voxels[i..]), out var low, out var high);
            Vector.Narrow((low * slopes) + intercepts, (high * slopes) + intercepts).CopyTo(voxels[i..]);
        }

        for (; i < voxels.Length; i++)
        {
            voxels[i] = (float)((voxels[i] * slope) + intercept);
        }
    }
}
