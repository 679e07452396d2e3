using System.Globalization;

namespace Platform.Dicom.Objects;

/// <summary>How modality values are stored in 16 bits: exactly where all are integers that fit, else scaled to the whole range.</summary>
internal sealed record StoredScale(bool IsSigned, double Slope, double Intercept)
{
    public static StoredScale For(ReadOnlySpan<float> values)
    {
        var (min, max, areIntegers) = (double.PositiveInfinity, double.NegativeInfinity, true);
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArgumentException("A voxel is not a finite number.", nameof(values));
            }

            (min, max) = (Math.Min(min, value), Math.Max(max, value));
            areIntegers &= value == MathF.Round(value);
        }

        if (areIntegers && min >= 0 && max <= ushort.MaxValue)
        {
            return new(false, 1, 0);
        }

        if (areIntegers && min >= short.MinValue && max <= short.MaxValue)
        {
            return new(true, 1, 0);
        }

        // A DS has 16 characters, and what is written must be what was divided by: the slope is rounded up to seven digits.
        var intercept = Math.Floor(min);
        var exact = Math.Max(max - intercept, 1e-6) / ushort.MaxValue;
        var slope = double.Parse((exact * 1.000001).ToString("G7", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return new(false, slope, intercept);
    }

    /// <summary>Little-endian cells of 16 bits.</summary>
    public void Store(ReadOnlySpan<float> values, Span<byte> cells)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var stored = (int)Math.Round((values[i] - Intercept) / Slope);
            cells[2 * i] = (byte)stored;
            cells[(2 * i) + 1] = (byte)(stored >> 8);
        }
    }
}
