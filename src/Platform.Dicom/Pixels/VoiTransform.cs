using System.Numerics;
using System.Runtime.CompilerServices;

namespace Platform.Dicom.Pixels;

/// <summary>How a window maps modality values to grey (PS3.3 §C.11.2.1.2, §C.11.2.1.3).</summary>
public enum VoiFunction
{
    Linear,
    LinearExact,
    Sigmoid,
}

/// <summary>Modality values to display values 0 (black) to 255 (white): VOI LUT or window (PS3.3 §C.11.2).</summary>
/// <param name="Centre">Window Center; of a table not meant.</param>
/// <param name="Width">Window Width; of a table not meant.</param>
public sealed record VoiTransform(double Centre, double Width, VoiFunction Function = VoiFunction.Linear)
{
    private const float White = 255.49f;

    private byte[]? Table { get; init; }

    /// <summary>Modality value of the table's first entry; values before it take the first entry, values behind it the last.</summary>
    private int FirstMapped { get; init; }

    /// <summary>A VOI LUT has neither centre nor width.</summary>
    public bool IsTable => Table is not null;

    /// <summary>
    /// What the sender chose for a frame (from 0): the first VOI LUT, else the first usable window of its functional groups or of
    /// the data set; null where there is none.
    /// </summary>
    public static VoiTransform? Of(DicomDataset dataset, int frame)
    {
        if (dataset.GetSequence(DicomTags.VOILUTSequence) is [var lut, ..] && FromTable(lut, HasNegativeInput(dataset)) is { } table)
        {
            return table;
        }

        var source = FunctionalGroups.Find(dataset, frame, DicomTags.FrameVOILUTSequence) ?? dataset;
        var (centres, widths) = (source.GetDoubles(DicomTags.WindowCenter), source.GetDoubles(DicomTags.WindowWidth));
        var function = source.GetString(DicomTags.VOILUTFunction) switch
        {
            "LINEAR_EXACT" => VoiFunction.LinearExact,
            "SIGMOID" => VoiFunction.Sigmoid,
            _ => VoiFunction.Linear,
        };
        for (var i = 0; i < Math.Min(centres.Count, widths.Count); i++)
        {
            // A linear window is at least 1 wide, the others wider than 0 (PS3.3 §C.11.2.1.2.1, §C.11.2.1.3.2).
            if (double.IsFinite(centres[i]) && double.IsFinite(widths[i]) && (function == VoiFunction.Linear ? widths[i] >= 1 : widths[i] > 0))
            {
                return new(centres[i], widths[i], function);
            }
        }

        return null;
    }

    /// <summary>A window from one value, shown black, to another, shown white.</summary>
    public static VoiTransform Between(double low, double high) => new((low + high) / 2, high - low, VoiFunction.LinearExact);

    /// <summary>Maps modality values to display values, rounded.</summary>
    public void Apply(ReadOnlySpan<float> values, Span<byte> display)
    {
        switch (this)
        {
            case { Table: { } table }:
                for (var i = 0; i < values.Length; i++)
                {
                    display[i] = table[Math.Clamp((long)Math.Round(values[i]) - FirstMapped, 0, table.Length - 1)];
                }

                break;

            case { Function: VoiFunction.Sigmoid }:
                for (var i = 0; i < values.Length; i++)
                {
                    display[i] = (byte)Math.Round(255 / (1 + Math.Exp(-4 * (values[i] - Centre) / Width)));
                }

                break;

            default:
                ApplyLine(values, display);
                break;
        }
    }

    private static VoiTransform? FromTable(DicomDataset lut, bool isSigned)
    {
        if (LookupTable.Describe(lut, DicomTags.LUTDescriptor, isSigned) is not { Bits: >= 1 and <= 16 } table
            || table.Read(lut.GetBytes(DicomTags.LUTData).Span) is not { } entries)
        {
            return null;
        }

        var greatest = (1 << table.Bits) - 1;
        return new(0, 0)
        {
            Table = Array.ConvertAll(entries, e => (byte)Math.Round(255.0 * Math.Min(e, greatest) / greatest)),
            FirstMapped = table.FirstMapped,
        };
    }

    // What goes into the table are modality values: negative where stored ones are, or where rescaling makes them so (PS3.3 §C.11.2.1.1).
    private static bool HasNegativeInput(DicomDataset dataset) =>
        dataset.GetInt32(DicomTags.PixelRepresentation) == 1 || dataset.GetDouble(DicomTags.RescaleIntercept) is < 0;

    // y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255, or (x - c) / w + 0.5 where exact; below is black, above is white.
    private void ApplyLine(ReadOnlySpan<float> values, Span<byte> display)
    {
        var (centre, width) = Function == VoiFunction.LinearExact ? (Centre, Width) : (Centre - 0.5, Width - 1);
        if (width <= 0)
        {
            for (var i = 0; i < values.Length; i++)
            {
                display[i] = values[i] <= centre ? (byte)0 : (byte)255;
            }

            return;
        }

        Scale(values, (float)(255 / width), (float)(((0.5 - (centre / width)) * 255) + 0.5), display);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a process's first image is not to wait for the tiers
    private static void Scale(ReadOnlySpan<float> values, float slope, float intercept, Span<byte> display)
    {
        var i = 0;
        var (slopes, intercepts) = (new Vector<float>(slope), new Vector<float>(intercept));
        for (; i <= values.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var from = values.Slice(i, Vector<byte>.Count);
            var low = Vector.Narrow(Cells(from, slopes, intercepts), Cells(from[Vector<float>.Count..], slopes, intercepts));
            from = from[(2 * Vector<float>.Count)..];
            var high = Vector.Narrow(Cells(from, slopes, intercepts), Cells(from[Vector<float>.Count..], slopes, intercepts));
            Vector.Narrow(Vector.AsVectorUInt16(low), Vector.AsVectorUInt16(high)).CopyTo(display[i..]);
        }

        for (; i < values.Length; i++)
        {
            display[i] = (byte)Math.Clamp((values[i] * slope) + intercept, 0f, White);
        }
    }

    // Multiply and add stay apart (no fused form), so that every machine computes the same bits. What is not a number becomes 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Cells(ReadOnlySpan<float> values, Vector<float> slopes, Vector<float> intercepts)
    {
        var scaled = (new Vector<float>(values) * slopes) + intercepts;
        return Vector.ConvertToInt32(Vector.Min(Vector.Max(scaled, Vector<float>.Zero), new Vector<float>(White)));
    }
}
