namespace Platform.Inference.Volumes;

/// <summary>Each voxel takes the value of the nearest one of another grid.</summary>
internal static class NearestResampling
{
    private const int Outside = -1;

    /// <summary>Along parallel axes: one look-up for each axis.</summary>
    /// <param name="target">New where outside takes the default: what has that is not written.</param>
    /// <param name="continues">Outside takes the outermost value; else the default.</param>
    public static void Aligned<T>(T[] source, Grid from, GridMap map, T[] target, Grid to, bool continues, ParallelOptions parallel)
        where T : struct, IEquatable<T>
    {
        // Labels are mostly 0, and a source row that is so gives a target row that is: looked for many at a time.
        var isSparse = !continues && map.Axes![0] == 0;
        int[] counts = [from.Width, from.Height, from.Depth];
        int[] strides = [1, from.Width, from.Width * from.Height];
        var (xs, ys, zs) = (Offsets(0, to.Width), Offsets(1, to.Height), Offsets(2, to.Depth));
        Parallel.For(0, to.Depth, parallel, k =>
        {
            for (var j = 0; j < to.Height; j++)
            {
                var row = target.AsSpan(((k * to.Height) + j) * to.Width, to.Width);
                if (zs[k] == Outside || ys[j] == Outside)
                {
                    continue;
                }

                var start = zs[k] + ys[j];
                if (isSparse && !source.AsSpan(start, from.Width).ContainsAnyExcept(default(T)))
                {
                    continue;
                }

                for (var i = 0; i < row.Length; i++)
                {
                    row[i] = xs[i] == Outside ? default : source[start + xs[i]];
                }
            }
        });

        int[] Offsets(int axis, int count)
        {
            var along = map.Axes![axis];
            return
            [
                .. map.Positions(axis, count).Select(position =>
                {
                    var index = Index(position);
                    return continues || (uint)index < (uint)counts[along] ? Math.Clamp(index, 0, counts[along] - 1) * strides[along] : Outside;
                }),
            ];
        }
    }

    /// <summary>Along axes of any direction.</summary>
    /// <param name="continues">Outside takes the outermost value; else the default.</param>
    public static void Oblique<T>(T[] source, Grid from, GridMap map, T[] target, Grid to, bool continues, ParallelOptions parallel)
        where T : struct =>
        Parallel.For(0, to.Depth, parallel, k =>
        {
            for (var j = 0; j < to.Height; j++)
            {
                var start = map.Origin + (map.Step(1) * j) + (map.Step(2) * k);
                var row = target.AsSpan(((k * to.Height) + j) * to.Width, to.Width);
                for (var i = 0; i < row.Length; i++)
                {
                    var p = start + (map.Step(0) * i);
                    var (x, y, z) = (Index(p.X), Index(p.Y), Index(p.Z));
                    if (continues)
                    {
                        (x, y, z) = (Math.Clamp(x, 0, from.Width - 1), Math.Clamp(y, 0, from.Height - 1), Math.Clamp(z, 0, from.Depth - 1));
                    }

                    var isInside = (uint)x < (uint)from.Width && (uint)y < (uint)from.Height && (uint)z < (uint)from.Depth;
                    row[i] = isInside ? source[(((z * from.Height) + y) * from.Width) + x] : default;
                }
            }
        });

    // The hair's breadth keeps points halfway between two voxels on one side, whatever the rounding of the affine.
    private static int Index(double position) => (int)Math.Floor(position + 0.5 + 1e-7);
}
