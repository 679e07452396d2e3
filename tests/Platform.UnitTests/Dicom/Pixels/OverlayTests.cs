using Platform.Dicom;
using Platform.Dicom.Pixels;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

public class OverlayTests
{
    [Fact]
    public void A_plane_beside_the_pixels_has_its_size_its_place_and_its_bits()
    {
        // Three rows of five, low bit first: 1 0 1 1 0, 0 1 1 0 1, 0 0 0 1 1.
        var dataset = Frames.Dataset(4, 6);
        SetPlane(dataset, 0x6002, 3, 5, [0b11001101, 0b01100010]);
        dataset.Set(new DicomTag(0x6002, 0x0050), DicomVr.SS, "-1", "3");
        dataset.Set(new DicomTag(0x6002, 0x0040), DicomVr.CS, "R");

        var overlay = Assert.Single(Of(dataset));

        Assert.Equal((0x6002, 3, 5, (-1, 3)), (overlay.Group, overlay.Rows, overlay.Columns, overlay.Origin));
        Assert.Equal((true, false, 1), (overlay.IsRegion, overlay.IsInPixelData, overlay.Frames));
        Assert.Equal([1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1], overlay.Mask(0)!);
        Assert.Equal(overlay.Mask(0), overlay.Mask(7)); // without a frame of its own it lies on all
    }

    [Fact]
    public void Frames_of_a_plane_follow_each_other_inside_a_byte_and_lie_on_their_frames()
    {
        var dataset = Frames.Dataset(1, 5, frames: 4);
        SetPlane(dataset, 0x6000, 1, 5, [0b11001101, 0b00000010]);
        dataset.Set(new DicomTag(0x6000, 0x0015), DicomVr.IS, "2");
        dataset.Set(new DicomTag(0x6000, 0x0051), DicomVr.US, "2");

        var overlay = Assert.Single(Of(dataset));

        Assert.Null(overlay.Mask(0));
        Assert.Equal([1, 0, 1, 1, 0], overlay.Mask(1)!);
        Assert.Equal([0, 1, 1, 0, 1], overlay.Mask(2)!);
        Assert.Null(overlay.Mask(3));
    }

    [Fact]
    public void Unused_bits_of_the_pixels_are_a_plane_in_every_syntax_that_keeps_them()
    {
        // Twelve bits stored; bit 12 and bit 15 are planes.
        byte[] pixels = [0x01, 0x10, 0x02, 0x80, 0x03, 0x90, 0xFF, 0x0F];
        foreach (var syntax in new[] { DicomTransferSyntax.ImplicitLittleEndian, DicomTransferSyntax.ExplicitBigEndian, DicomTransferSyntax.RleLossless })
        {
            var dataset = Frames.Dataset(2, 2, stored: 12);
            SetPlane(dataset, 0x6000, 2, 2, null, bitPosition: 12);
            SetPlane(dataset, 0x601E, 2, 2, null, bitPosition: 15);
            var file = Pixels(dataset, pixels, syntax);

            var overlays = Overlay.Of(file);

            Assert.Equal([0x6000, 0x601E], overlays.Select(o => (int)o.Group));
            Assert.Equal([1, 0, 1, 0], overlays[0].Mask(0)!);
            Assert.Equal([0, 1, 1, 0], overlays[1].Mask(0)!);
            Assert.All(overlays, o => Assert.True(o.IsInPixelData));
            Assert.Equal([1, 0, 2, 0, 3, 0, 0xFF, 0x0F], new FrameDecoder(file).Decode(0));
        }
    }

    [Fact]
    public void What_is_left_of_a_plane_is_none()
    {
        var dataset = Frames.Dataset(2, 2);
        SetPlane(dataset, 0x6000, 2, 2, null);
        dataset.Set(new DicomTag(0x6004, 0x3000), DicomVr.OW, new byte[4]);

        Assert.Empty(Of(dataset));
    }

    [Fact]
    public void Planes_that_cannot_be_are_typed_errors()
    {
        Assert.Equal(DicomError.CorruptPixels, Error(3, 6, new byte[2]));
        Assert.Equal(DicomError.InvalidPixels, Error(0, 6, new byte[2]));
        Assert.Equal(DicomError.InvalidPixels, Error(3, 6, new byte[2], frames: "-2"));
        Assert.Equal(DicomError.CorruptPixels, Error(65535, 4000, new byte[2], frames: "2147483647"));
        Assert.Equal(DicomError.OverBudget, Error(65535, 65535, new byte[2]));
        Assert.Equal(DicomError.InvalidPixels, Error(2, 2, null, bitPosition: 3)); // inside of what is stored
        Assert.Equal(DicomError.InvalidPixels, Error(2, 3, null, bitPosition: 12)); // of another size than the pixels

        var jpegLs = Frames.Dataset(2, 2, stored: 12);
        SetPlane(jpegLs, 0x6000, 2, 2, null, bitPosition: 12);
        jpegLs.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, default(ReadOnlyMemory<byte>), new byte[4]));
        var overlay = Assert.Single(Overlay.Of(new DicomFile(jpegLs, DicomTransferSyntax.JpegLsLossless)));
        Assert.Equal(DicomError.UnsupportedPixels, Assert.Throws<DicomException>(() => overlay.Mask(0)).Error);

        static DicomError Error(int rows, int columns, byte[]? data, string? frames = null, int bitPosition = 0) => Assert.Throws<DicomException>(() =>
        {
            var dataset = Frames.Dataset(2, 2, stored: 12);
            dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[8]);
            SetPlane(dataset, 0x6000, rows, columns, data, bitPosition);
            if (frames is not null)
            {
                dataset.Set(new DicomTag(0x6000, 0x0015), DicomVr.IS, frames);
            }

            Of(dataset);
        }).Error;
    }

    private static IReadOnlyList<Overlay> Of(DicomDataset dataset) => Overlay.Of(new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian));

    private static DicomFile Pixels(DicomDataset dataset, byte[] pixels, DicomTransferSyntax syntax)
    {
        if (syntax == DicomTransferSyntax.RleLossless)
        {
            // Two segments, the high bytes first (PS3.5 §G.2), each one literal run.
            var rle = new byte[64 + 12];
            (rle[0], rle[4], rle[8]) = (2, 64, 70);
            for (var s = 0; s < 2; s++)
            {
                rle[64 + (6 * s)] = 3;
                for (var i = 0; i < 4; i++)
                {
                    rle[65 + (6 * s) + i] = pixels[(2 * i) + 1 - s];
                }
            }

            dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, default(ReadOnlyMemory<byte>), rle));
        }
        else
        {
            dataset.Set(DicomTags.PixelData, DicomVr.OW, pixels);
        }

        return DicomFile.Read(new DicomFile(dataset, syntax).ToArray());
    }

    private static void SetPlane(DicomDataset dataset, ushort group, int rows, int columns, byte[]? data, int bitPosition = 0)
    {
        dataset.Set(new DicomTag(group, 0x0010), DicomVr.US, $"{rows}");
        dataset.Set(new DicomTag(group, 0x0011), DicomVr.US, $"{columns}");
        dataset.Set(new DicomTag(group, 0x0040), DicomVr.CS, "G");
        dataset.Set(new DicomTag(group, 0x0050), DicomVr.SS, "1", "1");
        dataset.Set(new DicomTag(group, 0x0100), DicomVr.US, bitPosition > 0 ? "16" : "1");
        dataset.Set(new DicomTag(group, 0x0102), DicomVr.US, $"{bitPosition}");
        if (data is not null)
        {
            dataset.Set(new DicomTag(group, 0x3000), DicomVr.OW, data);
        }
    }
}
