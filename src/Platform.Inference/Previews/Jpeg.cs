using SkiaSharp;

namespace Platform.Inference.Previews;

/// <summary>JPEGs of display values. The native encoder is loaded in the compute child only.</summary>
internal static class Jpeg
{
    /// <param name="quality">1 to 100.</param>
    public static byte[] Encode(Picture picture, int quality)
    {
        var isGrey = picture.Channels == 1;
        var info = new SKImageInfo(
            picture.Columns, picture.Rows, isGrey ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var memory = SKData.CreateCopy(isGrey ? picture.Pixels : WithPadding(picture.Pixels));
        using var pixmap = new SKPixmap(info, memory.Data, info.RowBytes);
        using var data = pixmap.Encode(
            new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore))
            ?? throw new InvalidOperationException("The JPEG encoder refused the picture.");
        return data.ToArray();
    }

    // Four bytes a pixel, the last of which says nothing.
    private static byte[] WithPadding(byte[] rgb)
    {
        var padded = new byte[rgb.Length / 3 * 4];
        for (int i = 0, o = 0; i < rgb.Length; i += 3, o += 4)
        {
            padded[o] = rgb[i];
            padded[o + 1] = rgb[i + 1];
            padded[o + 2] = rgb[i + 2];
            padded[o + 3] = 255;
        }

        return padded;
    }
}
