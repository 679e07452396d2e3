using System.Buffers;
using System.Numerics.Tensors;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Pixels;

namespace Platform.Inference.Previews;

/// <summary>A frame as display values: the sender's window, else a given one, else its own percentiles; colour as it is.</summary>
internal static class FrameRendering
{
    /// <summary>Larger images would cost a worker more memory than a preview is worth.</summary>
    public const long MaxPixels = 64L << 20;

    private const double LowPercentile = 1;
    private const double HighPercentile = 99;

    /// <param name="windowless">The window for a frame whose sender named none; null takes the frame's own percentiles.</param>
    /// <param name="isSearched">Whether to look for letters in the values, before a window hides them.</param>
    /// <returns>The picture, its window (null for colour), and whether letters were found.</returns>
    /// <exception cref="DicomException">The frame cannot be decoded.</exception>
    public static (Picture Picture, VoiTransform? Window, bool ShowsText) Render(
        FrameDecoder decoder, DicomDataset dataset, int frame, VoiTransform? windowless, bool isSearched)
    {
        var d = decoder.Description;
        if (IsColour(d))
        {
            var rgb = new byte[3 * d.PixelsPerFrame];
            decoder.DecodeToRgb(frame, rgb);
            return (new Picture(d.Rows, d.Columns, 3, rgb), null, isSearched && BurnedInText.ShowsTextInColour(rgb, d.Rows, d.Columns));
        }

        if (!isSearched && (VoiTransform.Of(dataset, frame) ?? windowless) is { } known)
        {
            var display = GC.AllocateUninitializedArray<byte>(d.PixelsPerFrame);
            decoder.DecodeToSingle(frame, (first, values) => known.Apply(values, display.AsSpan(first, values.Length)));
            return (new Picture(d.Rows, d.Columns, 1, Turned(display, d)), known, false);
        }

        var rented = ArrayPool<float>.Shared.Rent(d.PixelsPerFrame);
        try
        {
            var values = rented.AsMemory(0, d.PixelsPerFrame);
            decoder.DecodeToSingle(frame, values.Span);
            var window = VoiTransform.Of(dataset, frame) ?? windowless ?? Percentiles([.. Sample(values, dataset, frame)]);
            var grey = GC.AllocateUninitializedArray<byte>(values.Length);
            window.Apply(values.Span, grey);
            return (new Picture(d.Rows, d.Columns, 1, Turned(grey, d)), window, isSearched && BurnedInText.ShowsText(values.Span, d.Rows, d.Columns));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>The same values, turned where the least is shown white.</summary>
    private static byte[] Turned(byte[] grey, PixelDescription d)
    {
        if (d.Photometric == PhotometricInterpretation.Monochrome1)
        {
            TensorPrimitives.OnesComplement(grey, grey);
        }

        return grey;
    }

    public static bool IsColour(PixelDescription d) => d.SamplesPerPixel != 1 || d.Photometric == PhotometricInterpretation.PaletteColor;

    /// <summary>Modality values of at most 64 Ki pixels, evenly spread over the frame, without its padding.</summary>
    public static IEnumerable<float> Sample(ReadOnlyMemory<float> values, DicomDataset dataset, int frame)
    {
        const int MostValues = 1 << 16;
        var (low, high) = PixelPadding.Of(dataset, frame) ?? (float.PositiveInfinity, float.NegativeInfinity);
        for (var i = 0L; i < Math.Min(values.Length, MostValues); i++)
        {
            var value = values.Span[(int)(values.Length <= MostValues ? i : i * values.Length / MostValues)];
            if (float.IsFinite(value) && !(value >= low && value <= high))
            {
                yield return value;
            }
        }
    }

    /// <summary>A window from the first to the ninety-ninth percentile, or over all values where those are one.</summary>
    public static VoiTransform Percentiles(float[] values)
    {
        Array.Sort(values);
        if (values.Length == 0 || values[0] == values[^1])
        {
            // Nothing to tell apart: black.
            return VoiTransform.Between(values.FirstOrDefault(), values.FirstOrDefault() + 1.0);
        }

        var (low, high) = (At(LowPercentile), At(HighPercentile));
        return low < high ? VoiTransform.Between(low, high) : VoiTransform.Between(values[0], values[^1]);

        float At(double percentile) => values[(int)Math.Round(percentile / 100 * (values.Length - 1))];
    }
}
