namespace Platform.UnitTests.Dicom.Deidentification;

/// <summary>A line of twelve letters as a device draws them.</summary>
public static class DrawnText
{
    public const int Rows = 64;
    public const int Columns = 128;

    /// <summary>"H", "T" and "L", five columns and seven rows each.</summary>
    private static readonly string[][] Letters =
    [
        ["#...#", "#...#", "#####", "#...#", "#...#", "#...#", "#...#"],
        ["#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."],
        ["#....", "#....", "#....", "#....", "#....", "#....", "#####"],
    ];

    /// <summary>Whether there is ink at this pixel of <see cref="Rows"/> by <see cref="Columns"/>.</summary>
    public static bool IsInk(int x, int y)
    {
        var (letter, column, row) = ((x - 10) / 7, (x - 10) % 7, y - 20);
        return x >= 10 && letter < 12 && column < 5 && row is >= 0 and < 7 && Letters[letter % 3][row][column] == '#';
    }

    /// <summary>A frame of one byte a pixel.</summary>
    public static byte[] Draw(byte ground, byte ink) =>
        [.. Enumerable.Range(0, Rows * Columns).Select(i => IsInk(i % Columns, i / Columns) ? ink : ground)];

    /// <summary>A frame of two bytes a pixel, little endian: soft tissue, and letters over it if wanted.</summary>
    public static byte[] Words(bool withLetters) =>
    [
        .. Enumerable.Range(0, Rows * Columns)
            .Select(i => withLetters && IsInk(i % Columns, i / Columns) ? 4095 : 1000 + ((i * 7919) % 23))
            .SelectMany(value => new[] { (byte)value, (byte)(value >> 8) }),
    ];
}
