namespace Platform.Dicom.Objects;

/// <summary>Colours as DICOM writes them: PCS-values of CIELab in 16 bits (PS3.3 §C.10.7.1.1).</summary>
internal static class CieLab
{
    // Distinct to common kinds of colour blindness, and on grey images.
    private static readonly (byte, byte, byte)[] Palette =
    [
        (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    ];

    /// <summary>The recommended colour of a segment that names none.</summary>
    public static (byte Red, byte Green, byte Blue) OfSegment(int number) => Palette[(number - 1) % Palette.Length];

    /// <summary>L* 0..100 as 0..65535; a*, b* -128..127 as 0..65535; from sRGB, white point D50.</summary>
    public static (int L, int A, int B) FromRgb(byte red, byte green, byte blue)
    {
        var (r, g, b) = (Linear(red), Linear(green), Linear(blue));

        // sRGB to XYZ, Bradford-adapted to D50, divided by that white.
        var x = F(((0.4360747 * r) + (0.3850649 * g) + (0.1430804 * b)) / 0.9642200);
        var y = F((0.2225045 * r) + (0.7168786 * g) + (0.0606169 * b));
        var z = F(((0.0139322 * r) + (0.0971045 * g) + (0.7141733 * b)) / 0.8252100);
        return (
            Word((116 * y) - 16, 0, 100),
            Word(500 * (x - y), -128, 127),
            Word(200 * (y - z), -128, 127));
    }

    /// <summary>sRGB of the 16-bit values.</summary>
    public static (byte Red, byte Green, byte Blue) ToRgb(int l, int a, int b)
    {
        var y = ((l / 655.35) + 16) / 116;
        var x = y + (((a / 257.0) - 128) / 500);
        var z = y - (((b / 257.0) - 128) / 200);
        var (cx, cy, cz) = (G(x) * 0.9642200, G(y), G(z) * 0.8252100);
        return (
            Gamma((3.1338561 * cx) - (1.6168667 * cy) - (0.4906146 * cz)),
            Gamma((-0.9787684 * cx) + (1.9161415 * cy) + (0.0334540 * cz)),
            Gamma((0.0719453 * cx) - (0.2289914 * cy) + (1.4052427 * cz)));
    }

    private static double Linear(byte value)
    {
        var v = value / 255.0;
        return v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
    }

    private static byte Gamma(double v)
    {
        var encoded = v <= 0.0031308 ? 12.92 * v : (1.055 * Math.Pow(v, 1 / 2.4)) - 0.055;
        return (byte)Math.Clamp(Math.Round(encoded * 255), 0, 255);
    }

    private static double F(double t) => t > 216.0 / 24389 ? Math.Cbrt(t) : ((24389.0 / 27 * t) + 16) / 116;

    private static double G(double f) => f > 6.0 / 29 ? f * f * f : ((116 * f) - 16) / (24389.0 / 27);

    private static int Word(double value, double min, double max) =>
        (int)Math.Clamp(Math.Round((value - min) / (max - min) * 65535), 0, 65535);
}
