using System.IO.Compression;

namespace Platform.Dicom.Pixels;

/// <summary>Chooses the codec of an encapsulated frame by its transfer syntax.</summary>
internal static class FrameCodecs
{
    public static void Decode(ReadOnlyMemory<byte> frame, PixelDescription d, DicomTransferSyntax syntax, Span<byte> samples)
    {
        if (syntax == DicomTransferSyntax.RleLossless)
        {
            DecodeRle(frame.Span, d, samples);
        }
        else if (syntax == DicomTransferSyntax.EncapsulatedUncompressed)
        {
            FromNative(frame.Span, d, samples);
        }
        else if (syntax == DicomTransferSyntax.DeflatedImageFrames)
        {
            Inflate(frame.Span, d, samples);
        }
        else if (IsJpeg(syntax) && d.BitsAllocated is (8 or 16) && !d.IsFloatingPoint)
        {
            DecodeJpeg(frame, d, samples);
        }
        else if (IsJpeg2000(syntax) && !d.IsFloatingPoint)
        {
            Jpeg2000Codec.Decode(frame.Span, d, samples);
        }
        else if (IsJpeg(syntax) || IsJpeg2000(syntax))
        {
            throw PixelErrors.Unsupported("The transfer syntax does not hold samples of this size", DicomTags.BitsAllocated);
        }
        else
        {
            throw new DicomException(
                DicomError.UnsupportedTransferSyntax, $"No decoder for {syntax.Name} ({syntax.Uid})", DicomTags.PixelData);
        }
    }

    /// <summary>Whether whole cells come back, not only the samples in them.</summary>
    public static bool KeepsCells(DicomTransferSyntax syntax) =>
        syntax == DicomTransferSyntax.RleLossless || syntax == DicomTransferSyntax.EncapsulatedUncompressed
        || syntax == DicomTransferSyntax.DeflatedImageFrames;

    /// <summary>
    /// Refuses a codestream whose own header disagrees with the data set, or that is too short for so many samples, before anything is
    /// allocated for it.
    /// </summary>
    public static void Check(ReadOnlySpan<byte> frame, PixelDescription d, DicomTransferSyntax syntax)
    {
        if (frame.Length < LeastBytes(frame, d, syntax))
        {
            throw PixelErrors.Corrupt("The codestream is too short for the frame that it declares");
        }
    }

    /// <summary>The fewest bytes that a frame of this size can have been coded in.</summary>
    private static long LeastBytes(ReadOnlySpan<byte> frame, PixelDescription d, DicomTransferSyntax syntax)
    {
        const int DeflateRatio = 1032; // 258 bytes in two bits
        if (IsJpeg(syntax))
        {
            var header = JpegHeader.Parse(frame);
            header.Check(d);
            return header.LeastBytes;
        }

        if (IsJpeg2000(syntax))
        {
            var header = Jpeg2000Header.Parse(frame);
            header.Check(d);
            return header.LeastBytes;
        }

        var stored = d.BitsAllocated == 1 ? (d.SamplesPerFrame + 7L) / 8
            : syntax == DicomTransferSyntax.RleLossless ? d.FrameBytes
            : UncompressedFrame.StoredBytes(d);
        return syntax == DicomTransferSyntax.RleLossless ? stored / RleCodec.MaxRun * 2
            : syntax == DicomTransferSyntax.EncapsulatedUncompressed ? stored
            : syntax == DicomTransferSyntax.DeflatedImageFrames ? stored / DeflateRatio
            : 0;
    }

    /// <summary>What the samples of a frame mean after decoding, where its codestream knows better than the data set.</summary>
    public static PhotometricInterpretation Meaning(
        ReadOnlySpan<byte> frame, DicomTransferSyntax syntax, PixelDescription d, PhotometricInterpretation declared)
    {
        if (d.SamplesPerPixel != 3 || !IsJpeg(syntax))
        {
            return declared;
        }

        // Encoders that know nothing of DICOM leave YCbCr under the name RGB, and say so in an Adobe segment.
        var header = JpegHeader.Parse(frame);
        return (declared, header) switch
        {
            (PhotometricInterpretation.Rgb, { AdobeTransform: 1 }) => PhotometricInterpretation.YbrFull,
            (PhotometricInterpretation.YbrFull, { AdobeTransform: 0 }) => PhotometricInterpretation.Rgb,
            (PhotometricInterpretation.YbrFull, { Components: [{ Id: (byte)'R' }, { Id: (byte)'G' }, { Id: (byte)'B' }] }) =>
                PhotometricInterpretation.Rgb,
            _ => declared,
        };
    }

    // The frame header decides the process: some senders name another of the family.
    private static void DecodeJpeg(ReadOnlyMemory<byte> frame, PixelDescription d, Span<byte> samples)
    {
        var header = JpegHeader.Parse(frame.Span);
        switch (header.StartOfFrame)
        {
            case 0xC0 or 0xC1 or 0xC2:
                DctJpegCodec.Decode(frame, header, d, samples);
                break;
            case JpegHeader.Lossless:
                LosslessJpegCodec.Decode(frame.Span, d, samples);
                break;
            case JpegHeader.JpegLs:
                JpegLsCodec.Decode(frame.Span, header, d, samples);
                break;
            default:
                throw PixelErrors.Unsupported("Arithmetic-coded and hierarchical JPEG are not decoded", DicomTags.PixelData);
        }
    }

    private static bool IsJpeg(DicomTransferSyntax syntax) => syntax.Uid is
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" or "1.2.840.10008.1.2.4.53" or "1.2.840.10008.1.2.4.55"
        or "1.2.840.10008.1.2.4.57" or "1.2.840.10008.1.2.4.70" or "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81";

    private static bool IsJpeg2000(DicomTransferSyntax syntax) => syntax.Uid is
        "1.2.840.10008.1.2.4.90" or "1.2.840.10008.1.2.4.91" or "1.2.840.10008.1.2.4.201" or "1.2.840.10008.1.2.4.202"
        or "1.2.840.10008.1.2.4.203";

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
        if (frame.IsEmpty)
        {
            throw PixelErrors.Corrupt("A deflated frame is empty");
        }

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
