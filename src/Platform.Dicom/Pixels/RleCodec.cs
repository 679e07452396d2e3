using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>RLE Lossless (PS3.5 Annex G): PackBits segments, one for each byte of each sample, most significant first.</summary>
internal static class RleCodec
{
    private const int HeaderBytes = 64;
    private const int MaxSegments = 15;

    /// <summary>Decodes one frame into interleaved little-endian samples.</summary>
    public static void Decode(ReadOnlySpan<byte> frame, PixelDescription d, Span<byte> samples)
    {
        if (frame.Length < HeaderBytes)
        {
            throw PixelErrors.Corrupt("An RLE frame is shorter than its header");
        }

        var bytes = d.BytesPerSample;
        var segments = d.SamplesPerPixel * bytes;
        var declared = BinaryPrimitives.ReadUInt32LittleEndian(frame);
        if (declared != segments || segments > MaxSegments)
        {
            throw PixelErrors.Corrupt("The number of RLE segments disagrees with Samples per Pixel and Bits Allocated");
        }

        var stride = segments;
        for (var s = 0; s < segments; s++)
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(frame[(4 + (4 * s))..]);
            var end = s + 1 < segments ? BinaryPrimitives.ReadUInt32LittleEndian(frame[(8 + (4 * s))..]) : (uint)frame.Length;
            if (start < HeaderBytes || start > end || end > frame.Length)
            {
                throw PixelErrors.Corrupt("An RLE segment lies outside its frame");
            }

            // Segment s holds byte (bytes - 1 - s mod bytes) of sample s / bytes.
            var offset = (s / bytes * bytes) + (bytes - 1 - (s % bytes));
            DecodeSegment(frame[(int)start..(int)end], samples, offset, stride, d.PixelsPerFrame);
        }
    }

    /// <summary>Decodes a frame of one segment into bytes.</summary>
    public static void DecodeBytes(ReadOnlySpan<byte> frame, Span<byte> bytes)
    {
        if (frame.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(frame) != 1
            || BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) is var start && (start < HeaderBytes || start > frame.Length))
        {
            throw PixelErrors.Corrupt("An RLE frame of one-bit samples has one segment");
        }

        DecodeSegment(frame[(int)start..], bytes, 0, 1, bytes.Length);
    }

    private static void DecodeSegment(ReadOnlySpan<byte> packed, Span<byte> samples, int offset, int stride, int count)
    {
        var i = 0;
        var o = offset;
        var left = count;
        while (left > 0)
        {
            if (i >= packed.Length)
            {
                throw PixelErrors.Corrupt("An RLE segment ends before its frame is full");
            }

            var control = (sbyte)packed[i++];
            if (control == -128)
            {
                continue;
            }

            if (control >= 0)
            {
                // Encoders may pad the last run beyond the frame.
                var run = Math.Min(control + 1, left);
                if (i + run > packed.Length)
                {
                    throw PixelErrors.Corrupt("An RLE run is cut off");
                }

                if (stride == 1)
                {
                    packed.Slice(i, run).CopyTo(samples[o..]);
                    o += run;
                }
                else
                {
                    for (var k = 0; k < run; k++, o += stride)
                    {
                        samples[o] = packed[i + k];
                    }
                }

                i += control + 1;
                left -= run;
            }
            else
            {
                if (i >= packed.Length)
                {
                    throw PixelErrors.Corrupt("An RLE run is cut off");
                }

                var run = Math.Min(1 - control, left);
                var value = packed[i++];
                for (var k = 0; k < run; k++, o += stride)
                {
                    samples[o] = value;
                }

                left -= run;
            }
        }
    }
}
