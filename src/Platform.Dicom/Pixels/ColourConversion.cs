using System.Buffers.Binary;
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
            Palette.Of(dataset).Apply(samples, d, rgb);
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

    /// <summary>The three palette colour lookup tables, as bytes.</summary>
    private sealed record Palette(byte[] Red, byte[] Green, byte[] Blue, int FirstMapped)
    {
        public static Palette Of(DicomDataset dataset)
        {
            if (dataset.Contains(DicomTags.SegmentedRedPaletteColorLookupTableData))
            {
                throw PixelErrors.Unsupported("Segmented palettes are not expanded", DicomTags.SegmentedRedPaletteColorLookupTableData);
            }

            var descriptor = dataset.GetInt32s(DicomTags.RedPaletteColorLookupTableDescriptor);
            if (descriptor.Count != 3)
            {
                throw PixelErrors.Invalid("A palette descriptor has three values", DicomTags.RedPaletteColorLookupTableDescriptor);
            }

            var entries = descriptor[0] == 0 ? 65536 : descriptor[0] & 0xFFFF;
            return new(
                Table(dataset, DicomTags.RedPaletteColorLookupTableData, entries, descriptor[2]),
                Table(dataset, DicomTags.GreenPaletteColorLookupTableData, entries, descriptor[2]),
                Table(dataset, DicomTags.BluePaletteColorLookupTableData, entries, descriptor[2]),
                descriptor[1]);
        }

        public void Apply(ReadOnlySpan<byte> samples, PixelDescription d, Span<byte> rgb)
        {
            for (int i = 0, o = 0; o < rgb.Length; i++, o += 3)
            {
                int stored = d.BytesPerSample switch
                {
                    1 => d.IsSigned ? (sbyte)samples[i] : samples[i],
                    2 when d.IsSigned => BinaryPrimitives.ReadInt16LittleEndian(samples[(2 * i)..]),
                    2 => BinaryPrimitives.ReadUInt16LittleEndian(samples[(2 * i)..]),
                    _ => throw PixelErrors.Unsupported("A palette has indices of one or two bytes", DicomTags.BitsAllocated),
                };
                var entry = Math.Clamp(stored - FirstMapped, 0, Red.Length - 1);
                rgb[o] = Red[entry];
                rgb[o + 1] = Green[entry];
                rgb[o + 2] = Blue[entry];
            }
        }

        private static byte[] Table(DicomDataset dataset, DicomTag tag, int entries, int bits)
        {
            var data = dataset.GetBytes(tag).Span;
            var isWide = data.Length >= entries * 2;
            if (data.Length < entries)
            {
                throw PixelErrors.Invalid("A palette is shorter than its descriptor says", tag);
            }

            // Entries of 8 bits may be written as words too; those of 16 bits keep their most significant byte.
            var table = new byte[entries];
            for (var i = 0; i < entries; i++)
            {
                table[i] = !isWide ? data[i] : bits <= 8 ? data[2 * i] : data[(2 * i) + 1];
            }

            return table;
        }
    }
}
