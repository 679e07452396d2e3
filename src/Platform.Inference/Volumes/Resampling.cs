namespace Platform.Inference.Volumes;

/// <summary>Brings a volume onto another grid.</summary>
public static class Resampling
{
    // Rounding of affines is a thousand times less; what is more is a rotation or a shift, and is computed as one.
    private const double ExactTolerance = 1e-8;

    // Less than this over the whole length is rounding of the direction cosines in a header: voxels halfway between two labels
    // then all go the same way.
    private const double LabelTolerance = 1e-3;

    /// <summary>Values of the source on the target's grid. Where both have the same centres they come out unchanged, bit for bit.</summary>
    /// <param name="threads">Slices, or blocks of them, computed at once; the result does not depend on it.</param>
    public static Volume To(Grid target, Volume source, Interpolation interpolation, int threads, CancellationToken ct)
    {
        var result = new Volume(target, GC.AllocateUninitializedArray<float>(target.Length));
        Into(result, source, interpolation, threads, ct);
        return result;
    }

    /// <summary>As <see cref="To"/>, into voxels that are there.</summary>
    public static void Into(Volume result, Volume source, Interpolation interpolation, int threads, CancellationToken ct)
    {
        var target = result.Grid;
        var map = new GridMap(target, source.Grid, ExactTolerance);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct };
        switch (interpolation, map.Axes)
        {
            case (Interpolation.Nearest, not null):
                NearestResampling.Aligned(source.Voxels, source.Grid, map, result.Voxels, target, continues: true, parallel);
                break;
            case (Interpolation.Nearest, null):
                NearestResampling.Oblique(source.Voxels, source.Grid, map, result.Voxels, target, continues: true, parallel);
                break;
            case (Interpolation.Linear, not null):
                LinearResampling.Aligned(source, map, result, parallel);
                break;
            case (Interpolation.Linear, null):
                LinearResampling.Oblique(source, map, result, parallel);
                break;
            case (_, not null):
                CubicResampling.Aligned(source, map, result, parallel);
                break;
            default:
                CubicResampling.Oblique(source, map, result, parallel);
                break;
        }
    }

    /// <summary>Nearest label of another grid for each voxel of the target; 0 outside the labelled grid.</summary>
    public static byte[] Labels(byte[] labels, Grid from, Grid target, int threads, CancellationToken ct)
    {
        var map = new GridMap(target, from, LabelTolerance);
        var result = new byte[target.Length];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct };
        if (map.Axes is null)
        {
            NearestResampling.Oblique(labels, from, map, result, target, continues: false, parallel);
        }
        else
        {
            NearestResampling.Aligned(labels, from, map, result, target, continues: false, parallel);
        }

        return result;
    }
}
