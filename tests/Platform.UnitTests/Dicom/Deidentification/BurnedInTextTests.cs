using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.UnitTests.Dicom.Pixels;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class BurnedInTextTests
{
    /// <summary>Rows of "H", "T" and "L", five columns each.</summary>
    private static readonly string[][] Letters =
    [
        ["#...#", "#...#", "#####", "#...#", "#...#", "#...#", "#...#"],
        ["#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."],
        ["#....", "#....", "#....", "#....", "#....", "#....", "#####"],
    ];

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

    private static byte[] Draw(byte ground, byte ink)
    {
        var frame = new byte[64 * 128];
        Array.Fill(frame, ground);
        for (var letter = 0; letter < 12; letter++)
        {
            for (var y = 0; y < 7; y++)
            {
                for (var x = 0; x < 5; x++)
                {
                    if (Letters[letter % 3][y][x] == '#')
                    {
                        frame[((20 + y) * 128) + 10 + (7 * letter) + x] = ink;
                    }
                }
            }
        }

        return frame;
    }
}
