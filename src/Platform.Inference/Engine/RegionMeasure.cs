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
    public static RegionMeasure? Of(ReadOnlySpan<byte> labels, Grid grid, ReadOnlySpan<byte> wanted)
    {
        long count = 0, sumX = 0, sumY = 0, sumZ = 0;
        var infinity = double.PositiveInfinity;
        var (minimum, maximum) = (new Vector3D(infinity, infinity, infinity), new Vector3D(-infinity, -infinity, -infinity));
        for (var z = 0; z < grid.Depth; z++)
        {
            for (var y = 0; y < grid.Height; y++)
            {
                var row = labels.Slice(((z * grid.Height) + y) * grid.Width, grid.Width);
                var (first, last) = (row.IndexOfAny(wanted), row.LastIndexOfAny(wanted));
                if (first < 0)
                {
                    continue;
                }

                // Along a row the extremes lie at its ends.
                Extend(grid.Affine.ToPatient(first, y, z));
                Extend(grid.Affine.ToPatient(last, y, z));
                for (var x = first; x <= last; x++)
                {
                    if (wanted.Contains(row[x]))
                    {
                        count++;
                        sumX += x;
                        sumY += y;
                        sumZ += z;
                    }
                }
            }
        }

        if (count == 0)
        {
            return null;
        }

        var half = HalfVoxel(grid.Affine);
        return new(
            count,
            count * grid.VoxelVolumeMm3,
            grid.Affine.ToPatient(sumX / (double)count, sumY / (double)count, sumZ / (double)count),
            minimum - half,
            maximum + half);

        void Extend(Vector3D p)
        {
            minimum = new(Math.Min(minimum.X, p.X), Math.Min(minimum.Y, p.Y), Math.Min(minimum.Z, p.Z));
            maximum = new(Math.Max(maximum.X, p.X), Math.Max(maximum.Y, p.Y), Math.Max(maximum.Z, p.Z));
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
}
