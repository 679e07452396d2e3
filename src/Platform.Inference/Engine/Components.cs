namespace Platform.Inference.Engine;

/// <summary>Connected components of a label volume [z, y, x].</summary>
public static class Components
{
    /// <summary>Sets to 0 what is too small, and, with <paramref name="keepLargest"/>, all but the largest component of a label.</summary>
    /// <param name="shape">Sides z, y, x.</param>
    /// <param name="connectivity">26 (faces, edges, corners) or 6 (faces).</param>
    /// <param name="minimumVoxels">Components of fewer voxels go.</param>
    /// <returns>Components that were removed. Of two equally large ones the first in scan order is kept.</returns>
    public static int Filter(Span<byte> labels, int[] shape, byte label, int connectivity, bool keepLargest, int minimumVoxels)
    {
        if (Number(labels, shape, label, connectivity) is not { } numbered)
        {
            return 0;
        }

        var (box, ids, sizes) = (numbered.Box, numbered.Ids, numbered.Sizes);
        var (ny, nx) = (box.Height + 2, box.Width + 2);
        var largest = sizes.IndexOf(sizes.Max());
        var removed = Enumerable.Range(0, sizes.Count).Count(i => !IsKept(i));
        if (removed == 0)
        {
            return 0;
        }

        for (var z = 0; z < box.Depth; z++)
        {
            for (var y = 0; y < box.Height; y++)
            {
                var row = labels.Slice(((((box.Z + z) * shape[1]) + box.Y + y) * shape[2]) + box.X, box.Width);
                var from = ((((z + 1) * ny) + y + 1) * nx) + 1;
                for (var x = 0; x < row.Length; x++)
                {
                    if (ids[from + x] > 0 && !IsKept(ids[from + x] - 1))
                    {
                        row[x] = 0;
                    }
                }
            }
        }

        return removed;

        bool IsKept(int component) => sizes[component] >= minimumVoxels && (!keepLargest || component == largest);
    }

    /// <summary>The components of a label, numbered from 1 in scan order; null when no voxel has it.</summary>
    internal static Numbered? Number(ReadOnlySpan<byte> labels, int[] shape, byte label, int connectivity)
    {
        var box = Box.Of(labels, shape, label);
        if (box.IsEmpty)
        {
            return null;
        }

        // A margin of one voxel around the box spares every neighbour its bounds check.
        var (nz, ny, nx) = (box.Depth + 2, box.Height + 2, box.Width + 2);
        var ids = new int[checked(nz * ny * nx)];
        for (var z = 0; z < box.Depth; z++)
        {
            for (var y = 0; y < box.Height; y++)
            {
                var row = labels.Slice(((((box.Z + z) * shape[1]) + box.Y + y) * shape[2]) + box.X, box.Width);
                var to = ((((z + 1) * ny) + y + 1) * nx) + 1;
                for (var x = 0; x < row.Length; x++)
                {
                    ids[to + x] = row[x] == label ? -1 : 0;
                }
            }
        }

        return new Numbered(box, ids, Flood(ids, Neighbours(ny, nx, connectivity)));
    }

    /// <summary>Numbers the components from 1 where <paramref name="ids"/> is -1; returns their sizes.</summary>
    private static List<int> Flood(int[] ids, int[] neighbours)
    {
        var sizes = new List<int>();
        var stack = new Stack<int>();
        for (var start = 0; start < ids.Length; start++)
        {
            if (ids[start] != -1)
            {
                continue;
            }

            var id = sizes.Count + 1;
            var size = 0;
            ids[start] = id;
            stack.Push(start);
            while (stack.TryPop(out var at))
            {
                size++;
                foreach (var offset in neighbours)
                {
                    if (ids[at + offset] == -1)
                    {
                        ids[at + offset] = id;
                        stack.Push(at + offset);
                    }
                }
            }

            sizes.Add(size);
        }

        return sizes;
    }

    private static int[] Neighbours(int ny, int nx, int connectivity) =>
    [
        .. from z in Enumerable.Range(-1, 3)
           from y in Enumerable.Range(-1, 3)
           from x in Enumerable.Range(-1, 3)
           let distance = Math.Abs(z) + Math.Abs(y) + Math.Abs(x)
           where distance > 0 && (connectivity == 26 || distance == 1)
           select (((z * ny) + y) * nx) + x,
    ];

    /// <summary>The number of each voxel's component in a box that has a margin of one voxel all around, and the components' sizes.</summary>
    internal sealed record Numbered(Box Box, int[] Ids, List<int> Sizes)
    {
        /// <summary>The numbers of one row of the box.</summary>
        public ReadOnlySpan<int> Row(int z, int y) =>
            Ids.AsSpan(((((z + 1) * (Box.Height + 2)) + y + 1) * (Box.Width + 2)) + 1, Box.Width);
    }

    /// <summary>The smallest box that holds a label.</summary>
    internal readonly record struct Box(int Z, int Y, int X, int Depth, int Height, int Width)
    {
        public bool IsEmpty => Depth == 0;

        /// <summary>Where a row of the box begins in a volume of the shape.</summary>
        public int RowIn(int[] shape, int z, int y) => ((((Z + z) * shape[1]) + Y + y) * shape[2]) + X;

        public static Box Of(ReadOnlySpan<byte> labels, int[] shape, byte label)
        {
            var (z0, y0, x0, z1, y1, x1) = (int.MaxValue, int.MaxValue, int.MaxValue, -1, -1, -1);
            for (var z = 0; z < shape[0]; z++)
            {
                for (var y = 0; y < shape[1]; y++)
                {
                    var row = labels.Slice(((z * shape[1]) + y) * shape[2], shape[2]);
                    var first = row.IndexOf(label);
                    if (first < 0)
                    {
                        continue;
                    }

                    (z0, z1) = (Math.Min(z0, z), z);
                    (y0, y1) = (Math.Min(y0, y), Math.Max(y1, y));
                    (x0, x1) = (Math.Min(x0, first), Math.Max(x1, row.LastIndexOf(label)));
                }
            }

            return z1 < 0 ? default : new(z0, y0, x0, z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1);
        }
    }
}
