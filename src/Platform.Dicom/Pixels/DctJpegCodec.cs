using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using JpegLibrary;

namespace Platform.Dicom.Pixels;

/// <summary>JPEG with a discrete cosine transform, Huffman-coded: baseline, extended to 12 bits, progressive (ISO/IEC 10918-1).</summary>
internal static class DctJpegCodec
{
    // A progressive codestream refines the whole image with each scan: ten are usual, and each costs a pass over all blocks.
    private const int MaxScans = 100;

    /// <summary>Decodes one frame into interleaved samples; chrominance at full resolution, colour as it was encoded.</summary>
    public static void Decode(ReadOnlyMemory<byte> data, JpegHeader header, PixelDescription d, Span<byte> samples)
    {
        header.Check(d);
        if (header.Precision is not (8 or 12))
        {
            throw PixelErrors.Corrupt("The cosine transform has 8 or 12 bits");
        }

        CheckSegments(data.Span);

        var writer = new SampleWriter(d, header.Precision);
        try
        {
            var decoder = new JpegDecoder();
            decoder.SetInput(data);
            decoder.Identify();
            decoder.SetOutputWriter(writer);
            decoder.Decode();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or DicomException))
        {
            throw PixelErrors.Corrupt("The JPEG codestream is damaged", e);
        }

        writer.Samples.CopyTo(samples);
    }

    // JpegLibrary does not come back from a Huffman table without codes, and trusts what follows the first scan.
    private static void CheckSegments(ReadOnlySpan<byte> data)
    {
        var scans = 0;
        var at = 2;
        while (at < data.Length)
        {
            var marker = JpegHeader.NextMarker(data, ref at);
            if (marker == 0xD9)
            {
                return;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                continue;
            }

            var length = at + 2 <= data.Length ? BinaryPrimitives.ReadUInt16BigEndian(data[at..]) : 0;
            if (length < 2 || at + length > data.Length)
            {
                throw PixelErrors.Corrupt("A marker segment is longer than the codestream");
            }

            if (marker == 0xC4)
            {
                HuffmanTable.CheckSegment(data.Slice(at + 2, length - 2));
            }

            at += length;
            if (marker == 0xDA)
            {
                if (++scans > MaxScans)
                {
                    throw PixelErrors.Unsupported("The codestream has more scans than any encoder writes", DicomTags.PixelData);
                }

                at = EndOfScan(data, at);
            }
        }
    }

    // Entropy-coded bytes end at a marker that is neither a stuffed FF nor a restart.
    private static int EndOfScan(ReadOnlySpan<byte> data, int at)
    {
        while (true)
        {
            var next = data[at..].IndexOf((byte)0xFF);
            if (next < 0 || at + next + 1 >= data.Length)
            {
                return data.Length;
            }

            at += next;
            if (data[at + 1] is not (0 or 0xFF or (>= 0xD0 and <= 0xD7)))
            {
                return at;
            }

            at += data[at + 1] == 0xFF ? 1 : 2;
        }
    }

    /// <summary>Puts blocks of 8×8 in their place; those at the right and lower edge reach beyond the image.</summary>
    private sealed class SampleWriter(PixelDescription d, int precision) : JpegBlockOutputWriter
    {
        private const int Side = 8;

        public byte[] Samples { get; } = new byte[d.FrameBytes];

        public override void WriteBlock(ref short blockRef, int componentIndex, int x, int y)
        {
            if (componentIndex >= d.SamplesPerPixel)
            {
                return;
            }

            var (columns, rows) = (Math.Min(Side, d.Columns - x), Math.Min(Side, d.Rows - y));
            var max = (1 << precision) - 1;
            for (var row = 0; row < rows; row++)
            {
                var sample = ((((y + row) * d.Columns) + x) * d.SamplesPerPixel) + componentIndex;
                for (var column = 0; column < columns; column++, sample += d.SamplesPerPixel)
                {
                    var value = Math.Clamp(Unsafe.Add(ref blockRef, (row * Side) + column), 0, max);
                    if (d.BytesPerSample == 1)
                    {
                        Samples[sample] = (byte)value;
                    }
                    else
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(Samples.AsSpan(sample * d.BytesPerSample), (ushort)value);
                    }
                }
            }
        }
    }
}
