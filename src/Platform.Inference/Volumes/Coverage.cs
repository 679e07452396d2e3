namespace Platform.Inference.Volumes;

/// <summary>Which voxels of a grid lie within another.</summary>
/// <param name="Rows">For each row [z, y] the voxels x that do: from, and to, which is not one of them.</param>
/// <param name="Count">Voxels that do.</param>
internal sealed record Coverage((int From, int To)[] Rows, long Count)
{
    // Of a voxel: what lies on the other grid's edge lies within.
    private const double EdgeTolerance = 1e-4;

    /// <summary>The target's voxels whose centres lie within a voxel of the source.</summary>
    public static Coverage Of(Grid target, Grid source)
    {
        var map = new GridMap(target, source, tolerance: 0);
        var rows = new (int From, int To)[target.Depth * target.Height];
        var count = 0L;
        for (var z = 0; z < target.Depth; z++)
        {
            for (var y = 0; y < target.Height; y++)
            {
                var start = map.Origin + (map.Step(1) * y) + (map.Step(2) * z);
                var step = map.Step(0);
                var row = Within(Within(Within((0, target.Width), start.X, step.X, source.Width), start.Y, step.Y, source.Height), start.Z, step.Z, source.Depth);
                rows[(z * target.Height) + y] = row;
                count += row.To - row.From;
            }
        }

        return new(rows, count);
    }

    /// <summary>Those of a range at which start + x · step lies on an axis of so many voxels.</summary>
    private static (int From, int To) Within((int From, int To) range, double start, double step, int length)
    {
        var (low, high) = (-0.5 - EdgeTolerance - start, length - 0.5 + EdgeTolerance - start);
        if (Math.Abs(step) < 1e-12)
        {
            return low <= 0 && high >= 0 ? range : (range.From, range.From);
        }

        var (first, last) = step > 0 ? (low / step, high / step) : (high / step, low / step);
        var from = (int)Math.Clamp(Math.Ceiling(first), range.From, range.To);
        var to = (int)Math.Clamp(Math.Floor(last) + 1, from, range.To);
        return (from, to);
    }
}
