using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>
/// The headers of a JPEG 2000 or HTJ2K codestream (ISO/IEC 15444-1 §A, 15444-15), read before any codec: marker segments lie inside
/// the bytes, parameters inside their ranges, tile-parts follow each other.
/// </summary>
/// <param name="Start">Where the codestream begins: 0, or behind the boxes of a JP2 file.</param>
/// <param name="IsSigned">Of all components.</param>
/// <param name="IsHighThroughput">Whether the codestream announces HT code-blocks.</param>
internal sealed record Jpeg2000Header(
    int Start, int Rows, int Columns, int Components, int Precision, bool IsSigned, bool IsHighThroughput)
{
    private const int MaxComponents = 4;
    private const int TilePartBytes = 14; // SOT segment and SOD marker
    private const int MaxTiles = 65535;

    // An even image is coded in no bytes at all, so only what is large must be in proportion.
    private const long FreeBytes = 64 << 20;
    private const int MaxRatio = 1 << 16;

    // A codec keeps some hundred bytes for each code-block, also for those that no packet mentions.
    private const long FreeBlocks = 256 << 10;
    private const int MaxBlocksPerByte = 8;

    /// <summary>The fewest bytes in which a frame of this size is believed.</summary>
    public long LeastBytes => Math.Max(0, ((long)Rows * Columns * Components * (Precision > 8 ? 2 : 1)) - FreeBytes) / MaxRatio;

    public static Jpeg2000Header Parse(ReadOnlySpan<byte> data)
    {
        var start = FindCodestream(data);
        var stream = data[start..];
        if (stream is not [0xFF, 0x4F, 0xFF, 0x51, ..])
        {
            throw PixelErrors.Corrupt("The codestream does not begin with SOC and SIZ");
        }

        var at = 4;
        var size = Size(Segment(stream, ref at), stream.Length);
        var (hasQuantization, isHighThroughput) = (false, false);
        var layers = 0;
        while (true)
        {
            switch (Marker(stream, ref at))
            {
                case 0x50:
                    isHighThroughput = true;
                    Segment(stream, ref at);
                    break;
                case 0x52:
                    var coding = Segment(stream, ref at);
                    layers = CheckCoding(coding, size, stream.Length);
                    break;
                case 0x53:
                    CheckComponentCoding(Segment(stream, ref at), size, layers, stream.Length);
                    break;
                case 0x5C:
                    Segment(stream, ref at);
                    hasQuantization = true;
                    break;
                case 0x90:
                    if (layers == 0 || !hasQuantization)
                    {
                        throw PixelErrors.Corrupt("The main header lacks coding style or quantization");
                    }

                    WalkTileParts(stream, at - 2, size, layers);
                    return new(start, size.Rows, size.Columns, size.Components, size.Precision, size.IsSigned, isHighThroughput);
                case 0x51 or 0x4F or 0x93 or 0xD9:
                    throw PixelErrors.Corrupt("A marker stands where it must not in the main header");
                default:
                    Segment(stream, ref at);
                    break;
            }
        }
    }

    /// <summary>Refuses a codestream whose own header disagrees with the data set's description.</summary>
    public void Check(PixelDescription d)
    {
        if (Rows != d.Rows || Columns != d.Columns || Components != d.SamplesPerPixel)
        {
            throw PixelErrors.Corrupt("The codestream's size or number of components disagrees with the data set");
        }

        if (Precision > d.BitsAllocated)
        {
            throw PixelErrors.Corrupt("The codestream's precision is larger than Bits Allocated");
        }
    }

    // Some writers put a whole JP2 file into the fragment; the codestream is its box "jp2c".
    private static int FindCodestream(ReadOnlySpan<byte> data)
    {
        if (data is not [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20, ..])
        {
            return 0;
        }

        var at = 0L;
        while (at + 8 <= data.Length)
        {
            var length = (long)BinaryPrimitives.ReadUInt32BigEndian(data[(int)at..]);
            var isCodestream = data.Slice((int)at + 4, 4).SequenceEqual("jp2c"u8);
            var headerBytes = length == 1 ? 16 : 8;
            if (isCodestream)
            {
                return (int)Math.Min(at + headerBytes, data.Length);
            }

            if (length == 1 || length < 8)
            {
                break; // nothing before the codestream is that long, and nothing follows a box that reaches the end
            }

            at += length;
        }

        throw PixelErrors.Corrupt("The JP2 file has no codestream");
    }

    private static ImageSize Size(ReadOnlySpan<byte> siz, int codestreamBytes)
    {
        if (siz.Length < 36)
        {
            throw PixelErrors.Corrupt("The SIZ segment is cut off");
        }

        Span<long> n = stackalloc long[8];
        for (var i = 0; i < 8; i++)
        {
            n[i] = BinaryPrimitives.ReadUInt32BigEndian(siz[(2 + (4 * i))..]);
        }

        var (right, bottom, left, top) = (n[0], n[1], n[2], n[3]);
        var (tileWidth, tileHeight, tileLeft, tileTop) = (n[4], n[5], n[6], n[7]);
        var components = BinaryPrimitives.ReadUInt16BigEndian(siz[34..]);
        if (right <= left || bottom <= top || right - left > int.MaxValue || bottom - top > int.MaxValue || tileWidth == 0 || tileHeight == 0
            || tileLeft > left || tileTop > top || tileLeft + tileWidth <= left || tileTop + tileHeight <= top)
        {
            throw PixelErrors.Corrupt("The SIZ segment describes no image");
        }

        if ((right - left) * (bottom - top) > PixelDescription.MaxFramePixels)
        {
            throw PixelErrors.OverBudget(nameof(PixelDescription.MaxFramePixels), PixelDescription.MaxFramePixels, DicomTags.PixelData);
        }

        if (components is 0 or > MaxComponents || siz.Length < 36 + (3 * components))
        {
            throw PixelErrors.Corrupt("The codestream does not have one to four components");
        }

        var depth = siz[36];
        for (var c = 0; c < components; c++)
        {
            var component = siz.Slice(36 + (3 * c), 3);
            if (component[0] != depth || component[1] != 1 || component[2] != 1)
            {
                throw PixelErrors.Unsupported("Components of different depth or resolution are not decoded", DicomTags.PixelData);
            }
        }

        var precision = (depth & 0x7F) + 1;
        if (precision > 31)
        {
            throw PixelErrors.Unsupported("More than 31 bits are not decoded", DicomTags.PixelData);
        }

        // Each tile has a tile-part of its own: their number is bounded by the bytes received.
        var tiles = DivideUp(right - tileLeft, tileWidth) * DivideUp(bottom - tileTop, tileHeight);
        if (tiles > MaxTiles || tiles * TilePartBytes > codestreamBytes)
        {
            throw PixelErrors.Corrupt("The codestream declares more tiles than it holds");
        }

        return new((int)(bottom - top), (int)(right - left), components, precision, (depth & 0x80) != 0, tiles);
    }

    /// <summary>COD (§A.6.1): the number of layers.</summary>
    private static int CheckCoding(ReadOnlySpan<byte> cod, ImageSize size, int codestreamBytes)
    {
        if (cod.Length < 10)
        {
            throw PixelErrors.Corrupt("The coding style is cut off");
        }

        var (progression, layers, transform) = (cod[1], BinaryPrimitives.ReadUInt16BigEndian(cod[2..]), cod[4]);
        if (progression > 4 || layers == 0 || transform > 1 || (transform == 1 && size.Components < 3))
        {
            throw PixelErrors.Corrupt("A parameter of the coding style is out of its range");
        }

        CheckParameters(cod[5..], (cod[0] & 1) != 0, size, layers * size.Components, codestreamBytes);
        return layers;
    }

    /// <summary>COC (§A.6.2): the same for one component.</summary>
    private static void CheckComponentCoding(ReadOnlySpan<byte> coc, ImageSize size, int layers, int codestreamBytes)
    {
        if (coc.Length < 7 || coc[0] >= size.Components)
        {
            throw PixelErrors.Corrupt("The coding style of a component is cut off, or the component is not there");
        }

        CheckParameters(coc[2..], (coc[1] & 1) != 0, size, Math.Max(1, layers), codestreamBytes);
    }

    // Each layer of each precinct is a packet of at least a byte: their number, and what a codec allocates for them, is bounded
    // by the bytes received. Tiles only make it larger.
    private static void CheckParameters(ReadOnlySpan<byte> style, bool hasPrecincts, ImageSize size, int packetsEach, int codestreamBytes)
    {
        var (levels, width, height, wavelet) = (style[0], style[1], style[2], style[4]);
        if (levels > 32 || width > 8 || height > 8 || width + height > 8 || wavelet > 1 || (hasPrecincts && style.Length < 5 + levels + 1))
        {
            throw PixelErrors.Corrupt("A parameter of the coding style is out of its range");
        }

        var (packets, blocks) = (0L, 0L);
        for (var resolution = 0; resolution <= levels; resolution++)
        {
            var exponents = hasPrecincts ? style[5 + resolution] : (byte)0xFF;
            var shift = levels - resolution;
            var (columns, rows) = ((long)size.Columns >> shift, (long)size.Rows >> shift);
            packets += Math.Max(1, columns >> (exponents & 15)) * Math.Max(1, rows >> (exponents >> 4)) * packetsEach;

            // A code-block is no larger than its precinct (§B.7).
            blocks += (columns >> Math.Min(width + 2, exponents & 15)) * (rows >> Math.Min(height + 2, exponents >> 4)) * size.Components;
        }

        if (packets > codestreamBytes)
        {
            throw PixelErrors.Corrupt("The codestream declares more packets than it has bytes");
        }

        if (blocks > FreeBlocks + ((long)MaxBlocksPerByte * codestreamBytes))
        {
            throw PixelErrors.Corrupt("The codestream declares more code-blocks than its bytes can fill");
        }
    }

    private static void WalkTileParts(ReadOnlySpan<byte> stream, int at, ImageSize size, int layers)
    {
        while (true)
        {
            var sot = at;
            if (at == stream.Length || (at + 1 == stream.Length && stream[at] == 0))
            {
                return; // an EOC that was left out harms nobody
            }

            var marker = Marker(stream, ref at);
            if (marker == 0xD9)
            {
                return;
            }

            if (marker != 0x90)
            {
                throw PixelErrors.Corrupt("A tile-part does not begin with SOT");
            }

            var header = Segment(stream, ref at);
            if (header.Length != 8 || BinaryPrimitives.ReadUInt16BigEndian(header) >= size.Tiles)
            {
                throw PixelErrors.Corrupt("A tile-part names a tile that is not there");
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(header[2..]);
            if (length != 0 && (length < TilePartBytes || sot + (long)length > stream.Length))
            {
                throw PixelErrors.Corrupt("A tile-part is longer than the codestream");
            }

            WalkTileHeader(stream, at, length == 0 ? stream.Length : sot + (int)length, size, layers);
            if (length == 0)
            {
                return; // the last tile-part, to the end
            }

            at = sot + (int)length;
        }
    }

    // What a tile says of its coding is judged as if it were the whole image: no encoder writes tiles finer than it may write images.
    private static void WalkTileHeader(ReadOnlySpan<byte> stream, int at, int end, ImageSize size, int layers)
    {
        var codestreamBytes = stream.Length;
        stream = stream[..end];
        while (true)
        {
            switch (Marker(stream, ref at))
            {
                case 0x93:
                    return;
                case 0x52:
                    layers = CheckCoding(Segment(stream, ref at), size, codestreamBytes);
                    break;
                case 0x53:
                    CheckComponentCoding(Segment(stream, ref at), size, layers, codestreamBytes);
                    break;
                case 0x4F or 0x51 or 0x90 or 0xD9:
                    throw PixelErrors.Corrupt("A marker stands where it must not in a tile-part header");
                default:
                    Segment(stream, ref at);
                    break;
            }
        }
    }

    private static byte Marker(ReadOnlySpan<byte> stream, ref int at)
    {
        if (at + 2 > stream.Length || stream[at] != 0xFF || stream[at + 1] < 0x4F)
        {
            throw PixelErrors.Corrupt("A marker is missing from the codestream");
        }

        at += 2;
        return stream[at - 1];
    }

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> stream, ref int at)
    {
        var length = at + 2 <= stream.Length ? BinaryPrimitives.ReadUInt16BigEndian(stream[at..]) : 0;
        if (length < 2 || at + length > stream.Length)
        {
            throw PixelErrors.Corrupt("A marker segment is longer than the codestream");
        }

        var segment = stream.Slice(at + 2, length - 2);
        at += length;
        return segment;
    }

    private readonly record struct ImageSize(int Rows, int Columns, int Components, int Precision, bool IsSigned, long Tiles);

    private static long DivideUp(long value, long by) => (value + by - 1) / by;
}
