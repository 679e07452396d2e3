using System.Numerics;
using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Stored values to modality values, e.g. Hounsfield units: Modality LUT or rescale (PS3.3 §C.11.1, §C.7.6.16.2.9).</summary>
/// <param name="Slope">Modality value per stored value.</param>
/// <param name="Intercept">Modality value of stored value 0.</param>
internal sealed record ModalityTransform(double Slope, double Intercept)
{
    private float[]? Table { get; init; }

    /// <summary>Stored value of the table's first entry; values before it take the first entry, values behind it the last.</summary>
    private int FirstMapped { get; init; }

    /// <summary>The transform of a frame: that of its functional groups, else the data set's; identity where there is none.</summary>
    public static ModalityTransform Of(DicomDataset dataset, int frame)
    {
        if (dataset.GetSequence(DicomTags.ModalityLUTSequence) is [var lut, ..])
        {
            return FromTable(lut, dataset.GetInt32(DicomTags.PixelRepresentation) == 1);
        }

        var source = FunctionalGroups.Find(dataset, frame, DicomTags.PixelValueTransformationSequence) ?? dataset;
        var slope = source.GetDouble(DicomTags.RescaleSlope) ?? 1;
        var intercept = source.GetDouble(DicomTags.RescaleIntercept) ?? 0;
        return slope != 0 && double.IsFinite(slope) && double.IsFinite(intercept)
            ? new(slope, intercept)
            : throw PixelErrors.Invalid("Rescale Slope must not be 0", DicomTags.RescaleSlope);
    }

    /// <summary>Converts native samples of a monochrome frame.</summary>
    public void Apply(ReadOnlySpan<byte> samples, PixelDescription d, Span<float> values)
    {
        if (Table is not null)
        {
            ApplyTable(samples, d, values);
            return;
        }

        switch (d.BytesPerSample)
        {
            case 1 when d.IsSigned:
                Scale(MemoryMarshal.Cast<byte, sbyte>(samples), values);
                break;
            case 1:
                Scale(samples, values);
                break;
            case 2 when d.IsSigned:
                Scale(MemoryMarshal.Cast<byte, short>(samples), values);
                break;
            case 2:
                Scale(MemoryMarshal.Cast<byte, ushort>(samples), values);
                break;
            case 4 when d.IsFloatingPoint:
                Scale(MemoryMarshal.Cast<byte, float>(samples), values);
                break;
            case 4 when d.IsSigned:
                Scale(MemoryMarshal.Cast<byte, int>(samples), values);
                break;
            case 4:
                Scale(MemoryMarshal.Cast<byte, uint>(samples), values);
                break;
            default:
                Scale(MemoryMarshal.Cast<byte, double>(samples), values);
                break;
        }
    }

    private static ModalityTransform FromTable(DicomDataset lut, bool isSigned)
    {
        if (LookupTable.Describe(lut, DicomTags.LUTDescriptor, isSigned) is not { } table)
        {
            throw PixelErrors.Invalid("A LUT Descriptor has three values", DicomTags.LUTDescriptor);
        }

        var entries = table.Read(lut.GetBytes(DicomTags.LUTData).Span)
            ?? throw PixelErrors.Invalid("LUT Data is shorter than its descriptor says", DicomTags.LUTData);
        return new(1, 0) { Table = Array.ConvertAll(entries, e => (float)e), FirstMapped = table.FirstMapped };
    }

    private void ApplyTable(ReadOnlySpan<byte> samples, PixelDescription d, Span<float> values)
    {
        new ModalityTransform(1, 0).Apply(samples, d, values);
        foreach (ref var value in values)
        {
            value = Table![Math.Clamp((long)value - FirstMapped, 0, Table.Length - 1)];
        }
    }

    // Multiply and add stay apart (no fused form), so that every machine computes the same bits.
    private void Scale(ReadOnlySpan<short> samples, Span<float> values)
    {
        var (slope, intercept) = ((float)Slope, (float)Intercept);
        var i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var (s, b) = (new Vector<float>(slope), new Vector<float>(intercept));
            for (var width = Vector<short>.Count; i + width <= samples.Length; i += width)
            {
                Vector.Widen(new Vector<short>(samples[i..]), out var low, out var high);
                ((Vector.ConvertToSingle(low) * s) + b).CopyTo(values[i..]);
                ((Vector.ConvertToSingle(high) * s) + b).CopyTo(values[(i + Vector<float>.Count)..]);
            }
        }

        for (; i < samples.Length; i++)
        {
            values[i] = (samples[i] * slope) + intercept;
        }
    }

    private void Scale(ReadOnlySpan<ushort> samples, Span<float> values)
    {
        var (slope, intercept) = ((float)Slope, (float)Intercept);
        var i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var (s, b) = (new Vector<float>(slope), new Vector<float>(intercept));
            for (var width = Vector<ushort>.Count; i + width <= samples.Length; i += width)
            {
                Vector.Widen(new Vector<ushort>(samples[i..]), out var low, out var high);
                ((Vector.ConvertToSingle(Vector.AsVectorInt32(low)) * s) + b).CopyTo(values[i..]);
                ((Vector.ConvertToSingle(Vector.AsVectorInt32(high)) * s) + b).CopyTo(values[(i + Vector<float>.Count)..]);
            }
        }

        for (; i < samples.Length; i++)
        {
            values[i] = (samples[i] * slope) + intercept;
        }
    }

    private void Scale<T>(ReadOnlySpan<T> samples, Span<float> values)
        where T : INumberBase<T>
    {
        for (var i = 0; i < samples.Length; i++)
        {
            values[i] = (float)((double.CreateTruncating(samples[i]) * Slope) + Intercept);
        }
    }
}
