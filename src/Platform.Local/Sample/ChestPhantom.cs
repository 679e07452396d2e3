using System.Numerics;

namespace Platform.Local.Sample;

/// <summary>
/// The second sample's anatomy: a chest in CT as formulas, free of any patient's data, with three nodules of known size.
/// Lengths in mm, LPS from the centre of the volume (x to the left, y to the back, z to the head); values in Hounsfield units.
/// </summary>
internal static class ChestPhantom
{
    public const int Columns = 256;
    public const int Rows = 256;
    public const int Slices = 60;
    public const double PixelSpacingMm = 1.4;
    public const double SliceSpacingMm = 4;

    // A slice is the mean of thinner planes: what a scanner's slice thickness does to small things.
    private const int PlanesPerSlice = 2;
    private const ulong Seed = 11;
    private const double NoiseHu = 14;
    private const float Air = -1000;
    private const float Lung = -855;
    private const float Fat = -100;
    private const float Muscle = 48;
    private const float Blood = 42;
    private const float Bone = 450;
    private const float Marrow = 190;
    private const float HalfWidth = 126;
    private const float HalfDepth = 92;
    private const float Top = 108;

    private static readonly Vector3 HeartCentre = new(22, -32, -52);
    private static readonly Vector3 HeartRadii = new(58, 45, 48);

    /// <summary>Where the nodules lie, and their diameters in mm.</summary>
    public static IReadOnlyList<(Vector3 Centre, float DiameterMm)> Nodules { get; } =
    [
        (new(-78, 22, 22), 26),
        (new(70, 30, -24), 16),
        (new(-58, -38, 52), 11),
    ];

    /// <summary>Whole Hounsfield units in order slice, row, column (x fastest).</summary>
    public static float[] Voxels()
    {
        var shapes = Shapes();
        var voxels = new float[Columns * Rows * Slices];
        Parallel.For(0, Slices, k =>
        {
            var slice = voxels.AsSpan(k * Columns * Rows, Columns * Rows);
            var plane = new float[Columns * Rows];
            for (var n = 0; n < PlanesPerSlice; n++)
            {
                var z = (k - ((Slices - 1) / 2.0) + ((n + 0.5) / PlanesPerSlice) - 0.5) * SliceSpacingMm;
                Draw(plane, (float)z, shapes);
                for (var i = 0; i < slice.Length; i++)
                {
                    slice[i] += plane[i] / PlanesPerSlice;
                }
            }

            for (var i = 0; i < slice.Length; i++)
            {
                var index = (ulong)((k * Columns * Rows) + i);
                var radius = NoiseHu * Math.Sqrt(-2 * Math.Log(Phantom.Uniform(Seed, 2 * index)));
                var noise = radius * Math.Cos(2 * Math.PI * Phantom.Uniform(Seed, (2 * index) + 1));
                slice[i] = (float)Math.Round(Math.Clamp(slice[i] + noise, -1024, 3071), MidpointRounding.ToEven);
            }
        });
        return voxels;
    }

    private static float At(int index, int count) => (float)((index - ((count - 1) / 2.0)) * PixelSpacingMm);

    private static void Draw(float[] plane, float z, List<Capsule> shapes)
    {
        for (var j = 0; j < Rows; j++)
        {
            for (var i = 0; i < Columns; i++)
            {
                plane[(j * Columns) + i] = Organs(new Vector3(At(i, Columns), At(j, Rows), z));
            }
        }

        foreach (var shape in shapes)
        {
            shape.Draw(plane, z);
        }

        foreach (var (centre, diameter) in Nodules)
        {
            new Capsule(centre, centre, diameter / 2, diameter / 2, 35, 35).Draw(plane, z);
        }
    }

    private static float Organs(Vector3 p)
    {
        var body = Ellipse(p, HalfWidth + 38, HalfDepth + 34);
        var value = Mix(Air, Fat, body);
        value = Mix(value, 30, Math.Max(body, -body - 2.5f)); // skin
        value = Mix(value, Muscle, Ellipse(p, HalfWidth + 20, HalfDepth + 18));
        value = Mix(value, Lung + (0.35f * p.Y) + (12 * MathF.Sin((p.X / 7) + (p.Z / 5)) * MathF.Sin(p.Y / 6)), LungDistance(p));
        value = Mix(value, Blood, Ellipsoid(p - HeartCentre, HeartRadii) + 5);
        return value;
    }

    /// <summary>Signed distance to the lungs' surface, approximately; negative inside.</summary>
    private static float LungDistance(Vector3 p)
    {
        var t = Math.Clamp(p.Z / Top, 0, 1);
        var narrow = MathF.Sqrt(Math.Max(1 - (t * t), 0.01f));
        var cage = Math.Max(Ellipse(p, HalfWidth * narrow, HalfDepth * MathF.Sqrt(Math.Max(1 - (0.7f * t * t), 0.01f))), p.Z - Top);
        var slab = MathF.Abs(p.X - 2) - 24 + (p.Y < 0 ? -0.16f * p.Y : 0);
        var spine = MathF.Sqrt((p.X * p.X) + ((p.Y - 74) * (p.Y - 74))) - 25;
        var middle = Math.Min(Math.Min(slab, spine), Ellipsoid(p - HeartCentre, HeartRadii));
        var side = p.X < 0 ? -68f : 68f;
        var (across, along) = ((p.X - side) / 82, (p.Y + 14) / 78);
        var dome = (p.X < 0 ? -62f : -72f) + (38 * (1 - (across * across) - (along * along))) - (0.22f * Math.Max(p.Y, 0));
        return Math.Max(Math.Max(cage, -middle), 0.8f * (dome - p.Z));
    }

    private static float Ellipse(Vector3 p, float a, float b) =>
        (MathF.Sqrt((p.X / a * (p.X / a)) + (p.Y / b * (p.Y / b))) - 1) * Math.Min(a, b);

    private static float Ellipsoid(Vector3 p, Vector3 radii) => ((p / radii).Length() - 1) * Math.Min(radii.X, Math.Min(radii.Y, radii.Z));

    private static float Mix(float value, float tissue, float distance) =>
        value + (Math.Clamp(0.5f - (distance / (float)PixelSpacingMm), 0, 1) * (tissue - value));

    /// <summary>Bones, great vessels, airways and the vessels of the lungs, in the order in which they are drawn.</summary>
    private static List<Capsule> Shapes()
    {
        var shapes = new List<Capsule>
        {
            new(new(24, 48, -140), new(24, 46, 40), 12, 12, Blood, Blood),
            new(new(24, 46, 40), new(4, -18, 58), 12, 13, Blood, Blood),
            new(new(4, -18, 58), new(6, -24, -10), 14, 15, Blood, Blood),
        };
        var random = new Stream(Seed + 1);
        foreach (var side in (ReadOnlySpan<int>)[-1, 1])
        {
            foreach (var direction in (ReadOnlySpan<Vector3>)[new(0.5f, -0.1f, 0.9f), new(0.9f, -0.5f, 0.1f), new(0.4f, 0.4f, -0.9f), new(0.8f, 0.5f, 0.1f)])
            {
                var start = new Vector3(side * 30, 12, 4);
                Grow(shapes, random, start, Vector3.Normalize(direction * new Vector3(side, 1, 1)), 4.2f, 0);
            }
        }

        Tube(shapes, new(0, 10, 140), new(2, 14, 24), 8);
        Tube(shapes, new(2, 14, 24), new(-32, 14, 2), 5.5f);
        Tube(shapes, new(2, 14, 24), new(34, 14, 0), 5.5f);
        for (var level = -6; level <= 5; level++)
        {
            var z = level * 26f;
            shapes.Add(new(new(0, 82, z - 8), new(0, 82, z + 8), 15, 15, Bone, Marrow));
            shapes.Add(new(new(0, 104, z), new(0, 122, z - 10), 4, 3, Bone, Marrow));
        }

        for (var rib = 0; rib < 10; rib++)
        {
            Rib(shapes, Top - 6 - (rib * 25f), rib < 7 ? 2.9f : 2f);
        }

        shapes.Add(new(new(0, -HalfDepth - 9, -50), new(0, -HalfDepth - 3, 70), 7, 7, Bone, Marrow));
        return shapes;
    }

    private static void Tube(List<Capsule> shapes, Vector3 from, Vector3 to, float radius)
    {
        shapes.Add(new(from, to, radius + 1.6f, radius + 1.6f, 20, 20));
        shapes.Add(new(from, to, radius, radius, -985, -985));
    }

    private static void Rib(List<Capsule> shapes, float start, float lastAngle)
    {
        foreach (var side in (ReadOnlySpan<int>)[-1, 1])
        {
            Vector3? before = null;
            for (var angle = 0.15f; angle <= lastAngle; angle += 0.12f)
            {
                var z = start - (24 * angle);
                var t = Math.Clamp(z / Top, 0, 1);
                var p = new Vector3(
                    side * ((HalfWidth * MathF.Sqrt(Math.Max(1 - (t * t), 0.01f))) + 6) * MathF.Sin(angle),
                    ((HalfDepth * MathF.Sqrt(Math.Max(1 - (0.7f * t * t), 0.01f))) + 6) * MathF.Cos(angle),
                    z);
                if (before is { } from)
                {
                    shapes.Add(new(from, p, 4, 4, Bone, Marrow));
                }

                before = p;
            }
        }
    }

    /// <summary>A vessel and its branches, thinner and thinner, as far as the lung reaches.</summary>
    private static void Grow(List<Capsule> shapes, Stream random, Vector3 start, Vector3 direction, float radius, int depth)
    {
        var bend = Vector3.Normalize(direction + (0.3f * random.Direction()));
        var end = start + (bend * (8 + (radius * 3.2f)));
        if (depth > 1 && LungDistance(end) > -3)
        {
            return;
        }

        var thin = radius * 0.93f;
        shapes.Add(new(start, end, radius, thin, Blood, Blood));
        if (thin < 0.6f || depth > 10)
        {
            return;
        }

        var across = Vector3.Normalize(Vector3.Cross(bend, random.Direction()));
        Grow(shapes, random, end, Vector3.Normalize(bend + (0.3f * across)), thin * 0.86f, depth + 1);
        Grow(shapes, random, end, Vector3.Normalize(bend - (0.75f * across)), thin * 0.66f, depth + 1);
    }

    /// <summary>A rod with round ends whose thickness changes along it; its rim may be of another density than its core.</summary>
    private readonly record struct Capsule(Vector3 From, Vector3 To, float StartRadius, float EndRadius, float Rim, float Core)
    {
        public void Draw(float[] plane, float z)
        {
            var reach = Math.Max(StartRadius, EndRadius) + (float)PixelSpacingMm;
            if (z < Math.Min(From.Z, To.Z) - reach || z > Math.Max(From.Z, To.Z) + reach)
            {
                return;
            }

            var (firstX, lastX) = Pixels(Math.Min(From.X, To.X) - reach, Math.Max(From.X, To.X) + reach, Columns);
            var (firstY, lastY) = Pixels(Math.Min(From.Y, To.Y) - reach, Math.Max(From.Y, To.Y) + reach, Rows);
            var axis = To - From;
            var length = Math.Max(axis.LengthSquared(), 1e-6f);

            // What is thinner than a pixel fills only a part of it.
            var share = Math.Min(1, Math.Max(StartRadius, EndRadius) / (0.6f * (float)PixelSpacingMm));
            for (var j = firstY; j <= lastY; j++)
            {
                for (var i = firstX; i <= lastX; i++)
                {
                    var p = new Vector3(At(i, Columns), At(j, Rows), z) - From;
                    var t = Math.Clamp(Vector3.Dot(p, axis) / length, 0, 1);
                    var distance = (p - (t * axis)).Length() - (StartRadius + (t * (EndRadius - StartRadius)));
                    var cover = Math.Clamp(0.5f - (distance / (float)PixelSpacingMm), 0, 1) * share;
                    ref var value = ref plane[(j * Columns) + i];
                    value += cover * ((distance < -1.8f ? Core : Rim) - value);
                }
            }
        }

        private static (int First, int Last) Pixels(float from, float to, int count) =>
            (Math.Max(0, (int)Math.Ceiling((from / PixelSpacingMm) + ((count - 1) / 2.0))),
             Math.Min(count - 1, (int)Math.Floor((to / PixelSpacingMm) + ((count - 1) / 2.0))));
    }

    /// <summary>Random numbers one after the other, the same each time.</summary>
    private sealed class Stream(ulong seed)
    {
        private ulong next;

        public Vector3 Direction()
        {
            var height = (float)((2 * Phantom.Uniform(seed, next++)) - 1);
            var angle = (float)(2 * Math.PI * Phantom.Uniform(seed, next++));
            var width = MathF.Sqrt(1 - (height * height));
            return new(width * MathF.Cos(angle), width * MathF.Sin(angle), height);
        }
    }
}
