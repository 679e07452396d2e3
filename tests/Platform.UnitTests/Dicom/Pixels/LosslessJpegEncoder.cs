using System.Numerics;

namespace Platform.UnitTests.Dicom.Pixels;

/// <summary>A lossless JPEG encoder for tests (ISO/IEC 10918-1 §H), written apart from the decoder.</summary>
internal sealed class LosslessJpegEncoder
{
    private readonly List<byte> _out = [];
    private ulong _bits;
    private int _count;

    public required int Rows { get; init; }

    public required int Columns { get; init; }

    public required int Precision { get; init; }

    public int Components { get; init; } = 1;

    public int Predictor { get; init; } = 1;

    public int PointTransform { get; init; }

    public int RestartLines { get; init; }

    public bool OneScanEach { get; init; }

    /// <summary>Encodes samples interleaved by pixel.</summary>
    public byte[] Encode(int[] samples)
    {
        _out.AddRange([0xFF, 0xD8]);
        Segment(0xC3, [(byte)Precision, .. Word(Rows), .. Word(Columns), (byte)Components,
            .. Enumerable.Range(1, Components).SelectMany(c => new byte[] { (byte)c, 0x11, 0 })]);

        // A code of each length 1 to 15 and two of 16: every way through the table is taken.
        Segment(0xC4, [0, .. Enumerable.Repeat((byte)1, 15), 2, .. Enumerable.Range(0, 17).Select(i => (byte)i)]);
        if (RestartLines > 0)
        {
            Segment(0xDD, Word(RestartLines * Columns));
        }

        var scans = OneScanEach ? Enumerable.Range(0, Components).Select(c => new[] { c }) : [[.. Enumerable.Range(0, Components)]];
        foreach (var scan in scans)
        {
            Segment(0xDA, [(byte)scan.Length, .. scan.SelectMany(c => new byte[] { (byte)(c + 1), 0 }),
                (byte)Predictor, 0, (byte)PointTransform]);
            Scan(samples, scan);
        }

        _out.AddRange([0xFF, 0xD9]);
        return [.. _out];
    }

    private static byte[] Word(int value) => [(byte)(value >> 8), (byte)value];

    private void Segment(byte marker, byte[] content) => _out.AddRange([0xFF, marker, .. Word(content.Length + 2), .. content]);

    private void Scan(int[] samples, int[] scan)
    {
        var firstLine = 0;
        for (var y = 0; y < Rows; y++)
        {
            if (RestartLines > 0 && y > 0 && y % RestartLines == 0)
            {
                Flush();
                _out.AddRange([0xFF, (byte)(0xD0 + (((y / RestartLines) - 1) % 8))]);
                firstLine = y;
            }

            for (var x = 0; x < Columns; x++)
            {
                foreach (var c in scan)
                {
                    Difference(At(x, y, c) - Prediction(x, y, c));
                }
            }
        }

        Flush();

        int At(int x, int y, int c) => samples[(((y * Columns) + x) * Components) + c] >> PointTransform;

        int Prediction(int x, int y, int c)
        {
            if (y == firstLine)
            {
                return x == 0 ? 1 << (Precision - PointTransform - 1) : At(x - 1, y, c);
            }

            if (x == 0)
            {
                return At(x, y - 1, c);
            }

            var (a, b, d) = (At(x - 1, y, c), At(x, y - 1, c), At(x - 1, y - 1, c));
            return Predictor switch
            {
                1 => a,
                2 => b,
                3 => d,
                4 => a + b - d,
                5 => a + ((b - d) >> 1),
                6 => b + ((a - d) >> 1),
                _ => (a + b) >> 1,
            };
        }
    }

    private void Difference(int difference)
    {
        var value = (short)difference; // modulo 65536
        var category = value == short.MinValue ? 16 : 32 - BitOperations.LeadingZeroCount((uint)Math.Abs((int)value));

        // Codes: ones, then a zero; of the last two lengths 16, one ends with 0 and one with 1.
        Put(category == 16 ? 0xFFFF : (1 << (category + 1)) - 2, Math.Min(category + 1, 16));
        if (category is > 0 and < 16)
        {
            Put(value < 0 ? value + (1 << category) - 1 : value, category);
        }
    }

    private void Put(int value, int bits)
    {
        _bits = (_bits << bits) | (uint)(value & ((1 << bits) - 1));
        _count += bits;
        while (_count >= 8)
        {
            var next = (byte)(_bits >> (_count - 8));
            _out.Add(next);
            if (next == 0xFF)
            {
                _out.Add(0);
            }

            _count -= 8;
        }
    }

    private void Flush()
    {
        if (_count > 0)
        {
            Put((1 << (8 - _count)) - 1, 8 - _count);
        }
    }
}
