namespace Platform.Local.Sample;

/// <summary>
/// The sample study's anatomy: a hippocampus in MR as formulas, free of any patient's data. A port of the sample phantom of the
/// hippocampus-volume package (its <c>phantom.py</c> explains every formula); voxels agree up to rounding.
/// Lengths in mm, LPS from the centre of the volume; l is the lateral coordinate of a left hippocampus.
/// </summary>
internal static class Phantom
{
    public const int Columns = 44;
    public const int Rows = 60;
    public const int Slices = 33;
    public const double ColumnSpacingMm = 0.9;
    public const double RowSpacingMm = 0.9;
    public const double SliceSpacingMm = 1.2;

    private const int Links = 64;
    private const ulong Seed = 7;
    private const double Length = 33;
    private const double Bow = 29;
    private const double Rise = 12;
    private const double Curl = 5;
    private const double Width = 6.6;
    private const double Height = 3.9;
    private const double Sheet = 2.5;
    private const double Phase = 0.6;
    private const double Horn = 0.8;
    private const double Grey = 480;
    private const double Cortex = 470;
    private const double White = 780;
    private const double Fluid = 130;
    private const double Texture = 0.05;
    private const double BiasX = 0.06;
    private const double BiasY = -0.05;
    private const double BiasZ = 0.04;
    private const double Noise = 22;

    private static readonly Ellipsoid[] Hippocampus = Chain();
    private static readonly Ellipsoid Amygdala = new(-1, -16, 7, 9, 8, 7);

    /// <summary>Whole numbers of the scanner's unit in order slice, row, column (x fastest).</summary>
    public static float[] Voxels()
    {
        var voxels = new float[Columns * Rows * Slices];
        Parallel.For(0, Slices, k =>
        {
            for (var j = 0; j < Rows; j++)
            {
                for (var i = 0; i < Columns; i++)
                {
                    var index = i + (Columns * (j + (Rows * k)));
                    voxels[index] = (float)Math.Round(
                        Voxel(
                            (i - ((Columns - 1) / 2.0)) * ColumnSpacingMm,
                            (j - ((Rows - 1) / 2.0)) * RowSpacingMm,
                            (k - ((Slices - 1) / 2.0)) * SliceSpacingMm,
                            (ulong)index),
                        MidpointRounding.ToEven);
                }
            }
        });
        return voxels;
    }

    private static double Voxel(double l, double y, double z, ulong index)
    {
        var value = Tissue(l, y, z);
        value *= 1 + (Texture * ValueNoise(Seed + 1, l / 4, y / 4, z / 4));
        value *= Math.Exp(((BiasX * l) + (BiasY * y) + (BiasZ * z)) / 25);

        // Rician: the magnitude of a complex signal with normal noise on both parts.
        var radius = Noise * Math.Sqrt(-2 * Math.Log(Uniform(Seed, 2 * index)));
        var angle = 2 * Math.PI * Uniform(Seed, (2 * index) + 1);
        return double.Hypot(value + (radius * Math.Cos(angle)), radius * Math.Sin(angle));
    }

    private static double Tissue(double l, double y, double z)
    {
        var value = White;
        void Paint(double distance, double tissue)
        {
            var fraction = Math.Clamp(0.5 - distance, 0, 1);
            value = (value * (1 - fraction)) + (fraction * tissue);
        }

        var floor = AxisHeight(Math.Clamp(((y - 1) / Length) + 0.5, 0, 1)) - Height;
        var depth = floor - z + (1.5 * Math.Sin((l / 5) + Phase)) + Math.Sin((y / 6) + (2 * Phase));
        Paint(Math.Max(Sheet - depth, depth - Sheet - 7), Cortex);
        Paint(Math.Max(Sheet + 3 - depth, depth - Sheet - 4), Fluid);
        var cistern = -13.5 + (1.5 * Math.Sin((y / 7) + Phase));
        Paint(l - cistern, Fluid);
        Paint(l - cistern + 3.5, White);
        Paint(Amygdala.Distance(l, y, z), Cortex);
        Paint(ChainDistance(l - 1.2, y, z - 1.8) + ((1 - Horn) * 2), Fluid);
        Paint(ChainDistance(l, y, z), Grey);
        return value;
    }

    private static double AxisHeight(double u) => -6.5 + (Rise * u) + (Curl * u * u * u * u);

    private static Ellipsoid[] Chain()
    {
        var chain = new Ellipsoid[Links];
        for (var n = 0; n < Links; n++)
        {
            var u = n / (double)(Links - 1);
            var bulge = Math.Exp(-Math.Pow((u - 0.2) / 0.17, 2));
            var taper = Math.Min(1, 0.55 + (0.45 * u / 0.12)) * Math.Min(1, 0.6 + (0.4 * (1 - u) / 0.15));
            chain[n] = new Ellipsoid(
                3 - (Bow * (u - 0.5) * (u - 0.5)) + (2.6 * (u - 0.5)),
                (Length * (u - 0.5)) + 1,
                AxisHeight(u),
                Width * (1 + (0.42 * bulge)) * taper,
                4,
                Height * (1 + (0.32 * bulge)) * taper);
        }

        return chain;
    }

    private static double ChainDistance(double l, double y, double z)
    {
        var distance = double.PositiveInfinity;
        foreach (var link in Hippocampus)
        {
            distance = Math.Min(distance, link.Distance(l, y, z));
        }

        return distance;
    }

    /// <summary>Trilinear between random values at whole coordinates.</summary>
    private static double ValueNoise(ulong seed, double x, double y, double z)
    {
        var (a, b, c) = (Math.Floor(x), Math.Floor(y), Math.Floor(z));
        var (fx, fy, fz) = (x - a, y - b, z - c);
        var total = 0.0;
        for (var corner = 0; corner < 8; corner++)
        {
            var (dx, dy, dz) = (corner & 1, (corner >> 1) & 1, (corner >> 2) & 1);
            var weight = (dx == 1 ? fx : 1 - fx) * (dy == 1 ? fy : 1 - fy) * (dz == 1 ? fz : 1 - fz);
            var index = (long)a + dx + 1000 + (4096 * ((long)b + dy + 1000 + (4096 * ((long)c + dz + 1000))));
            total += weight * ((2 * Uniform(seed, (ulong)index)) - 1);
        }

        return total;
    }

    /// <summary>The n-th number of SplitMix64's stream from a seed, in (0, 1).</summary>
    internal static double Uniform(ulong seed, ulong n)
    {
        unchecked
        {
            var z = seed + ((n + 1) * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            return ((z >> 11) + 0.5) / (1L << 53);
        }
    }

    private readonly record struct Ellipsoid(double L, double Y, double Z, double RadiusL, double RadiusY, double RadiusZ)
    {
        /// <summary>Signed distance, approximately; negative inside.</summary>
        public double Distance(double l, double y, double z)
        {
            var (a, b, c) = ((l - L) / RadiusL, (y - Y) / RadiusY, (z - Z) / RadiusZ);
            var inner = Math.Sqrt((a * a) + (b * b) + (c * c));
            var (d, e, f) = (a / RadiusL, b / RadiusY, c / RadiusZ);
            return inner * (inner - 1) / Math.Max(Math.Sqrt((d * d) + (e * e) + (f * f)), 1e-9);
        }
    }
}
