namespace Platform.Inference.Engine;

/// <summary>The outlines of one label in one image: closed polygons along pixel edges, exact and always the same.</summary>
public static class MaskOutline
{
    // Steps of a line with the label on its right: 0 right, 1 down, 2 left, 3 up.
    private static readonly (int X, int Y)[] Steps = [(1, 0), (0, 1), (-1, 0), (0, -1)];

    /// <summary>
    /// Polygons around the pixels of a label, holes as polygons of their own; filled by the even-odd rule they are those pixels.
    /// Pixels that touch at a corner only are kept apart.
    /// </summary>
    /// <param name="labels">[row, column].</param>
    /// <returns>x (column), y (row) of each corner where a polygon turns; the outer corner of the first pixel is 0, 0.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Trace(ReadOnlySpan<byte> labels, int columns, byte label)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length % columns, 0);
        if (BoxOf(labels, columns, label) is not { } box)
        {
            return [];
        }

        var starts = EdgesFrom(labels, columns, label, box);
        var polygons = new List<IReadOnlyList<int>>();
        var width = box.Columns + 1;
        for (var corner = 0; corner < starts.Length; corner++)
        {
            // Row by row, the first edge met of a polygon runs to the right (around pixels) or down (around a hole).
            while (starts[corner] != 0)
            {
                polygons.Add(Follow(starts, width, corner, box));
            }
        }

        return polygons;
    }

    private static Box? BoxOf(ReadOnlySpan<byte> labels, int columns, byte label)
    {
        var (left, right, top, bottom) = (int.MaxValue, -1, -1, -1);
        for (var y = 0; y < labels.Length / columns; y++)
        {
            var row = labels.Slice(y * columns, columns);
            var first = row.IndexOf(label);
            if (first < 0)
            {
                continue;
            }

            left = Math.Min(left, first);
            right = Math.Max(right, row.LastIndexOf(label));
            top = top < 0 ? y : top;
            bottom = y;
        }

        return bottom < 0 ? null : new Box(left, top, right - left + 1, bottom - top + 1);
    }

    /// <summary>For each corner of the box's pixels the directions, as bits, in which an edge leaves it.</summary>
    private static byte[] EdgesFrom(ReadOnlySpan<byte> labels, int columns, byte label, Box box)
    {
        var width = box.Columns + 1;
        var starts = new byte[width * (box.Rows + 1)];
        for (var y = 0; y < box.Rows; y++)
        {
            var row = labels.Slice(((box.Top + y) * columns) + box.Left, box.Columns);
            var above = y == 0 ? default : labels.Slice(((box.Top + y - 1) * columns) + box.Left, box.Columns);
            var below = y == box.Rows - 1 ? default : labels.Slice(((box.Top + y + 1) * columns) + box.Left, box.Columns);
            for (var x = 0; x < row.Length; x++)
            {
                if (row[x] != label)
                {
                    continue;
                }

                var corner = (y * width) + x;
                Mark(above.IsEmpty || above[x] != label, corner, 0);
                Mark(x == row.Length - 1 || row[x + 1] != label, corner + 1, 1);
                Mark(below.IsEmpty || below[x] != label, corner + width + 1, 2);
                Mark(x == 0 || row[x - 1] != label, corner + width, 3);
            }
        }

        return starts;

        void Mark(bool isEdge, int corner, int direction)
        {
            if (isEdge)
            {
                starts[corner] |= (byte)(1 << direction);
            }
        }
    }

    /// <summary>Takes the edges of one polygon out of those that are left.</summary>
    private static List<int> Follow(byte[] starts, int width, int first, Box box)
    {
        var points = new List<int>();
        var (x, y) = (first % width, first / width);
        var start = System.Numerics.BitOperations.TrailingZeroCount(starts[first]);
        var direction = start;
        do
        {
            points.Add(box.Left + x);
            points.Add(box.Top + y);
            do
            {
                starts[(y * width) + x] &= (byte)~(1 << direction);
                (x, y) = (x + Steps[direction].X, y + Steps[direction].Y);
            }
            while ((starts[(y * width) + x] & (1 << direction)) != 0);

            // Turning right where it may keeps to the same pixel at a corner where two touch.
            var right = (direction + 1) & 3;
            direction = (starts[(y * width) + x] & (1 << right)) != 0 ? right : (direction + 3) & 3;
        }
        while ((starts[(y * width) + x] & (1 << direction)) != 0);

        return points;
    }

    private readonly record struct Box(int Left, int Top, int Columns, int Rows);
}
