using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>A component of a frame header: identifier and sampling factors.</summary>
internal readonly record struct JpegComponent(byte Id, byte Horizontal, byte Vertical);

/// <summary>
/// The header of a JPEG (ISO/IEC 10918-1 §B) or JPEG-LS (ISO/IEC 14495-1 §C) codestream, read before any codec: all marker segments
/// up to the first scan, each checked to lie inside the bytes.
/// </summary>
/// <param name="StartOfFrame">Second byte of the frame marker: C0 baseline, C1 extended, C2 progressive, C3 lossless, F7 JPEG-LS.</param>
/// <param name="ScanOffset">Where the first scan's marker stands.</param>
/// <param name="AdobeTransform">Colour transform of an Adobe APP14 segment; null without one.</param>
internal sealed record JpegHeader(
    byte StartOfFrame, int Precision, int Rows, int Columns, JpegComponent[] Components, int ScanOffset, int? AdobeTransform)
{
    public const byte Lossless = 0xC3;
    public const byte JpegLs = 0xF7;

    private const int MaxMarkers = 1000;

    /// <summary>
    /// The fewest bytes that a codestream of this size can have: a bit for each sample where each has a code; two bits for each block
    /// of 64 where progressive scans do not join them, else one; a bit for each line of JPEG-LS, which may be one run.
    /// </summary>
    public long LeastBytes => StartOfFrame switch
    {
        Lossless => (long)Rows * Columns * Components.Length / 8,
        JpegLs => Rows / 8,
        _ => (long)Rows * Columns / (64 * 8),
    };

    public static JpegHeader Parse(ReadOnlySpan<byte> data)
    {
        if (data is not [0xFF, 0xD8, ..])
        {
            throw PixelErrors.Corrupt("The codestream does not begin with an SOI marker");
        }

        var at = 2;
        var frame = default(Segment);
        int? adobe = null;
        for (var markers = 0; markers < MaxMarkers; markers++)
        {
            var marker = NextMarker(data, ref at);
            if (marker is 0xD9 or 0xD8)
            {
                break;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
            {
                continue; // without a segment
            }

            var length = at + 2 <= data.Length ? BinaryPrimitives.ReadUInt16BigEndian(data[at..]) : 0;
            if (length < 2 || at + length > data.Length)
            {
                throw PixelErrors.Corrupt("A marker segment is longer than the codestream");
            }

            if (marker == 0xDA)
            {
                return frame.Marker != 0
                    ? Frame(frame.Marker, data.Slice(frame.Start, frame.Length), at - 2, adobe)
                    : throw PixelErrors.Corrupt("A scan comes before the frame header");
            }

            if (IsStartOfFrame(marker))
            {
                if (frame.Marker != 0)
                {
                    throw PixelErrors.Unsupported("Hierarchical codestreams are not decoded", DicomTags.PixelData);
                }

                frame = new(marker, at + 2, length - 2);
            }
            else if (marker == 0xEE && data.Slice(at + 2, length - 2) is var app && app.Length >= 12 && app[..5].SequenceEqual("Adobe"u8))
            {
                adobe = app[11];
            }

            at += length;
        }

        throw PixelErrors.Corrupt("The codestream has no scan");
    }

    /// <summary>Refuses a codestream whose own header disagrees with the data set's description.</summary>
    public void Check(PixelDescription d)
    {
        if (Rows == 0)
        {
            throw PixelErrors.Unsupported("A codestream whose number of lines follows its scan is not decoded", DicomTags.PixelData);
        }

        if (Rows != d.Rows || Columns != d.Columns || Components.Length != d.SamplesPerPixel)
        {
            throw PixelErrors.Corrupt("The codestream's size or number of components disagrees with the data set");
        }

        if (Precision is < 2 or > 16 || Precision > d.BitsAllocated)
        {
            throw PixelErrors.Corrupt("The codestream's precision is larger than Bits Allocated");
        }
    }

    /// <summary>Reads the marker at an offset, past fill bytes, and moves behind it.</summary>
    public static byte NextMarker(ReadOnlySpan<byte> data, ref int at)
    {
        if (at + 1 >= data.Length || data[at] != 0xFF)
        {
            throw PixelErrors.Corrupt("A marker is missing from the codestream");
        }

        while (at < data.Length && data[at] == 0xFF)
        {
            at++;
        }

        return at < data.Length ? data[at++] : throw PixelErrors.Corrupt("The codestream ends inside a marker");
    }

    // C4 is DHT, C8 reserved, CC DAC.
    private static bool IsStartOfFrame(byte marker) => marker is (>= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC)) or JpegLs;

    private static JpegHeader Frame(byte marker, ReadOnlySpan<byte> segment, int scanOffset, int? adobe)
    {
        if (segment.Length < 6 || segment.Length < 6 + (3 * segment[5]) || segment[5] == 0)
        {
            throw PixelErrors.Corrupt("The frame header is cut off");
        }

        var components = new JpegComponent[segment[5]];
        for (var i = 0; i < components.Length; i++)
        {
            var c = segment.Slice(6 + (3 * i), 3);
            components[i] = new(c[0], (byte)(c[1] >> 4), (byte)(c[1] & 15));
            if (components[i].Horizontal is 0 or > 4 || components[i].Vertical is 0 or > 4)
            {
                throw PixelErrors.Corrupt("A sampling factor is not 1 to 4");
            }
        }

        return new(
            marker,
            segment[0],
            BinaryPrimitives.ReadUInt16BigEndian(segment[1..]),
            BinaryPrimitives.ReadUInt16BigEndian(segment[3..]),
            components,
            scanOffset,
            adobe);
    }

    private readonly record struct Segment(byte Marker, int Start, int Length);
}
