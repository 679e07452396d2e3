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
}
