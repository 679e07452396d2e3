using System.Buffers;

namespace Platform.Dicom.Pixels;

/// <summary>
/// Decodes the frames of one instance. Dimensions are checked against the budgets when it is made, and against each codestream's
/// own header before a codec sees it. Safe for concurrent use.
/// </summary>
public sealed class FrameDecoder
{
    private const int BlockPixels = 1 << 13;

    private readonly DicomDataset _dataset;
    private readonly DicomTransferSyntax _syntax;
    private readonly bool _isBigEndian;
    private readonly DicomElement _pixels;
    private readonly FrameFragments? _fragments;

    /// <summary>Reads the pixel description and, for encapsulated pixels, finds the fragments of each frame.</summary>
    /// <exception cref="DicomException">NoPixels, InvalidPixels, UnsupportedPixels or OverBudget.</exception>
    public FrameDecoder(DicomFile file)
        : this(file.Dataset, file.Syntax, file.Encoding == DicomEncoding.ExplicitBigEndian)
    {
    }

    /// <summary>As for a file, of a data set in a transfer syntax.</summary>
    /// <exception cref="DicomException">NoPixels, InvalidPixels, UnsupportedPixels or OverBudget.</exception>
    public FrameDecoder(DicomDataset dataset, DicomTransferSyntax syntax)
        : this(dataset, syntax, syntax.IsBigEndian)
    {
    }

    private FrameDecoder(DicomDataset dataset, DicomTransferSyntax syntax, bool isBigEndian)
    {
        _isBigEndian = isBigEndian;
        _dataset = dataset;
        _syntax = syntax;
        _pixels = PixelDescription.PixelElement(dataset);
        Description = PixelDescription.From(dataset);
        if (syntax.IsEncapsulated && _pixels.Fragments is { } items)
        {
            _fragments = FrameFragments.Of(dataset, items, Description.Frames, syntax);
        }
        else if (syntax.IsEncapsulated || _pixels.Fragments is not null)
        {
            throw PixelErrors.Corrupt("Encapsulated pixels and the transfer syntax disagree");
        }
    }

    /// <summary>What the data set says of its pixels.</summary>
    public PixelDescription Description { get; }

    /// <summary>What decoded samples mean: colour transforms inside a codestream are undone, chrominance has full resolution.</summary>
    public PhotometricInterpretation DecodedPhotometric => Description.Photometric switch
    {
        PhotometricInterpretation.YbrIct or PhotometricInterpretation.YbrRct => PhotometricInterpretation.Rgb,
        PhotometricInterpretation.YbrFull422 => PhotometricInterpretation.YbrFull,
        var other => other,
    };

    /// <summary>
    /// Decodes a frame (from 0) into native samples in the machine's byte order, interleaved by pixel, rows from the top:
    /// <see cref="PixelDescription.BytesPerSample"/> each, sign extended from Bits Stored, one-bit samples as bytes 0 and 1.
    /// </summary>
    /// <param name="destination">Exactly <see cref="PixelDescription.FrameBytes"/> bytes.</param>
    /// <exception cref="DicomException">CorruptPixels, UnsupportedPixels, UnsupportedTransferSyntax or CodecMissing.</exception>
    public void Decode(int frame, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frame);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frame, Description.Frames);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, Description.FrameBytes);
        DecodeCells(frame, destination);
        StoredSamples.Normalize(destination, Description);
    }

    /// <summary>Decodes a frame (from 0) into a new array.</summary>
    /// <exception cref="DicomException">As for the other form.</exception>
    public byte[] Decode(int frame)
    {
        Check(frame);
        var samples = new byte[Description.FrameBytes];
        Decode(frame, samples);
        return samples;
    }

    /// <summary>One bit of every cell of a frame (from 0), also outside of Bits Stored: bytes 0 and 1, rows from the top; null behind the last frame.</summary>
    internal byte[]? DecodeBit(int frame, int bit)
    {
        if (frame >= Description.Frames)
        {
            return null;
        }

        if (_fragments is not null && !FrameCodecs.KeepsCells(_syntax))
        {
            throw PixelErrors.Unsupported("The compression has not kept what lies beside the samples", DicomTags.PixelData);
        }

        Check(frame);
        var bits = new byte[Description.SamplesPerFrame];
        var cells = ArrayPool<byte>.Shared.Rent(Description.FrameBytes);
        try
        {
            DecodeCells(frame, cells.AsSpan(0, Description.FrameBytes));
            var (bytes, offset) = (Description.BytesPerSample, BitConverter.IsLittleEndian ? bit / 8 : Description.BytesPerSample - 1 - (bit / 8));
            for (var i = 0; i < bits.Length; i++)
            {
                bits[i] = (byte)((cells[(i * bytes) + offset] >> (bit % 8)) & 1);
            }

            return bits;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(cells);
        }
    }

    private void DecodeCells(int frame, Span<byte> destination)
    {
        if (_fragments is not null)
        {
            var codestream = _fragments[frame];
            FrameCodecs.Check(codestream.Span, Description, _syntax);
            FrameCodecs.Decode(codestream, Description, _syntax, destination);
        }
        else
        {
            UncompressedFrame.Decode(_pixels, frame, Description, _isBigEndian, destination);
        }
    }

    /// <summary>As <see cref="DecodedPhotometric"/>, where a codestream knows better than the data set what it holds.</summary>
    internal PhotometricInterpretation MeaningOf(int frame) => _fragments is null
        ? DecodedPhotometric
        : FrameCodecs.Meaning(_fragments[frame].Span, _syntax, Description, DecodedPhotometric);

    /// <summary>Refuses a frame that its bytes cannot fill, before anything is allocated for it.</summary>
    internal void Check(int frame)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frame);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frame, Description.Frames);
        if (_fragments is null)
        {
            UncompressedFrame.Check(_pixels, frame, Description);
        }
        else
        {
            FrameCodecs.Check(_fragments[frame].Span, Description, _syntax);
        }
    }

    /// <summary>Decodes a monochrome frame (from 0) into modality values (rescaled or by Modality LUT), rows from the top.</summary>
    /// <param name="destination">Exactly <see cref="PixelDescription.PixelsPerFrame"/> values.</param>
    /// <exception cref="DicomException">As for native samples; UnsupportedPixels for colour.</exception>
    public void DecodeToSingle(int frame, Span<float> destination)
    {
        if (Description.SamplesPerPixel != 1 || Description.Photometric == PhotometricInterpretation.PaletteColor)
        {
            throw PixelErrors.Unsupported("Colour has no modality value", DicomTags.PhotometricInterpretation);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, Description.PixelsPerFrame);
        Check(frame);
        var transform = ModalityTransform.Of(_dataset, frame);
        var samples = ArrayPool<byte>.Shared.Rent(Description.FrameBytes);
        try
        {
            var native = samples.AsSpan(0, Description.FrameBytes);
            Decode(frame, native);
            transform.Apply(native, Description, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(samples);
        }
    }

    /// <summary>As the other form, in blocks in their order: what is done to a block at once finds it in the cache.</summary>
    /// <param name="take">Told the index of a block's first pixel and the block's modality values, valid until it returns.</param>
    /// <exception cref="DicomException">As for the other form.</exception>
    public void DecodeToSingle(int frame, SingleSink take)
    {
        ArgumentNullException.ThrowIfNull(take);
        if (Description.SamplesPerPixel != 1 || Description.Photometric == PhotometricInterpretation.PaletteColor)
        {
            throw PixelErrors.Unsupported("Colour has no modality value", DicomTags.PhotometricInterpretation);
        }

        Check(frame);
        var (transform, bytes) = (ModalityTransform.Of(_dataset, frame), Description.BytesPerSample);
        var isDirect = _fragments is null && Description.BitsAllocated is 8 or 16;
        var samples = ArrayPool<byte>.Shared.Rent(isDirect ? BlockPixels * bytes : Description.FrameBytes);
        var values = ArrayPool<float>.Shared.Rent(BlockPixels);
        try
        {
            if (!isDirect)
            {
                Decode(frame, samples.AsSpan(0, Description.FrameBytes));
            }

            for (var first = 0; first < Description.PixelsPerFrame; first += BlockPixels)
            {
                var count = Math.Min(BlockPixels, Description.PixelsPerFrame - first);
                var native = samples.AsSpan(isDirect ? 0 : first * bytes, count * bytes);
                if (isDirect)
                {
                    var start = ((long)frame * Description.FrameBytes) + ((long)first * bytes);
                    UncompressedFrame.FromStored(_pixels.Value.Span.Slice((int)start, native.Length), Description, native);
                    StoredSamples.Normalize(native, Description);
                }

                transform.Apply(native, Description, values.AsSpan(0, count));
                take(first, values.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(samples);
            ArrayPool<float>.Shared.Return(values);
        }
    }

    /// <summary>Decodes a colour frame (from 0; RGB, any YBR, or palette) into red, green, blue of one byte each, by pixel.</summary>
    /// <param name="destination">Exactly three bytes for each pixel.</param>
    /// <exception cref="DicomException">As for native samples; UnsupportedPixels for monochrome.</exception>
    public void DecodeToRgb(int frame, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, 3 * Description.PixelsPerFrame);
        Check(frame);
        var samples = ArrayPool<byte>.Shared.Rent(Description.FrameBytes);
        try
        {
            var native = samples.AsSpan(0, Description.FrameBytes);
            Decode(frame, native);
            ColourConversion.ToRgb(native, Description, MeaningOf(frame), _dataset, destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(samples);
        }
    }
}

/// <summary>Takes modality values of a frame, from a pixel on (rows from the top).</summary>
public delegate void SingleSink(int first, ReadOnlySpan<float> values);
