using System.Runtime.InteropServices;

namespace Platform.Dicom.Pixels;

/// <summary>Native (not encapsulated) pixels, PS3.5 §8.1.1 and §8.2.</summary>
internal static class UncompressedFrame
{
    public static void Decode(DicomElement pixels, int frame, PixelDescription d, bool isBigEndian, Span<byte> samples)
    {
        var value = pixels.Value.Span;
        if (d.BitsAllocated == 1)
        {
            // Frames of one-bit samples follow each other without padding: a frame may start inside a byte.
            var firstBit = (long)frame * d.SamplesPerFrame;
            Need(value, (firstBit + d.SamplesPerFrame + 7) / 8);
            StoredSamples.UnpackBits(value, firstBit, samples);
            return;
        }

        var storedBytes = StoredBytes(d);
        var start = (long)frame * storedBytes;
        Need(value, start + storedBytes);
        FromStored(value.Slice((int)start, storedBytes), d, samples);

        // A big-endian OW was turned word by word; the words of a 32-bit sample are still in big-endian order.
        if (isBigEndian && pixels.Vr == DicomVr.OW && d.BitsAllocated == 32)
        {
            foreach (ref var v in MemoryMarshal.Cast<byte, uint>(samples))
            {
                v = (v << 16) | (v >> 16);
            }
        }
    }

    /// <summary>Refuses a frame that the bytes cannot fill.</summary>
    public static void Check(DicomElement pixels, int frame, PixelDescription d) =>
        Need(
            pixels.Value.Span,
            d.BitsAllocated == 1 ? (((frame + 1L) * d.SamplesPerFrame) + 7) / 8 : (frame + 1L) * StoredBytes(d));

    /// <summary>Bytes of one frame as stored; not for one-bit samples.</summary>
    public static int StoredBytes(PixelDescription d) => IsSubsampled(d) ? (d.PixelsPerFrame + 1) / 2 * 4 : d.FrameBytes;

    /// <summary>Native samples of one frame's stored cells (little endian).</summary>
    public static void FromStored(ReadOnlySpan<byte> stored, PixelDescription d, Span<byte> samples)
    {
        if (IsSubsampled(d))
        {
            if ((d.Columns & 1) != 0)
            {
                throw PixelErrors.Invalid("YBR_FULL_422 needs an even number of columns", DicomTags.Columns);
            }

            StoredSamples.Upsample422(stored, samples);
        }
        else if (d.IsPlanar)
        {
            StoredSamples.Interleave(stored, samples, d.SamplesPerPixel, d.BytesPerSample);
        }
        else
        {
            stored.CopyTo(samples);
        }

        if (!BitConverter.IsLittleEndian)
        {
            Swap(samples, d.BytesPerSample);
        }
    }

    private static bool IsSubsampled(PixelDescription d)
    {
        if (d.Photometric is PhotometricInterpretation.YbrPartial420)
        {
            throw PixelErrors.Unsupported("YBR_PARTIAL_420 is decoded by no native syntax", DicomTags.PhotometricInterpretation);
        }

        return d is
        {
            Photometric: PhotometricInterpretation.YbrFull422 or PhotometricInterpretation.YbrPartial422,
            SamplesPerPixel: 3,
            BitsAllocated: 8,
        };
    }

    private static void Need(ReadOnlySpan<byte> value, long bytes)
    {
        if (value.Length < bytes)
        {
            throw PixelErrors.Corrupt("The pixel data is shorter than its description says");
        }
    }

    private static void Swap(Span<byte> samples, int unit)
    {
        for (var i = 0; unit > 1 && i < samples.Length; i += unit)
        {
            samples.Slice(i, unit).Reverse();
        }
    }
}
