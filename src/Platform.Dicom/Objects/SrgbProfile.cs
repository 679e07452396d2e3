using System.Buffers.Binary;
using System.Text;

namespace Platform.Dicom.Objects;

/// <summary>An ICC input profile of sRGB (ICC.1:2010, version 4.3; IEC 61966-2-1), as PS3.3 §C.11.15 asks for where pixels are in colour.</summary>
internal static class SrgbProfile
{
    private const int HeaderBytes = 128;

    /// <summary>A matrix and a curve.</summary>
    public static ReadOnlyMemory<byte> Bytes { get; } = Make();

    private static byte[] Make()
    {
        // Primaries and white adapted to D50 by Bradford's matrix, which stands in chad.
        var curve = Type("para", [0, 3, 0, 0, .. Numbers(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]);
        (string Signature, byte[] Data)[] tags =
        [
            ("desc", Text("sRGB IEC61966-2.1")),
            ("cprt", Text("Public domain")),
            ("wtpt", Type("XYZ ", Numbers(0.9642, 1, 0.8249))),
            ("chad", Type("sf32", Numbers(1.0478112, 0.0228866, -0.0501270, 0.0295424, 0.9904844, -0.0170491, -0.0092345, 0.0150436, 0.7521316))),
            ("rXYZ", Type("XYZ ", Numbers(0.4360747, 0.2225045, 0.0139322))),
            ("gXYZ", Type("XYZ ", Numbers(0.3850649, 0.7168786, 0.0971045))),
            ("bXYZ", Type("XYZ ", Numbers(0.1430804, 0.0606169, 0.7141733))),
            ("rTRC", curve),
            ("gTRC", curve),
            ("bTRC", curve),
        ];

        var table = new List<byte>(BigEndian(tags.Length));
        var data = new List<byte>();
        var start = HeaderBytes + 4 + (12 * tags.Length);
        foreach (var (signature, bytes) in tags)
        {
            table.AddRange([.. Encoding.ASCII.GetBytes(signature), .. BigEndian(start + data.Count), .. BigEndian(bytes.Length)]);
            data.AddRange([.. bytes, .. new byte[-bytes.Length & 3]]); // each begins at a multiple of four
        }

        return [.. Header(start + data.Count), .. table, .. data];
    }

    private static byte[] Header(int size)
    {
        var header = new byte[HeaderBytes];
        BigEndian(size).CopyTo(header, 0);
        BigEndian(0x04300000).CopyTo(header, 8);
        "scnrRGB XYZ "u8.CopyTo(header.AsSpan(12)); // an input device; from RGB to the connection space XYZ
        new byte[] { 0x07, 0xEA, 0, 1, 0, 1 }.CopyTo(header, 24); // 2026-01-01
        "acsp"u8.CopyTo(header.AsSpan(36));
        Numbers(0.9642, 1, 0.8249).CopyTo(header, 68); // the connection space's illuminant, D50
        return header;
    }

    private static byte[] Text(string text) =>
        Type("mluc", [.. BigEndian(1), .. BigEndian(12), .. "enUS"u8, .. BigEndian(2 * text.Length), .. BigEndian(28), .. Encoding.BigEndianUnicode.GetBytes(text)]);

    private static byte[] Type(string signature, byte[] data) => [.. Encoding.ASCII.GetBytes(signature), 0, 0, 0, 0, .. data];

    // s15Fixed16Number.
    private static byte[] Numbers(params double[] values) => [.. values.SelectMany(v => BigEndian((int)Math.Round(v * 65536)))];

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
