using Platform.Contracts;

namespace Platform.Inference.Previews;

/// <summary>The sprite of small tiles: which images it shows and where each lies.</summary>
internal static class StripLayout
{
    public const int MostTiles = 32;
    public const int TileSize = 128;
    public const int TilesInRow = 8;

    /// <summary>What the sprite may weigh on a weak line.</summary>
    public const int MostBytes = 100_000;

    private static readonly int[] Qualities = [85, 75, 65, 50, 35, 20, 10];

    /// <summary>At most 32 of the images, evenly spaced, first and last among them.</summary>
    public static IReadOnlyList<int> Choose(int images) => images <= MostTiles
        ? [.. Enumerable.Range(0, images)]
        : [.. Enumerable.Range(0, MostTiles).Select(k => (int)Math.Round(k * (images - 1.0) / (MostTiles - 1)))];

    /// <summary>Puts tiles on black, each in the middle of its place; colour when one of them is.</summary>
    public static Picture Compose(IReadOnlyList<Picture> tiles)
    {
        var columns = Math.Min(tiles.Count, TilesInRow) * TileSize;
        var rows = (tiles.Count + TilesInRow - 1) / TilesInRow * TileSize;
        var channels = tiles.Max(t => t.Channels);
        var pixels = new byte[rows * columns * channels];
        for (var k = 0; k < tiles.Count; k++)
        {
            var tile = tiles[k];
            var top = (k / TilesInRow * TileSize) + ((TileSize - tile.Rows) / 2);
            var left = (k % TilesInRow * TileSize) + ((TileSize - tile.Columns) / 2);
            for (var y = 0; y < tile.Rows; y++)
            {
                var source = tile.Pixels.AsSpan(y * tile.Columns * tile.Channels, tile.Columns * tile.Channels);
                var target = pixels.AsSpan((((top + y) * columns) + left) * channels, tile.Columns * channels);
                for (var i = 0; i < target.Length; i++)
                {
                    target[i] = source[tile.Channels == channels ? i : i / channels];
                }
            }
        }

        return new Picture(rows, columns, channels, pixels);
    }

    /// <summary>The sprite as JPEG, at the best quality that keeps to its weight.</summary>
    public static byte[] Encode(Picture sprite)
    {
        byte[] jpeg = [];
        foreach (var quality in Qualities)
        {
            jpeg = Jpeg.Encode(sprite, quality);
            if (jpeg.Length <= MostBytes)
            {
                break;
            }
        }

        return jpeg;
    }

    public static PreviewStrip Describe(IReadOnlyList<int> images) => new(TileSize, TileSize, TilesInRow, images);
}
