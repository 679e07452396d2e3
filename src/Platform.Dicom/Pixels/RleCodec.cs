using System.Buffers;
using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>RLE Lossless (PS3.5 Annex G): PackBits segments, one for each byte of each sample, most significant first.</summary>
internal static class RleCodec
{
    private const int HeaderBytes = 64;
    private const int MaxSegments = 15;
    public const int MaxRun = 128;

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

    /// <summary>Encodes one frame of interleaved little-endian samples; each row is packed by itself (PS3.5 §G.3.1).</summary>
    public static byte[] Encode(ReadOnlySpan<byte> samples, PixelDescription d)
    {
        var bytes = d.BytesPerSample;
        var segments = d.SamplesPerPixel * bytes;
        if (segments > MaxSegments)
        {
            throw PixelErrors.Unsupported("RLE holds at most 15 bytes a pixel", DicomTags.BitsAllocated);
        }

        var row = new byte[d.Columns];
        var packed = new ArrayBufferWriter<byte>(HeaderBytes + (samples.Length / 2));
        packed.GetSpan(HeaderBytes)[..HeaderBytes].Clear();
        packed.Advance(HeaderBytes);
        Span<uint> starts = stackalloc uint[MaxSegments];
        for (var s = 0; s < segments; s++)
        {
            starts[s] = (uint)packed.WrittenCount;
            var at = (s / bytes * bytes) + (bytes - 1 - (s % bytes));
            for (var y = 0; y < d.Rows; y++)
            {
                for (var x = 0; x < row.Length; x++, at += segments)
                {
                    row[x] = samples[at];
                }

                PackRow(row, packed);
            }

            if (packed.WrittenCount % 2 != 0)
            {
                packed.Write([(byte)0]); // a segment has an even length
            }
        }

        var frame = packed.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)segments);
        for (var s = 0; s < segments; s++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4 + (4 * s)), starts[s]);
        }

        return frame;
    }

    // Two equal bytes inside a literal run stay in it: a run of their own would cost as much (PS3.5 §G.3.1, the note).
    private static void PackRow(ReadOnlySpan<byte> row, ArrayBufferWriter<byte> packed)
    {
        var literal = 0;
        for (var i = 0; i < row.Length;)
        {
            var run = 1;
            while (run < MaxRun && i + run < row.Length && row[i + run] == row[i])
            {
                run++;
            }

            if (run < 3 && !(run == 2 && literal == i))
            {
                i += run;
                continue;
            }

            PackLiteral(row[literal..i], packed);
            packed.Write([(byte)(1 - run), row[i]]);
            i += run;
            literal = i;
        }

        PackLiteral(row[literal..], packed);
    }

    private static void PackLiteral(ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> packed)
    {
        while (bytes.Length > 0)
        {
            var run = Math.Min(bytes.Length, MaxRun);
            packed.Write([(byte)(run - 1)]);
            packed.Write(bytes[..run]);
            bytes = bytes[run..];
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
