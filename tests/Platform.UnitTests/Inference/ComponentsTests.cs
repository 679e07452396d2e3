using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference;

public class ComponentsTests
{
    private static readonly int[] Shape = [2, 3, 5];

    [Fact]
    public void Corners_connect_with_26_neighbours_and_not_with_6()
    {
        byte[] diagonal = [.. Rows("1....", ".1...", "....."), .. Rows(".....", ".....", "..1..")];

        var by26 = diagonal.ToArray();
        Assert.Equal(0, Components.Filter(by26, Shape, 1, 26, true, 0));
        Assert.Equal(diagonal, by26);

        var by6 = diagonal.ToArray();
        Assert.Equal(2, Components.Filter(by6, Shape, 1, 6, true, 0));
        Assert.Equal([.. Rows("1....", ".....", "....."), .. Rows(".....", ".....", ".....")], by6);
    }

    [Fact]
    public void Only_the_largest_of_one_label_stays_and_other_labels_are_left_alone()
    {
        byte[] labels = [.. Rows("1..11", "....1", "2...."), .. Rows("....1", ".....", "2.2..")];

        Assert.Equal(1, Components.Filter(labels, Shape, 1, 26, true, 0));

        Assert.Equal([.. Rows("...11", "....1", "2...."), .. Rows("....1", ".....", "2.2..")], labels);
    }

    [Fact]
    public void Small_parts_go_and_large_ones_stay()
    {
        byte[] labels = [.. Rows("11.1.", ".....", "111.."), .. Rows(".....", ".....", ".....")];

        Assert.Equal(2, Components.Filter(labels, Shape, 1, 26, false, 3));

        Assert.Equal([.. Rows(".....", ".....", "111.."), .. Rows(".....", ".....", ".....")], labels);
    }

    [Fact]
    public void A_label_that_is_absent_changes_nothing()
    {
        byte[] labels = [.. Rows("22...", ".....", "....."), .. Rows(".....", ".....", ".....")];
        Assert.Equal(0, Components.Filter(labels, Shape, 1, 26, true, 5));
    }

    private static IEnumerable<byte> Rows(params string[] rows) =>
        rows.SelectMany(row => row.Select(c => (byte)(c == '.' ? 0 : c - '0')));

    [Theory]
    [InlineData(26, 0.1)]
    [InlineData(26, 0.4)]
    [InlineData(6, 0.4)]
    [InlineData(6, 0.8)]
    public void Any_volume_has_the_components_that_a_flood_finds(int connectivity, double share)
    {
        var random = new Random(connectivity);
        for (var repetition = 0; repetition < 50; repetition++)
        {
            int[] shape = [random.Next(1, 7), random.Next(1, 9), random.Next(1, 40)];
            byte[] labels = [.. Enumerable.Range(0, shape[0] * shape[1] * shape[2]).Select(_ => (byte)(random.NextDouble() < share ? 2 : random.Next(2)))];

            var numbered = Components.Number(labels, shape, 2, connectivity);

            var ids = new int[labels.Length];
            for (var i = 0; i < numbered?.Runs.Length; i++)
            {
                ids.AsSpan(numbered.Runs[i].Start, numbered.Runs[i].Length).Fill(numbered.Component[i]);
            }

            var flooded = Flooded(labels, shape, 2, connectivity);
            Assert.Equal(flooded, ids);
            Assert.Equal(Enumerable.Range(1, flooded.Max()).Select(id => flooded.Count(f => f == id)), numbered?.Sizes ?? []);
        }
    }

    /// <summary>Components numbered from 1 in scan order, voxel by voxel.</summary>
    private static int[] Flooded(byte[] labels, int[] shape, byte label, int connectivity)
    {
        var (ids, count) = (new int[labels.Length], 0);
        for (var start = 0; start < labels.Length; start++)
        {
            if (labels[start] != label || ids[start] != 0)
            {
                continue;
            }

            var waiting = new Stack<int>([start]);
            ids[start] = ++count;
            while (waiting.TryPop(out var at))
            {
                var (z, y, x) = (at / shape[2] / shape[1], at / shape[2] % shape[1], at % shape[2]);
                foreach (var (dz, dy, dx) in from a in Enumerable.Range(-1, 3) from b in Enumerable.Range(-1, 3) from c in Enumerable.Range(-1, 3) select (a, b, c))
                {
                    var isInside = z + dz >= 0 && z + dz < shape[0] && y + dy >= 0 && y + dy < shape[1] && x + dx >= 0 && x + dx < shape[2];
                    var other = ((((z + dz) * shape[1]) + y + dy) * shape[2]) + x + dx;
                    if (isInside && (connectivity == 26 || Math.Abs(dz) + Math.Abs(dy) + Math.Abs(dx) == 1) && labels[other] == label && ids[other] == 0)
                    {
                        ids[other] = count;
                        waiting.Push(other);
                    }
                }
            }
        }

        return ids;
    }
}
