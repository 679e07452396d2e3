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

        if (Scans(data.Span) > MaxScans)
        {
            throw PixelErrors.Unsupported("The codestream has more scans than any encoder writes", DicomTags.PixelData);
        }

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

    private static int Scans(ReadOnlySpan<byte> data)
    {
        var scans = 0;
        for (var at = data.IndexOf(StartOfScan); at >= 0; at = data.IndexOf(StartOfScan))
        {
            scans++;
            data = data[(at + 2)..];
        }

        return scans;
    }

    private static ReadOnlySpan<byte> StartOfScan => [0xFF, 0xDA];

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
