namespace Platform.Dicom.Pixels;

/// <summary>The image pixel description (PS3.3 §C.7.6.3), checked against the budgets before anything is allocated.</summary>
public sealed partial record PixelDescription
{
    /// <summary>Pixels of one frame at most: 256 Mpx.</summary>
    public const long MaxFramePixels = 256L << 20;

    /// <summary>Bytes of all frames as native samples at most: 4 GiB.</summary>
    public const long MaxTotalBytes = 4L << 30;

    private const int MaxSamplesPerPixel = 4;

    public required int Rows { get; init; }

    public required int Columns { get; init; }

    public required int SamplesPerPixel { get; init; }

    public required int BitsAllocated { get; init; }

    public required int BitsStored { get; init; }

    public required int HighBit { get; init; }

    /// <summary>Pixel Representation 1: two's complement.</summary>
    public required bool IsSigned { get; init; }

    /// <summary>Planar Configuration 1: the samples are stored plane by plane. Decoded samples are always interleaved.</summary>
    public required bool IsPlanar { get; init; }

    public required PhotometricInterpretation Photometric { get; init; }

    public required int Frames { get; init; }

    /// <summary>Float Pixel Data or Double Float Pixel Data (PS3.3 §C.7.6.24, §C.7.6.25): samples are IEEE numbers.</summary>
    public bool IsFloatingPoint { get; init; }

    /// <summary>Bytes of one native sample: 1 (also for one-bit images), 2, 4 or 8.</summary>
    public int BytesPerSample => BitsAllocated == 1 ? 1 : BitsAllocated / 8;

    /// <summary>Pixels of one frame.</summary>
    public int PixelsPerFrame => Rows * Columns;

    /// <summary>Samples of one frame.</summary>
    public int SamplesPerFrame => Rows * Columns * SamplesPerPixel;

    /// <summary>Bytes of one frame as native samples.</summary>
    public int FrameBytes => SamplesPerFrame * BytesPerSample;

    /// <summary>The same, if it keeps the budgets and describes samples that this library decodes; else a typed error.</summary>
    /// <exception cref="DicomException">InvalidPixels, UnsupportedPixels or OverBudget.</exception>
    internal PixelDescription Checked()
    {
        if (Rows <= 0 || Columns <= 0 || Frames <= 0)
        {
            throw PixelErrors.Invalid("Rows, Columns and Number of Frames must be positive", DicomTags.Rows);
        }

        if (SamplesPerPixel is < 1 or > MaxSamplesPerPixel)
        {
            throw PixelErrors.Invalid("Samples per Pixel must be 1 to 4", DicomTags.SamplesPerPixel);
        }

        if (BitsAllocated is not (1 or 8 or 16 or 32 or 64) || (BitsAllocated == 64 && !IsFloatingPoint))
        {
            throw PixelErrors.Unsupported("Bits Allocated must be 1, 8, 16 or 32", DicomTags.BitsAllocated);
        }

        if (BitsStored < 1 || BitsStored > BitsAllocated || HighBit < BitsStored - 1 || HighBit >= BitsAllocated)
        {
            throw PixelErrors.Invalid("Bits Stored and High Bit must lie within Bits Allocated", DicomTags.BitsStored);
        }

        var pixels = (long)Rows * Columns;
        if (pixels > MaxFramePixels)
        {
            throw PixelErrors.OverBudget(nameof(MaxFramePixels), MaxFramePixels, DicomTags.Rows);
        }

        // At most 2^28 pixels × 4 samples × 8 bytes × 2^31 frames: no overflow of 64 bits after dividing by the frames.
        var frameBytes = pixels * SamplesPerPixel * BytesPerSample;
        if (frameBytes > MaxTotalBytes / Frames || frameBytes > Array.MaxLength)
        {
            throw PixelErrors.OverBudget(nameof(MaxTotalBytes), MaxTotalBytes, DicomTags.NumberOfFrames);
        }

        return this;
    }
}
