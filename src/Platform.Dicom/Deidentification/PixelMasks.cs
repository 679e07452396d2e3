using System.Numerics;
using System.Runtime.InteropServices;
using Platform.Dicom.Pixels;

namespace Platform.Dicom.Deidentification;

/// <summary>Blackens the parts of an image that a device writes on (PS3.15 §E.3.1, Clean Pixel Data Option).</summary>
public static class PixelMasks
{
    private const string Code = "113101";
    private const string Meaning = "Clean Pixel Data Option";

    /// <summary>
    /// A new file of the same instance without what lies under the rule's masks, in every frame. Uncompressed pixels stay so; compressed
    /// ones are written as JPEG-LS Lossless, so that nothing else of them changes; what was lossy stays marked as lossy.
    /// </summary>
    /// <remarks>Black is the darkest tone that the frame has, also of a palette; of colour, no light at all.</remarks>
    /// <exception cref="DicomException">
    /// InvalidMaskRule where the rule is for another size; what decoding throws; UnsupportedPixels for one-bit and floating-point images.
    /// </exception>
    public static DicomFile Apply(DicomFile file, PixelMaskRule rule)
    {
        var decoder = new FrameDecoder(file);
        var description = decoder.Description;
        if (description.Rows != rule.Rows || description.Columns != rule.Columns)
        {
            throw new DicomException(DicomError.InvalidMaskRule, "The mask rule is for images of another size", DicomTags.Rows);
        }

        var syntax = file.Syntax.IsEncapsulated ? DicomTransferSyntax.JpegLsLossless
            : file.Syntax.IsBigEndian || file.Syntax.IsDeflated ? DicomTransferSyntax.ExplicitLittleEndian
            : file.Syntax;
        return FrameTranscoder.Transcode(file, syntax, (frame, samples) => Blacken(samples, decoder, frame, rule.Masks));
    }

    /// <summary>
    /// Marks an object whose pixels were cleaned: Burned In Annotation (0028,0301) NO, and the option in (0012,0063) and (0012,0064). After
    /// <see cref="Deidentifier.Apply"/>, which writes these anew.
    /// </summary>
    public static void Mark(DicomDataset dataset)
    {
        MarkSeen(dataset);
        dataset.Set(DicomTags.DeidentificationMethod, [.. dataset.GetStrings(DicomTags.DeidentificationMethod), Meaning]);
        dataset.SetSequence(
            DicomTags.DeidentificationMethodCodeSequence,
            [.. dataset.GetSequence(DicomTags.DeidentificationMethodCodeSequence), DeidentificationOptionRules.Code(Code, Meaning)]);
    }

    /// <summary>Burned In Annotation (0028,0301) NO: a person has looked, and no text in the pixels identifies anybody.</summary>
    public static void MarkSeen(DicomDataset dataset) => dataset.Set(DicomTags.BurnedInAnnotation, "NO");

    private static void Blacken(Span<byte> samples, FrameDecoder decoder, int frame, IReadOnlyList<PixelRectangle> masks)
    {
        var d = decoder.Description;
        var black = new byte[d.SamplesPerPixel * d.BytesPerSample];
        switch (decoder.MeaningOf(frame))
        {
            case PhotometricInterpretation.Monochrome1:
                Extreme(samples, d, isGreatest: true).CopyTo(black);
                break;
            case PhotometricInterpretation.Monochrome2:
                Extreme(samples, d, isGreatest: false).CopyTo(black);
                break;
            case PhotometricInterpretation.PaletteColor:
                samples.Slice(Darkest(decoder, frame) * black.Length, black.Length).CopyTo(black);
                break;
            case PhotometricInterpretation.YbrFull:
                for (var sample = 1; sample < d.SamplesPerPixel; sample++)
                {
                    Middle(black.AsSpan(sample * d.BytesPerSample, d.BytesPerSample), d.BitsStored);
                }

                break;
        }

        foreach (var mask in masks)
        {
            for (var row = mask.Top; row < mask.Top + mask.Height; row++)
            {
                var line = samples.Slice(((row * d.Columns) + mask.Left) * black.Length, mask.Width * black.Length);
                for (var at = 0; at < line.Length; at += black.Length)
                {
                    black.CopyTo(line[at..]);
                }
            }
        }
    }

    /// <summary>The pixel of the least light.</summary>
    private static int Darkest(FrameDecoder decoder, int frame)
    {
        var rgb = new byte[3 * decoder.Description.PixelsPerFrame];
        decoder.DecodeToRgb(frame, rgb);
        var at = 0;
        for (var i = 3; i < rgb.Length; i += 3)
        {
            at = rgb[i] + rgb[i + 1] + rgb[i + 2] < rgb[at] + rgb[at + 1] + rgb[at + 2] ? i : at;
        }

        return at / 3;
    }

    /// <summary>The bytes of the least or the greatest sample.</summary>
    private static ReadOnlySpan<byte> Extreme(ReadOnlySpan<byte> samples, PixelDescription d, bool isGreatest) => (d.BytesPerSample, d.IsSigned) switch
    {
        (1, false) => Extreme<byte>(samples, isGreatest),
        (1, true) => Extreme<sbyte>(samples, isGreatest),
        (2, false) => Extreme<ushort>(samples, isGreatest),
        (2, true) => Extreme<short>(samples, isGreatest),
        (_, false) => Extreme<uint>(samples, isGreatest),
        _ => Extreme<int>(samples, isGreatest),
    };

    private static ReadOnlySpan<byte> Extreme<T>(ReadOnlySpan<byte> samples, bool isGreatest)
        where T : unmanaged, INumber<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(samples);
        var at = 0;
        for (var i = 1; i < values.Length; i++)
        {
            at = (isGreatest ? values[i] > values[at] : values[i] < values[at]) ? i : at;
        }

        return MemoryMarshal.AsBytes(values.Slice(at, 1));
    }

    /// <summary>No chrominance: half of the range (PS3.3 §C.7.6.3.1.2).</summary>
    private static void Middle(Span<byte> sample, int bitsStored)
    {
        var value = 1u << (bitsStored - 1);
        switch (sample.Length)
        {
            case 1:
                sample[0] = (byte)value;
                break;
            case 2:
                MemoryMarshal.Write(sample, (ushort)value);
                break;
            default:
                MemoryMarshal.Write(sample, value);
                break;
        }
    }
}
