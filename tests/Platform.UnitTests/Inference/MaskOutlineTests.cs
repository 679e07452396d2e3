using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class MaskOutlineTests
{
    [Fact]
    public void One_pixel_is_a_square_around_it() =>
        Assert.Equal([2, 1, 3, 1, 3, 2, 2, 2], Assert.Single(MaskOutline.Trace(Mask(4, "....", "..#.", "...."), 4, 1)));

    [Fact]
    public void A_hole_is_a_polygon_of_its_own() => Assert.Equal(
        [[0, 0, 3, 0, 3, 3, 0, 3], [1, 1, 1, 2, 2, 2, 2, 1]],
        MaskOutline.Trace(Mask(3, "###", "#.#", "###"), 3, 1));

    [Fact]
    public void Pixels_that_touch_at_a_corner_are_two_polygons() => Assert.Equal(
        [[0, 0, 1, 0, 1, 1, 0, 1], [1, 1, 2, 1, 2, 2, 1, 2]],
        MaskOutline.Trace(Mask(2, "#.", ".#"), 2, 1));

    [Fact]
    public void Nothing_has_no_outline() => Assert.Empty(MaskOutline.Trace(new byte[12], 4, 1));

    [Fact]
    public void Filled_by_the_even_odd_rule_the_polygons_are_the_pixels_of_any_mask()
    {
        var random = new Random(20261122);
        for (var i = 0; i < 400; i++)
        {
            var (columns, rows) = (random.Next(1, 24), random.Next(1, 24));
            var (density, labels) = (random.NextDouble(), random.Next(1, 4));
            var mask = new byte[columns * rows];
            foreach (ref var voxel in mask.AsSpan())
            {
                voxel = random.NextDouble() < density ? (byte)random.Next(1, labels + 1) : (byte)0;
            }

            for (byte label = 1; label <= labels; label++)
            {
                var polygons = MaskOutline.Trace(mask, columns, label);
                var expected = mask.Select(v => v == label ? 1 : 0).ToArray();
                Assert.Equal(expected, Filled(polygons, columns, rows));

                // Around pixels one way and around holes the other: the signed areas add up too.
                Assert.Equal(expected.Sum(), polygons.Sum(TwiceTheArea) / 2);
                Assert.All(polygons, OnlyTurns);
            }
        }
    }

    [Fact]
    public void Outlines_name_the_image_and_frame_that_they_lie_on()
    {
        var geometry = SeriesGeometry.Read(Phantom.Headers([4, 2, 0])).Geometry!;
        var labels = new byte[geometry.VoxelCount];
        labels[(((1 * geometry.Rows) + 2) * geometry.Columns) + 3] = 2;

        var outlines = Outlines.Of(geometry, labels, [Segment(1, null), Segment(2, (255, 0, 16))]);

        Assert.Equal(["#e69f00", "#ff0010"], outlines.Segments.Select(s => s.Colour));
        var image = Assert.Single(outlines.Images);
        Assert.Equal((geometry.Planes[1].SopInstanceUid, 1), (image.SopInstanceUid, image.Frame));
        var path = Assert.Single(image.Paths);
        Assert.Equal(2, path.Segment);
        Assert.Equal([3, 2, 4, 2, 4, 3, 3, 3], path.Points);
    }

    private static Segment Segment(int number, (byte, byte, byte)? colour) =>
        new(number, $"Part {number}", new("1", "99T", "c"), new("2", "99T", "t"), "a") { Colour = colour };

    private static byte[] Mask(int columns, params string[] rows) =>
        [.. rows.SelectMany(row => row.PadRight(columns).Select(c => c == '#' ? (byte)1 : (byte)0))];

    /// <summary>Even-odd: a pixel's centre is inside when an odd number of upright edges lies to its left.</summary>
    private static int[] Filled(IReadOnlyList<IReadOnlyList<int>> polygons, int columns, int rows)
    {
        var inside = new int[columns * rows];
        foreach (var polygon in polygons)
        {
            for (var i = 0; i < polygon.Count; i += 2)
            {
                var (x, y, nextX, nextY) = (polygon[i], polygon[i + 1], polygon[(i + 2) % polygon.Count], polygon[(i + 3) % polygon.Count]);
                Assert.True(x == nextX != (y == nextY), "An edge runs along a row or a column.");
                for (var row = Math.Min(y, nextY); row < Math.Max(y, nextY); row++)
                {
                    for (var column = x; column < columns; column++)
                    {
                        inside[(row * columns) + column] ^= 1;
                    }
                }
            }
        }

        return inside;
    }

    private static int TwiceTheArea(IReadOnlyList<int> polygon)
    {
        var sum = 0;
        for (var i = 0; i < polygon.Count; i += 2)
        {
            sum += (polygon[i] * polygon[(i + 3) % polygon.Count]) - (polygon[(i + 2) % polygon.Count] * polygon[i + 1]);
        }

        return sum;
    }

    private static void OnlyTurns(IReadOnlyList<int> polygon)
    {
        for (var i = 0; i < polygon.Count; i += 2)
        {
            var (before, after) = ((i + polygon.Count - 2) % polygon.Count, (i + 2) % polygon.Count);
            Assert.NotEqual(polygon[before] == polygon[i], polygon[i] == polygon[after]);
        }
    }
}
