using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.UnitTests.Dicom.Pixels;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class BurnedInTextTests
{
    [Theory]
    [InlineData(0, 255, 1)]
    [InlineData(255, 0, 1)]
    [InlineData(60, 255, 1)]
    [InlineData(120, 120, 0)]
    public void A_line_of_letters_is_found_by_its_contrast(byte ground, byte ink, int lines) =>
        Assert.Equal(lines, BurnedInText.CountLines(Draw(ground, ink), 64, 128));

    [Fact]
    public void Noise_and_edges_are_no_letters()
    {
        var random = new Random(1);
        var noise = new byte[64 * 128];
        random.NextBytes(noise);
        Assert.Equal(0, BurnedInText.CountLines(noise, 64, 128));

        var disc = new byte[64 * 128];
        for (var i = 0; i < disc.Length; i++)
        {
            disc[i] = (byte)(((i % 128) - 64) * ((i % 128) - 64) + ((i / 128) - 32) * ((i / 128) - 32) < 900 ? 200 : 0);
        }

        Assert.Equal(0, BurnedInText.CountLines(disc, 64, 128));
    }

    [Theory]
    [InlineData(0x0028_0301u, "YES", PixelSuspicion.DeclaredBurnedIn)]
    [InlineData(0x0028_0302u, "YES", PixelSuspicion.DeclaredRecognizable)]
    [InlineData(0x0008_0016u, DicomUids.SecondaryCaptureImageStorage, PixelSuspicion.Captured)]
    [InlineData(0x0008_0064u, "SD", PixelSuspicion.Captured)]
    [InlineData(0x0008_0060u, "US", PixelSuspicion.UsuallyAnnotated)]
    [InlineData(0x6000_0102u, "12", PixelSuspicion.OverlayInPixels)]
    public void The_header_alone_gives_reasons(uint tag, string value, PixelSuspicion reason)
    {
        var dataset = Frames.Dataset(4, 4);
        Assert.Empty(BurnedInText.Suspect(dataset));

        dataset.Set(new DicomTag(tag), value);

        Assert.Equal([reason], BurnedInText.Suspect(dataset));
    }

    [Fact]
    public void Text_in_the_last_frame_is_found()
    {
        var dataset = Frames.Dataset(64, 128, bits: 8, frames: 3);
        dataset.Set(DicomTags.PixelData, DicomVr.OB, (byte[])[.. new byte[2 * 64 * 128], .. Draw(0, 255)]);

        Assert.Equal([PixelSuspicion.TextFound], BurnedInText.Suspect(new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian)));
    }

    [Fact]
    public void Letters_are_found_in_values_of_any_unit_and_in_colour()
    {
        float[] hounsfield = [.. DrawnText.Draw(0, 1).Select(ink => ink == 1 ? 3071f : -1024f)];
        Assert.True(BurnedInText.ShowsText(hounsfield, DrawnText.Rows, DrawnText.Columns));
        Assert.False(BurnedInText.ShowsText([.. hounsfield.Select(_ => 7f)], DrawnText.Rows, DrawnText.Columns));
        Assert.False(BurnedInText.ShowsText([.. hounsfield.Select((v, i) => i == 5 ? float.NaN : v)], DrawnText.Rows, DrawnText.Columns));

        byte[] yellow = [.. DrawnText.Draw(0, 1).SelectMany(ink => ink == 1 ? new byte[] { 255, 255, 0 } : [0, 0, 60])];
        Assert.True(BurnedInText.ShowsTextInColour(yellow, DrawnText.Rows, DrawnText.Columns));
        Assert.False(BurnedInText.ShowsTextInColour(new byte[yellow.Length], DrawnText.Rows, DrawnText.Columns));
    }

    [Fact]
    public void A_photograph_of_an_eye_is_no_secondary_capture()
    {
        var dataset = Frames.Dataset(4, 4);
        dataset.Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.77.1.5.1");
        Assert.Empty(BurnedInText.Suspect(dataset));

        dataset.Set(DicomTags.SOPClassUID, "1.2.840.10008.5.1.4.1.1.7.4");
        Assert.Equal([PixelSuspicion.Captured], BurnedInText.Suspect(dataset));
    }

    private static byte[] Draw(byte ground, byte ink) => DrawnText.Draw(ground, ink);
}
