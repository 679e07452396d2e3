namespace Platform.Dicom.Pixels;

/// <summary>
/// An overlay plane of an image (60xx groups, PS3.3 §C.9.2): graphics or a region of interest, one bit a pixel, beside the pixels or,
/// as editions before 2004 allowed, in unused bits of them.
/// </summary>
public sealed class Overlay
{
    private const ushort FirstGroup = 0x6000;
    private const ushort LastGroup = 0x601E;

    private readonly ReadOnlyMemory<byte> _bits;
    private readonly FrameDecoder? _pixels;
    private readonly int _bitPosition;

    private Overlay(DicomDataset dataset, ushort group, FrameDecoder? pixels, DicomElement? data)
    {
        Group = group;
        Rows = dataset.GetInt32(Tag(0x0010)) ?? 0;
        Columns = dataset.GetInt32(Tag(0x0011)) ?? 0;
        Frames = dataset.GetInt32(Tag(0x0015)) ?? 1;
        FirstImageFrame = dataset.GetInt32(Tag(0x0051)) is { } origin ? origin - 1 : dataset.Contains(Tag(0x0015)) ? 0 : null;
        Origin = dataset.GetInt32s(Tag(0x0050)) is [var row, var column, ..] ? (row, column) : (1, 1);
        IsRegion = dataset.GetString(Tag(0x0040)) == "R";
        _bits = data?.Value ?? default;
        _pixels = pixels;
        _bitPosition = dataset.GetInt32(Tag(0x0102)) ?? 0;
        Check(data);
    }

    /// <summary>6000, 6002 … 601E (hexadecimal).</summary>
    public ushort Group { get; }

    /// <summary>Rows of the plane, which may be more or fewer than those of the image.</summary>
    public int Rows { get; }

    /// <summary>Columns of the plane.</summary>
    public int Columns { get; }

    /// <summary>Where the plane's first pixel lies in the image, counted from 1; 0 and below lie outside of it.</summary>
    public (int Row, int Column) Origin { get; }

    /// <summary>Frames of the plane.</summary>
    public int Frames { get; }

    /// <summary>The image's frame (from 0) that the plane's first frame lies on; null where its one frame lies on all.</summary>
    public int? FirstImageFrame { get; }

    /// <summary>Overlay Type R, a region of interest; else G, graphics.</summary>
    public bool IsRegion { get; }

    /// <summary>Whether the bits are stored in unused bits of Pixel Data (retired).</summary>
    public bool IsInPixelData => _pixels is not null;

    /// <summary>The overlays of an image, in order of their groups.</summary>
    /// <exception cref="DicomException">
    /// InvalidPixels, CorruptPixels (fewer bits than rows × columns × frames), OverBudget; for bits in Pixel Data what <see cref="FrameDecoder"/> throws.
    /// </exception>
    public static IReadOnlyList<Overlay> Of(DicomFile file)
    {
        var dataset = file.Dataset;
        var overlays = new List<Overlay>();
        FrameDecoder? decoder = null;
        for (var group = FirstGroup; group <= LastGroup; group += 2)
        {
            var data = dataset[new DicomTag(group, 0x3000)];
            if (!dataset.Contains(new(group, 0x0010)) || (data is null && dataset.GetInt32(new(group, 0x0100)) is not > 1))
            {
                continue; // what is left of a plane: without size, or without bits here or in the pixels
            }

            overlays.Add(new Overlay(dataset, group, data is null ? decoder ??= new FrameDecoder(file) : null, data));
        }

        return overlays;
    }

    /// <summary>The plane as it lies on a frame of the image (from 0): bytes 0 and 1, rows from the top; null where it does not lie on it.</summary>
    /// <exception cref="DicomException">
    /// Where the bits are in Pixel Data: what decoding it throws, UnsupportedPixels where its compression keeps Bits Stored alone.
    /// </exception>
    public byte[]? Mask(int imageFrame)
    {
        var frame = FirstImageFrame is { } first ? imageFrame - first : 0;
        if (frame < 0 || frame >= Frames)
        {
            return null;
        }

        if (_pixels is not null)
        {
            return _pixels.DecodeBit(imageFrame, _bitPosition);
        }

        var mask = new byte[Rows * Columns];
        StoredSamples.UnpackBits(_bits.Span, (long)frame * mask.Length, mask);
        return mask;
    }

    private DicomTag Tag(ushort element) => new(Group, element);

    private void Check(DicomElement? data)
    {
        if (Rows <= 0 || Columns <= 0 || Frames <= 0)
        {
            throw PixelErrors.Invalid("Rows, columns and frames of an overlay must be positive", Tag(0x0010));
        }

        if ((long)Rows * Columns > PixelDescription.MaxFramePixels)
        {
            throw PixelErrors.OverBudget(nameof(PixelDescription.MaxFramePixels), PixelDescription.MaxFramePixels, Tag(0x0010));
        }

        if (_pixels is { Description: var d })
        {
            if (d.Rows != Rows || d.Columns != Columns || d.SamplesPerPixel != 1 || _bitPosition < 0 || _bitPosition >= d.BitsAllocated
                || (_bitPosition <= d.HighBit && _bitPosition > d.HighBit - d.BitsStored))
            {
                throw PixelErrors.Invalid("An overlay without data has no bits in the pixels", Tag(0x0102));
            }

            return;
        }

        if (data is not { Bulk: null } || data.Value.Length < (((long)Rows * Columns * Frames) + 7) / 8)
        {
            throw PixelErrors.Corrupt("Overlay Data is shorter than rows, columns and frames say");
        }
    }
}
