using Platform.Dicom.Volumes;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>Size and place of the voxels that have one of some labels.</summary>
/// <param name="Voxels">How many.</param>
/// <param name="VolumeMm3">Voxels × volume of a voxel.</param>
/// <param name="CentreMm">Centre of mass, LPS mm.</param>
/// <param name="MinimumMm">Least corner of the axis-aligned box around the voxels (their edges, not their centres), LPS mm.</param>
/// <param name="MaximumMm">Greatest corner.</param>
public sealed record RegionMeasure(long Voxels, double VolumeMm3, Vector3D CentreMm, Vector3D MinimumMm, Vector3D MaximumMm)
{
    /// <summary>Diameter in mm of the sphere of a volume in mm³.</summary>
    public static double DiameterOf(double volumeMm3) => Math.Cbrt(6 * volumeMm3 / Math.PI);

    /// <summary>Measures on a grid; null when no voxel has one of the labels.</summary>
    /// <param name="wanted">Labels other than 0.</param>
    public static RegionMeasure? Of(ReadOnlySpan<byte> labels, Grid grid, ReadOnlySpan<byte> wanted) => new RegionSums(labels, grid).Of(wanted);
}

/// <summary>What a volume [z, y, x] holds of each label but 0, found in one pass: any labels can be measured together after it.</summary>
internal sealed class RegionSums
{
    private readonly Sums?[] each = new Sums?[256];
    private readonly Grid grid;

    public RegionSums(ReadOnlySpan<byte> labels, Grid grid)
    {
        this.grid = grid;
        for (var z = 0; z < grid.Depth; z++)
        {
            for (var y = 0; y < grid.Height; y++)
            {
                AddRow(labels.Slice(((z * grid.Height) + y) * grid.Width, grid.Width), y, z);
            }
        }
    }

    /// <summary>The voxels that have one of these labels; null when none has.</summary>
    public RegionMeasure? Of(ReadOnlySpan<byte> wanted)
    {
        var all = new Sums();
        for (var i = 0; i < wanted.Length; i++)
        {
            // A label that is named twice counts once.
            if (each[wanted[i]] is { } sums && !wanted[..i].Contains(wanted[i]))
            {
                all.Add(sums);
            }
        }

        if (all.Count == 0)
        {
            return null;
        }

        var half = HalfVoxel(grid.Affine);
        return new(
            all.Count,
            all.Count * grid.VoxelVolumeMm3,
            grid.Affine.ToPatient(all.X / (double)all.Count, all.Y / (double)all.Count, all.Z / (double)all.Count),
            all.Minimum - half,
            all.Maximum + half);
    }

    private void AddRow(ReadOnlySpan<byte> row, int y, int z)
    {
        for (var x = row.IndexOfAnyExcept((byte)0); x >= 0;)
        {
            var label = row[x];
            var length = row[x..].IndexOfAnyExcept(label);
            length = length < 0 ? row.Length - x : length;

            // Along a row the extremes lie at its ends.
            (each[label] ??= new Sums()).AddRun(x, length, y, z, grid.Affine.ToPatient(x, y, z), grid.Affine.ToPatient(x + length - 1, y, z));
            var next = row[(x + length)..].IndexOfAnyExcept((byte)0);
            x = next < 0 ? -1 : x + length + next;
        }
    }

    private static Vector3D HalfVoxel(Affine affine)
    {
        var (a, b, c) = (affine.ColumnStep, affine.RowStep, affine.SliceStep);
        return new(
            (Math.Abs(a.X) + Math.Abs(b.X) + Math.Abs(c.X)) / 2,
            (Math.Abs(a.Y) + Math.Abs(b.Y) + Math.Abs(c.Y)) / 2,
            (Math.Abs(a.Z) + Math.Abs(b.Z) + Math.Abs(c.Z)) / 2);
    }

    /// <summary>Voxels, the sums of their indices, and the box around their centres.</summary>
    private sealed class Sums
    {
        public long Count { get; private set; }

        public long X { get; private set; }

        public long Y { get; private set; }

        public long Z { get; private set; }

        public Vector3D Minimum { get; private set; } = new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);

        public Vector3D Maximum { get; private set; } = new(double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity);

        public void AddRun(long x, long length, long y, long z, Vector3D first, Vector3D last)
        {
            Count += length;
            X += ((2 * x) + length - 1) * length / 2;
            Y += y * length;
            Z += z * length;
            Extend(first, first);
            Extend(last, last);
        }

        public void Add(Sums other)
        {
            (Count, X, Y, Z) = (Count + other.Count, X + other.X, Y + other.Y, Z + other.Z);
            Extend(other.Minimum, other.Maximum);
        }

        private void Extend(Vector3D low, Vector3D high)
        {
            Minimum = new(Math.Min(Minimum.X, low.X), Math.Min(Minimum.Y, low.Y), Math.Min(Minimum.Z, low.Z));
            Maximum = new(Math.Max(Maximum.X, high.X), Math.Max(Maximum.Y, high.Y), Math.Max(Maximum.Z, high.Z));
        }
    }
}
