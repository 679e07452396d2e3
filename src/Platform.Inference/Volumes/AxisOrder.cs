namespace Platform.Inference.Volumes;

/// <summary>Brings the axes of a volume into another order.</summary>
internal static class AxisOrder
{
    private const int Tile = 32;

    /// <summary>The source with its axes in the target's order, so that rows of both run along each other; a copy only when they do not.</summary>
    /// <param name="axes">For x, y, z of the result the axis of the source (0 x, 1 y, 2 z).</param>
    /// <returns>Voxels, and how many there are along x, y and z.</returns>
    public static (float[] Voxels, int[] Counts) Aligned(Volume source, int[] axes)
    {
        var grid = source.Grid;
        int[] sizes = [grid.Width, grid.Height, grid.Depth];
        if (axes is [0, 1, 2])
        {
            return (source.Voxels, sizes);
        }

        int[] strides = [1, grid.Width, grid.Width * grid.Height];
        var counts = axes.Select(axis => sizes[axis]).ToArray();
        var from = axes.Select(axis => strides[axis]).ToArray();
        int[] to = [1, counts[0], counts[0] * counts[1]];
        var voxels = GC.AllocateUninitializedArray<float>(source.Voxels.Length);

        // Tiles of the axis that is contiguous in the result by the one that is in the source: both stay in the cache.
        var (u, v) = (0, Array.IndexOf(axes, 0));
        v = v == u ? 1 : v;
        var w = 3 - u - v;
        for (var c = 0; c < counts[w]; c++)
        {
            for (var b0 = 0; b0 < counts[v]; b0 += Tile)
            {
                for (var a0 = 0; a0 < counts[u]; a0 += Tile)
                {
                    for (var b = b0; b < Math.Min(b0 + Tile, counts[v]); b++)
                    {
                        var read = (c * from[w]) + (b * from[v]) + (a0 * from[u]);
                        var write = (c * to[w]) + (b * to[v]) + a0;
                        for (var a = a0; a < Math.Min(a0 + Tile, counts[u]); a++, read += from[u])
                        {
                            voxels[write++] = source.Voxels[read];
                        }
                    }
                }
            }
        }

        return (voxels, counts);
    }
}
