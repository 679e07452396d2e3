using System.Runtime.InteropServices;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.Inference.Previews;
using Xunit;

namespace Platform.UnitTests.Inference.Previews;

/// <summary>Pixels with known values, looked at before they are compressed.</summary>
public class FrameRenderingTests
{
    // Window 40/400 of PS3.3 §C.11.2.1.2.1: at or below -160 black, above 239 white, ((x - 39.5) / 399 + 0.5) * 255 between.
    [Theory]
    [InlineData("LINEAR", new short[] { -1000, -160, -159, 39, 40, 239, 240, 3000 }, new byte[] { 0, 0, 1, 127, 128, 255, 255, 255 })]
    [InlineData("LINEAR_EXACT", new short[] { -1000, -160, -159, 39, 40, 239, 240, 3000 }, new byte[] { 0, 0, 1, 127, 128, 254, 255, 255 })]
    [InlineData("SIGMOID", new short[] { -1000, -160, 40, 240, 3000 }, new byte[] { 0, 30, 128, 225, 255 })]
    public void The_first_window_maps_modality_values_to_grey(string function, short[] hounsfield, byte[] grey)
    {
        var image = Grey(hounsfield.Select(h => (short)(h + 1024)).ToArray());
        image.Set(DicomTags.RescaleSlope, 1.0);
        image.Set(DicomTags.RescaleIntercept, -1024.0);
        image.Set(DicomTags.WindowCenter, 40.0, 600.0);
        image.Set(DicomTags.WindowWidth, 400.0, 1600.0);
        image.Set(DicomTags.VOILUTFunction, function);

        var (picture, window) = Render(image);

        Assert.Equal(grey, picture.Pixels);
        Assert.Equal((40, 400), (window!.Centre, window.Width));
    }

    [Fact]
    public void A_lookup_table_goes_before_a_window()
    {
        var image = Grey([-5, 10, 11, 12, 13, 99]);
        image.Set(DicomTags.WindowCenter, 40.0);
        image.Set(DicomTags.WindowWidth, 400.0);
        var lut = new DicomDataset();
        lut.Set(DicomTags.LUTDescriptor, DicomVr.US, Words(4, 10, 12));
        lut.Set(DicomTags.LUTData, DicomVr.OW, Words(0, 4095, 1024, 2048));
        image.SetSequence(DicomTags.VOILUTSequence, lut);

        var (picture, window) = Render(image);

        Assert.Equal((byte[])[0, 0, 255, 64, 128, 128], picture.Pixels);
        Assert.True(window!.IsTable);
    }

    [Fact]
    public void The_smallest_value_of_monochrome1_is_white()
    {
        var image = Grey([0, 50, 100]);
        image.Set(DicomTags.PhotometricInterpretation, "MONOCHROME1");
        image.Set(DicomTags.WindowCenter, 50.0);
        image.Set(DicomTags.WindowWidth, 100.0);
        image.Set(DicomTags.VOILUTFunction, "LINEAR_EXACT");

        Assert.Equal((byte[])[255, 127, 0], Render(image).Picture.Pixels);
    }

    [Fact]
    public void Without_a_window_the_percentiles_are_black_and_white_and_padding_does_not_count()
    {
        // 0, 1, … 999 and as much padding: percentiles 10 and 989.
        var image = Grey([.. Enumerable.Range(0, 1000).Select(v => (short)v), .. Enumerable.Repeat((short)-2000, 1000)]);
        image.Set(DicomTags.PixelPaddingValue, DicomVr.SS, Words(unchecked((ushort)-2000)));

        var (picture, window) = Render(image);

        Assert.Equal((499.5, 979), (window!.Centre, window.Width));
        Assert.Equal((byte[])[0, 0, 128, 255, 0], new[] { 0, 10, 500, 989, 1500 }.Select(i => picture.Pixels[i]));
    }

    [Fact]
    public void An_image_of_one_value_is_black_and_windows_that_cannot_be_are_passed_over()
    {
        var image = Grey([7, 7, 7]);
        image.Set(DicomTags.WindowCenter, 40.0);
        image.Set(DicomTags.WindowWidth, 0.0);

        Assert.Equal((byte[])[0, 0, 0], Render(image).Picture.Pixels);
    }

    [Fact]
    public void Each_frame_of_an_enhanced_image_has_its_own_rescale_and_window()
    {
        var image = Grey([0, 100, 0, 100]);
        image.Set(DicomTags.Columns, 2L);
        image.Set(DicomTags.NumberOfFrames, 2L);
        image.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, Frame(1, 50, 100), Frame(2, 100, 400));

        Assert.Equal((byte[])[0, 255], Render(image, 0).Picture.Pixels);
        Assert.Equal((byte[])[64, 191], Render(image, 1).Picture.Pixels);

        static DicomDataset Frame(double slope, double centre, double width)
        {
            var (values, window, frame) = (new DicomDataset(), new DicomDataset(), new DicomDataset());
            values.Set(DicomTags.RescaleSlope, slope);
            values.Set(DicomTags.RescaleIntercept, 0.0);
            window.Set(DicomTags.WindowCenter, centre);
            window.Set(DicomTags.WindowWidth, width);
            window.Set(DicomTags.VOILUTFunction, "LINEAR_EXACT");
            frame.SetSequence(DicomTags.PixelValueTransformationSequence, values);
            frame.SetSequence(DicomTags.FrameVOILUTSequence, window);
            return frame;
        }
    }

    [Fact]
    public void Colour_stays_colour_and_has_no_window()
    {
        var image = new DicomDataset();
        Describe(image, 2, 8, "RGB");
        image.Set(DicomTags.SamplesPerPixel, 3L);
        image.Set(DicomTags.PlanarConfiguration, 1L);
        image.Set(DicomTags.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4, 5, 6 });

        var (picture, window) = Render(image);

        Assert.Equal((byte[])[1, 3, 5, 2, 4, 6], picture.Pixels);
        Assert.Null(window);
    }

    [Fact]
    public void A_palette_shows_its_colours_whether_plain_or_in_segments()
    {
        var (red, green, blue) = ("RedPaletteColorLookupTable", "GreenPaletteColorLookupTable", "BluePaletteColorLookupTable");
        var image = new DicomDataset();
        Describe(image, 3, 8, "PALETTE COLOR");
        image.Set(DicomTags.PixelData, DicomVr.OB, new byte[] { 0, 1, 2 });
        foreach (var name in new[] { red, green, blue })
        {
            image.Set(DicomTag.Parse($"{name}Descriptor"), DicomVr.US, Words(3, 0, 8));
        }

        image.Set(DicomTag.Parse($"{red}Data"), DicomVr.OW, new byte[] { 255, 0, 9, 0 });
        image.Set(DicomTag.Parse($"{green}Data"), DicomVr.OW, new byte[] { 0, 255, 8, 0 });
        image.Set(DicomTag.Parse($"Segmented{blue}Data"), DicomVr.OW, new byte[] { 0, 1, 10, 1, 2, 30 });

        var (picture, window) = Render(image);

        Assert.Equal((byte[])[255, 0, 10, 0, 255, 20, 9, 8, 30], picture.Pixels);
        Assert.Null(window);
    }

    [Fact]
    public void Smaller_pictures_are_means_of_areas()
    {
        Assert.Equal((byte[])[15, 55], new Picture(2, 4, 1, [0, 20, 40, 60, 10, 30, 50, 70]).Shrunk(1, 2).Pixels);
        Assert.Equal((byte[])[33, 67], new Picture(1, 3, 1, [0, 100, 50]).Shrunk(1, 2).Pixels);
        Assert.Equal((byte[])[10, 20, 30], new Picture(1, 2, 3, [0, 10, 20, 20, 30, 40]).Shrunk(1, 1).Pixels);

        // A checkerboard of single pixels is grey at any size: nothing aliases.
        var board = new Picture(97, 101, 1, [.. Enumerable.Range(0, 97 * 101).Select(i => (byte)(i % 2 * 200))]);
        Assert.All(board.Within(16, 16).Pixels, p => Assert.InRange(p, 90, 110));
        Assert.Same(board, board.Within(128, 128));
    }

    internal static DicomDataset Grey(short[] values)
    {
        var image = new DicomDataset();
        Describe(image, values.Length, 16, "MONOCHROME2");
        image.Set(DicomTags.PixelRepresentation, 1L);
        image.Set(DicomTags.PixelData, DicomVr.OW, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        return image;
    }

    private static void Describe(DicomDataset image, int columns, int bits, string photometric)
    {
        image.Set(DicomTags.Rows, 1L);
        image.Set(DicomTags.Columns, (long)columns);
        image.Set(DicomTags.BitsAllocated, (long)bits);
        image.Set(DicomTags.BitsStored, (long)bits);
        image.Set(DicomTags.HighBit, bits - 1L);
        image.Set(DicomTags.PixelRepresentation, 0L);
        image.Set(DicomTags.SamplesPerPixel, 1L);
        image.Set(DicomTags.PhotometricInterpretation, photometric);
    }

    [Theory]
    [InlineData(40, 400, VoiFunction.Linear)]
    [InlineData(40, 400, VoiFunction.LinearExact)]
    [InlineData(0.5, 1, VoiFunction.Linear)]
    public void A_long_row_is_windowed_as_its_pixels_one_by_one(double centre, double width, VoiFunction function)
    {
        var window = new VoiTransform(centre, width, function);
        float[] values = [.. Enumerable.Range(-400, 801), float.MaxValue, float.MinValue];
        byte[] row = new byte[values.Length], single = new byte[1];

        window.Apply(values, row);

        for (var i = 0; i < values.Length; i++)
        {
            window.Apply(values.AsSpan(i, 1), single);
            Assert.Equal(single[0], row[i]);
        }
    }

    private static byte[] Words(params ushort[] words) => MemoryMarshal.AsBytes(words.AsSpan()).ToArray();

    private static (Picture Picture, VoiTransform? Window) Render(DicomDataset image, int frame = 0)
    {
        var (picture, window, _) = FrameRendering.Render(
            new FrameDecoder(image, DicomTransferSyntax.ExplicitLittleEndian), image, frame, null, isSearched: false);
        return (picture, window);
    }
}
