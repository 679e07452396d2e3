using System.IO.Compression;

namespace Platform.Dicom.Pixels;

/// <summary>Chooses the codec of an encapsulated frame by its transfer syntax.</summary>
internal static class FrameCodecs
{
    public static void Decode(ReadOnlySpan<byte> frame, PixelDescription d, DicomTransferSyntax syntax, Span<byte> samples)
    {
        if (syntax == DicomTransferSyntax.RleLossless)
        {
            DecodeRle(frame, d, samples);
        }
        else if (syntax == DicomTransferSyntax.EncapsulatedUncompressed)
        {
            FromNative(frame, d, samples);
        }
        else if (syntax == DicomTransferSyntax.DeflatedImageFrames)
        {
            Inflate(frame, d, samples);
        }
        else
        {
            throw new DicomException(
                DicomError.UnsupportedTransferSyntax, $"No decoder for {syntax.Name} ({syntax.Uid})", DicomTags.PixelData);
        }
    }

    private static void DecodeRle(ReadOnlySpan<byte> frame, PixelDescription d, Span<byte> samples)
    {
        if (d.BitsAllocated != 1)
        {
            RleCodec.Decode(frame, d, samples);
            return;
        }

        // One-bit samples are packed into bytes before they are run-length encoded (PS3.5 §8.1.1, §G.2).
        var packed = new byte[(d.SamplesPerFrame + 7) / 8];
        RleCodec.DecodeBytes(frame, packed);
        StoredSamples.UnpackBits(packed, 0, samples);
    }

    private static void FromNative(ReadOnlySpan<byte> stored, PixelDescription d, Span<byte> samples)
    {
        var bytes = d.BitsAllocated == 1 ? (d.SamplesPerFrame + 7) / 8 : UncompressedFrame.StoredBytes(d);
        if (stored.Length < bytes)
        {
            throw PixelErrors.Corrupt("A frame is shorter than its description says");
        }

        if (d.BitsAllocated == 1)
        {
            StoredSamples.UnpackBits(stored, 0, samples);
            return;
        }

        UncompressedFrame.FromStored(stored[..bytes], d, samples);
    }

    // What it may inflate to is known: the frame. Nothing beyond it is asked for.
    private static unsafe void Inflate(ReadOnlySpan<byte> frame, PixelDescription d, Span<byte> samples)
    {
        var stored = new byte[d.BitsAllocated == 1 ? (d.SamplesPerFrame + 7) / 8 : UncompressedFrame.StoredBytes(d)];
        try
        {
            fixed (byte* start = frame)
            {
                using var source = new UnmanagedMemoryStream(start, frame.Length);
                using var inflate = new DeflateStream(source, CompressionMode.Decompress);
                inflate.ReadExactly(stored);
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw PixelErrors.Corrupt("A deflated frame is damaged or too short", e);
        }

        FromNative(stored, d, samples);
    }
}
