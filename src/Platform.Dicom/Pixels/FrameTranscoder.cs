using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>Brings the pixels of an instance into another transfer syntax without loss: uncompressed, RLE Lossless, JPEG-LS Lossless or JPEG 2000 lossless.</summary>
public static class FrameTranscoder
{
    /// <summary>Whether <see cref="Transcode(DicomFile, DicomTransferSyntax)"/> can write a syntax.</summary>
    public static bool CanWrite(DicomTransferSyntax syntax) =>
        syntax == DicomTransferSyntax.RleLossless || syntax == DicomTransferSyntax.JpegLsLossless || syntax == DicomTransferSyntax.Jpeg2000Lossless
        || (!syntax.IsEncapsulated && !syntax.IsDeflated && !syntax.IsBigEndian && !syntax.IsLossy);

    /// <summary>A new file of the same instance. The samples are those that <see cref="FrameDecoder"/> gives; one frame is held at a time.</summary>
    /// <exception cref="DicomException">
    /// UnsupportedTransferSyntax for one that is not written; what decoding throws; UnsupportedPixels where the syntax cannot hold the samples.
    /// </exception>
    public static DicomFile Transcode(DicomFile file, DicomTransferSyntax syntax) => Transcode(file, syntax, edit: null);

    /// <param name="edit">Changes a frame's samples, as <see cref="FrameDecoder.Decode(int)"/> gives them, before they are written.</param>
    internal static DicomFile Transcode(DicomFile file, DicomTransferSyntax syntax, FrameEdit? edit)
    {
        if (!CanWrite(syntax))
        {
            throw new DicomException(DicomError.UnsupportedTransferSyntax, $"No encoder for {syntax.Name} ({syntax.Uid})", DicomTags.PixelData);
        }

        var decoder = new FrameDecoder(file);
        var d = decoder.Description;
        if (d.BitsAllocated == 1 || d.IsFloatingPoint)
        {
            throw PixelErrors.Unsupported("One-bit and floating-point samples stay uncompressed", DicomTags.BitsAllocated);
        }

        var dataset = new DicomDataset();
        foreach (var element in file.Dataset.Where(e => e.Tag < DicomTags.PixelData && !IsOffsetTable(e.Tag)))
        {
            dataset.Set(element.Items is { } items ? DicomElement.Sequence(element.Tag, items.Select(Clone)) : element);
        }

        dataset.Set(DicomTags.PhotometricInterpretation, NameOf(decoder.MeaningOf(0), file.Dataset));
        if (d.SamplesPerPixel > 1)
        {
            dataset.Set(DicomTags.PlanarConfiguration, 0L);
        }

        dataset.Set(DicomTags.HighBit, d.BitsStored - 1L);
        if (file.Syntax.IsLossy)
        {
            dataset.Set(DicomTags.LossyImageCompression, "01"); // what was lossy once stays so (PS3.3 §C.7.6.1.1.5)
        }

        dataset.Set(syntax.IsEncapsulated ? Encapsulated(decoder, syntax, edit) : Native(decoder, edit));
        return new DicomFile(dataset, syntax);
    }

    private static DicomElement Native(FrameDecoder decoder, FrameEdit? edit)
    {
        var d = decoder.Description;
        var total = (long)d.FrameBytes * d.Frames;
        if (total > Array.MaxLength - 1)
        {
            throw PixelErrors.OverBudget(nameof(PixelDescription.MaxTotalBytes), PixelDescription.MaxTotalBytes, DicomTags.NumberOfFrames);
        }

        for (var frame = 0; frame < d.Frames; frame++)
        {
            decoder.Check(frame);
        }

        var pixels = new byte[total + (total % 2)];
        for (var frame = 0; frame < d.Frames; frame++)
        {
            var samples = pixels.AsSpan(frame * d.FrameBytes, d.FrameBytes);
            decoder.Decode(frame, samples);
            edit?.Invoke(frame, samples);
        }

        return new DicomElement(DicomTags.PixelData, d.BitsAllocated > 8 ? DicomVr.OW : DicomVr.OB, pixels);
    }

    private static DicomElement Encapsulated(FrameDecoder decoder, DicomTransferSyntax syntax, FrameEdit? edit)
    {
        const int ItemHeaderBytes = 8;
        var d = decoder.Description;
        var fragments = new List<ReadOnlyMemory<byte>> { ReadOnlyMemory<byte>.Empty };
        var offsets = new byte[4 * d.Frames];
        var offset = 0L;
        for (var frame = 0; frame < d.Frames; frame++)
        {
            var samples = decoder.Decode(frame);
            edit?.Invoke(frame, samples);
            var encoded = syntax == DicomTransferSyntax.RleLossless ? RleCodec.Encode(samples, d)
                : syntax == DicomTransferSyntax.JpegLsLossless ? JpegLsEncoder.Encode(samples, d)
                : Jpeg2000Encoder.Encode(samples, d);
            if (encoded.Length % 2 != 0)
            {
                Array.Resize(ref encoded, encoded.Length + 1);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(offsets.AsSpan(4 * frame), (uint)offset);
            fragments.Add(encoded);
            offset += ItemHeaderBytes + encoded.Length;
        }

        // Offsets beyond 32 bits do not fit the basic table; one fragment a frame says as much.
        fragments[0] = offset <= uint.MaxValue ? offsets : ReadOnlyMemory<byte>.Empty;
        return DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, fragments);
    }

    /// <summary>Changes the samples of a frame (from 0) in place.</summary>
    internal delegate void FrameEdit(int frame, Span<byte> samples);

    private static bool IsOffsetTable(DicomTag tag) => tag == DicomTags.ExtendedOffsetTable || tag == DicomTags.ExtendedOffsetTableLengths;

    private static string NameOf(PhotometricInterpretation decoded, DicomDataset dataset) => decoded switch
    {
        PhotometricInterpretation.Rgb => "RGB",
        PhotometricInterpretation.YbrFull => "YBR_FULL",
        _ => dataset.GetString(DicomTags.PhotometricInterpretation) ?? "MONOCHROME2",
    };

    private static DicomDataset Clone(DicomDataset item)
    {
        var clone = new DicomDataset();
        foreach (var element in item)
        {
            clone.Set(element.Items is { } items ? DicomElement.Sequence(element.Tag, items.Select(Clone)) : element);
        }

        return clone;
    }
}
