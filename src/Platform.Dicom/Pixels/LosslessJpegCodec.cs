using System.Buffers.Binary;

namespace Platform.Dicom.Pixels;

/// <summary>
/// Lossless JPEG, process 14 (ISO/IEC 10918-1 §H): Huffman-coded differences, all seven predictors, 2 to 16 bits, point transform,
/// restart intervals of whole lines, components in one scan or in one each.
/// </summary>
internal static class LosslessJpegCodec
{
    /// <summary>Decodes one frame into interleaved samples.</summary>
    public static void Decode(ReadOnlySpan<byte> data, PixelDescription d, Span<byte> samples)
    {
        var header = JpegHeader.Parse(data);
        if (header.StartOfFrame != JpegHeader.Lossless)
        {
            throw PixelErrors.Corrupt("The codestream is not lossless JPEG");
        }

        header.Check(d);
        var tables = new HuffmanTable?[4];
        var restartInterval = 0;
        var decoded = 0;
        var at = 2;
        while (decoded < header.Components.Length)
        {
            var marker = JpegHeader.NextMarker(data, ref at);
            if (marker == 0xD9)
            {
                throw PixelErrors.Corrupt("The codestream ends before all its components");
            }

            var length = at + 2 <= data.Length ? BinaryPrimitives.ReadUInt16BigEndian(data[at..]) : 0;
            if (length < 2 || at + length > data.Length)
            {
                throw PixelErrors.Corrupt("A marker segment is longer than the codestream");
            }

            var segment = data.Slice(at + 2, length - 2);
            at += length;
            switch (marker)
            {
                case 0xC4:
                    HuffmanTable.ReadSegment(segment, tables);
                    break;
                case 0xDD when segment.Length >= 2:
                    restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                    break;
                case 0xDA:
                    var scan = Scan.Parse(segment, header, tables, restartInterval);
                    at = scan.Decode(data, at, d, samples);
                    decoded += scan.ComponentCount;
                    break;
                default:
                    break;
            }
        }
    }

    private sealed record Scan(JpegHeader Header, int[] Components, HuffmanTable[] Tables, int Predictor, int PointTransform, int RestartLines)
    {
        public int ComponentCount => Components.Length;

        public static Scan Parse(ReadOnlySpan<byte> segment, JpegHeader header, HuffmanTable?[] tables, int restartInterval)
        {
            var count = segment.Length > 0 ? segment[0] : 0;
            if (count is < 1 or > 4 || segment.Length < 4 + (2 * count))
            {
                throw PixelErrors.Corrupt("A scan header is cut off");
            }

            var components = new int[count];
            var chosen = new HuffmanTable[count];
            for (var i = 0; i < count; i++)
            {
                var (id, table) = (segment[1 + (2 * i)], segment[2 + (2 * i)] >> 4);
                components[i] = Array.FindIndex(header.Components, c => c.Id == id);
                if (components[i] < 0 || table > 3 || tables[table] is not { } huffman)
                {
                    throw PixelErrors.Corrupt("A scan names a component or a table that is not there");
                }

                chosen[i] = huffman;
            }

            // With one component the factors mean nothing; with several, subsampling would change the order of the samples.
            if (header.Components.Length > 1 && header.Components.Any(c => c.Horizontal != 1 || c.Vertical != 1))
            {
                throw PixelErrors.Unsupported("Lossless JPEG with subsampled components is not decoded", DicomTags.PixelData);
            }

            var rest = segment[(1 + (2 * count))..];
            var (predictor, transform) = (rest[0], rest[2] & 15);
            if (predictor is < 1 or > 7 || transform >= header.Precision)
            {
                throw PixelErrors.Corrupt("A scan has no predictor of 1 to 7, or transforms all bits away");
            }

            if (restartInterval % header.Columns != 0)
            {
                throw PixelErrors.Unsupported("A restart interval that is not whole lines is not decoded", DicomTags.PixelData);
            }

            return new(header, components, chosen, predictor, transform, restartInterval / header.Columns);
        }

        /// <summary>Decodes the scan's lines; the offset of the marker behind it.</summary>
        public int Decode(ReadOnlySpan<byte> data, int start, PixelDescription d, Span<byte> samples)
        {
            var reader = new EntropyReader(data, start);
            var (columns, count) = (Header.Columns, Components.Length);
            var above = new int[columns * count];
            var line = new int[columns * count];
            var isFirst = true;
            for (var row = 0; row < Header.Rows; row++)
            {
                if (row > 0 && RestartLines > 0 && row % RestartLines == 0)
                {
                    if (reader.IsOverrun || reader.Restart() != ((row / RestartLines) - 1) % 8)
                    {
                        throw PixelErrors.Corrupt("A restart marker is missing from the codestream");
                    }

                    isFirst = true;
                }

                DecodeLine(ref reader, line, above, isFirst);
                if (reader.IsOverrun)
                {
                    throw PixelErrors.Corrupt("The codestream ends before its last line");
                }

                Store(line, row, d, samples);
                (line, above) = (above, line);
                isFirst = false;
            }

            return reader.Position;
        }

        private void DecodeLine(ref EntropyReader reader, int[] line, int[] above, bool isFirst)
        {
            var count = Components.Length;
            for (var i = 0; i < line.Length; i++)
            {
                var predicted = i < count
                    ? isFirst ? 1 << (Header.Precision - PointTransform - 1) : above[i]
                    : isFirst ? line[i - count] : Predict(line[i - count], above[i], above[i - count]);
                line[i] = (predicted + Difference(ref reader, Tables[count == 1 ? 0 : i % count])) & 0xFFFF;
            }
        }

        // a is to the left, b above, c above to the left (Table H.1).
        private int Predict(int a, int b, int c) => Predictor switch
        {
            1 => a,
            2 => b,
            3 => c,
            4 => a + b - c,
            5 => a + ((b - c) >> 1),
            6 => b + ((a - c) >> 1),
            _ => (a + b) >> 1,
        };

        private static int Difference(ref EntropyReader reader, HuffmanTable table)
        {
            var category = table.Decode(ref reader);
            switch (category)
            {
                case 0:
                    return 0;
                case 16:
                    return 32768; // without further bits (§H.1.2.2)
                case > 16:
                    throw PixelErrors.Corrupt("The codestream has a difference of more than 16 bits");
                default:
                    var bits = reader.Take(category);
                    return bits < 1 << (category - 1) ? bits - (1 << category) + 1 : bits;
            }
        }

        private void Store(int[] line, int row, PixelDescription d, Span<byte> samples)
        {
            var (all, count) = (d.SamplesPerPixel, Components.Length);
            for (var i = 0; i < line.Length; i++)
            {
                var sample = (((row * Header.Columns) + (i / count)) * all) + Components[i % count];
                var value = line[i] << PointTransform;
                switch (d.BytesPerSample)
                {
                    case 1:
                        samples[sample] = (byte)value;
                        break;
                    case 2:
                        BinaryPrimitives.WriteUInt16LittleEndian(samples[(2 * sample)..], (ushort)value);
                        break;
                    default:
                        BinaryPrimitives.WriteInt32LittleEndian(samples[(4 * sample)..], value & 0xFFFF);
                        break;
                }
            }
        }
    }
}
