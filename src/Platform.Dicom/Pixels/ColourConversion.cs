using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Decoded colour samples to red, green, blue of one byte (PS3.3 §C.7.6.3.1.2, §C.7.9).</summary>
internal static class ColourConversion
{
    public static void ToRgb(
        ReadOnlySpan<byte> samples, PixelDescription d, PhotometricInterpretation meaning, DicomDataset dataset, Span<byte> rgb)
    {
        if (meaning == PhotometricInterpretation.PaletteColor && d.SamplesPerPixel == 1)
        {
            Palette.Of(dataset, d).Apply(samples, d, rgb);
            return;
        }

        if (d.SamplesPerPixel != 3 || d.IsSigned || d.BitsAllocated is not (8 or 16 or 32))
        {
            throw PixelErrors.Unsupported("The samples are not a colour of three unsigned integers", DicomTags.SamplesPerPixel);
        }

        ToBytes(samples, d, rgb);
        switch (meaning)
        {
            case PhotometricInterpretation.Rgb:
                break;
            case PhotometricInterpretation.YbrFull:
                FromYbrFull(rgb);
                break;
            case PhotometricInterpretation.YbrPartial422:
                FromYbrPartial(rgb);
                break;
            default:
                throw PixelErrors.Unsupported("The photometric interpretation is not a colour", DicomTags.PhotometricInterpretation);
        }
    }

    // Longer samples keep their most significant byte.
    private static void ToBytes(ReadOnlySpan<byte> samples, PixelDescription d, Span<byte> bytes)
    {
        if (d.BitsAllocated == 8)
        {
            var up = 8 - d.BitsStored;
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(samples[i] << up);
            }

            return;
        }

        if (d.BitsAllocated == 32)
        {
            var longs = MemoryMarshal.Cast<byte, uint>(samples);
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(longs[i] << (32 - d.BitsStored) >> 24);
            }

            return;
        }

        var words = MemoryMarshal.Cast<byte, ushort>(samples);
        var (left, right) = (16 - d.BitsStored, 8);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((ushort)(words[i] << left) >> right);
        }
    }

    // R = Y + 1.402 (Cr - 128) and so on, in 16.16 fixed point, rounded.
    private static void FromYbrFull(Span<byte> pixels)
    {
        for (var i = 0; i + 2 < pixels.Length; i += 3)
        {
            int y = pixels[i] << 16, cb = pixels[i + 1] - 128, cr = pixels[i + 2] - 128;
            pixels[i] = Clamp(y + (91881 * cr));
            pixels[i + 1] = Clamp(y - (22554 * cb) - (46802 * cr));
            pixels[i + 2] = Clamp(y + (116130 * cb));
        }
    }

    private static void FromYbrPartial(Span<byte> pixels)
    {
        for (var i = 0; i + 2 < pixels.Length; i += 3)
        {
            int y = 76309 * (pixels[i] - 16), cb = pixels[i + 1] - 128, cr = pixels[i + 2] - 128;
            pixels[i] = Clamp(y + (104597 * cr));
            pixels[i + 1] = Clamp(y - (25675 * cb) - (53279 * cr));
            pixels[i + 2] = Clamp(y + (132201 * cb));
        }
    }

    private static byte Clamp(int fixedPoint) => (byte)Math.Clamp((fixedPoint + (1 << 15)) >> 16, 0, 255);
}
