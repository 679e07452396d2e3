namespace Platform.Inference.Engine;

/// <summary>Connected components of a label volume [z, y, x], found by the runs of its rows: what has no label costs a look.</summary>
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

        var sizes = numbered.Sizes;
        var largest = sizes.IndexOf(sizes.Max());
        var removed = Enumerable.Range(0, sizes.Count).Count(i => !IsKept(i));
        if (removed == 0)
        {
            return 0;
        }

        for (var i = 0; i < numbered.Runs.Length; i++)
        {
            if (!IsKept(numbered.Component[i] - 1))
            {
                labels.Slice(numbered.Runs[i].Start, numbered.Runs[i].Length).Clear();
            }
        }

        return removed;

        bool IsKept(int component) => sizes[component] >= minimumVoxels && (!keepLargest || component == largest);
    }

    /// <summary>The components of a label, numbered from 1 in scan order; null when no voxel has it.</summary>
    internal static Numbered? Number(ReadOnlySpan<byte> labels, int[] shape, byte label, int connectivity)
    {
        var (runs, firsts) = RunsOf(labels, shape, label);
        if (runs.Length == 0)
        {
            return null;
        }

        // Rows before a row that its voxels touch, as (slices back, rows on); voxels beside each other touch too, if corners count.
        var reach = connectivity == 26 ? 1 : 0;
        (int Z, int Y)[] before = connectivity == 26 ? [(0, -1), (-1, -1), (-1, 0), (-1, 1)] : [(0, -1), (-1, 0)];
        var parents = new int[runs.Length];
        for (var i = 0; i < parents.Length; i++)
        {
            parents[i] = i;
        }

        for (var z = 0; z < shape[0]; z++)
        {
            for (var y = 0; y < shape[1]; y++)
            {
                var row = (z * shape[1]) + y;
                if (firsts[row] == firsts[row + 1])
                {
                    continue;
                }

                foreach (var (dz, dy) in before)
                {
                    if (z + dz >= 0 && y + dy >= 0 && y + dy < shape[1])
                    {
                        Join(row, row + (dz * shape[1]) + dy);
                    }
                }
            }
        }

        return Numbered.Of(runs, parents);

        void Join(int row, int other)
        {
            // Positions in the other row are moved into this one.
            var (a, b, shift) = (firsts[row], firsts[other], (row - other) * shape[2]);
            while (a < firsts[row + 1] && b < firsts[other + 1])
            {
                var (start, end) = (runs[a].Start, runs[a].Start + runs[a].Length);
                var (otherStart, otherEnd) = (runs[b].Start + shift, runs[b].Start + runs[b].Length + shift);
                if (start < otherEnd + reach && otherStart < end + reach)
                {
                    Unite(parents, a, b);
                }

                if (end < otherEnd)
                {
                    a++;
                }
                else
                {
                    b++;
                }
            }
        }
    }

    /// <summary>The runs of a label in scan order, and for each row [z, y] the first run that is not before it.</summary>
    private static (Run[] Runs, int[] Firsts) RunsOf(ReadOnlySpan<byte> labels, int[] shape, byte label)
    {
        var (rows, width) = (shape[0] * shape[1], shape[2]);
        var runs = new List<Run>();
        var firsts = new int[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            firsts[row] = runs.Count;
            var (start, end) = (row * width, (row + 1) * width);
            while (start < end)
            {
                var first = labels[start..end].IndexOf(label);
                if (first < 0)
                {
                    break;
                }

                start += first;
                var length = labels[start..end].IndexOfAnyExcept(label);
                length = length < 0 ? end - start : length;
                runs.Add(new(start, length));
                start += length;
            }
        }

        firsts[rows] = runs.Count;
        return ([.. runs], firsts);
    }

    /// <summary>The first run of a component stands for it.</summary>
    private static void Unite(int[] parents, int a, int b)
    {
        (a, b) = (First(parents, a), First(parents, b));
        parents[Math.Max(a, b)] = Math.Min(a, b);
    }

    private static int First(int[] parents, int run)
    {
        while (parents[run] != run)
        {
            run = parents[run] = parents[parents[run]];
        }

        return run;
    }

    /// <summary>Neighbouring voxels of one row: where they begin in the volume, and how many they are.</summary>
    internal readonly record struct Run(int Start, int Length);

    /// <summary>The runs in scan order, the component (from 1) of each, and the components' sizes in voxels.</summary>
    internal sealed record Numbered(Run[] Runs, int[] Component, List<int> Sizes)
    {
        public static Numbered Of(Run[] runs, int[] parents)
        {
            var (component, sizes) = (new int[runs.Length], new List<int>());
            for (var i = 0; i < runs.Length; i++)
            {
                var first = First(parents, i);
                if (first == i)
                {
                    sizes.Add(0);
                    component[i] = sizes.Count;
                }
                else
                {
                    component[i] = component[first];
                }

                sizes[component[i] - 1] += runs[i].Length;
            }

            return new(runs, component, sizes);
        }
    }
}
