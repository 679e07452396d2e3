using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.UnitTests.Peers;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

public class FrameTranscoderTests
{
    private static readonly DicomTransferSyntax[] Compressed = [DicomTransferSyntax.RleLossless, DicomTransferSyntax.JpegLsLossless, DicomTransferSyntax.Jpeg2000Lossless];

    public static TheoryData<string, int, int?, bool, int, int> Images
    {
        get
        {
            var images = new TheoryData<string, int, int?, bool, int, int>();
            foreach (var syntax in Compressed)
            {
                images.Add(syntax.Uid, 8, null, false, 1, 1);
                images.Add(syntax.Uid, 8, null, false, 3, 2);
                images.Add(syntax.Uid, 16, 12, false, 1, 3);
                images.Add(syntax.Uid, 16, 12, true, 1, 1);
                images.Add(syntax.Uid, 16, null, true, 1, 2);
            }

            return images;
        }
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_sample_comes_back(string uid, int bits, int? stored, bool isSigned, int samples, int frames)
    {
        var file = Image(bits, stored, isSigned, samples, frames);

        var encoded = DicomFile.Read(FrameTranscoder.Transcode(file, DicomTransferSyntax.Find(uid)!).ToArray());
        var native = DicomFile.Read(FrameTranscoder.Transcode(encoded, DicomTransferSyntax.ExplicitLittleEndian).ToArray());

        AssertSame(file, encoded);
        AssertSame(file, native);
        Assert.Equal(uid, encoded.Syntax.Uid);
        Assert.Equal("2.25.1", native.Dataset.GetUid(DicomTags.SOPInstanceUID));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public async Task Dcmtk_and_gdcm_decode_the_same_samples(string uid, int bits, int? stored, bool isSigned, int samples, int frames)
    {
        var file = Image(bits, stored, isSigned, samples, frames);
        var encoded = FrameTranscoder.Transcode(file, DicomTransferSyntax.Find(uid)!).ToArray();

        var decoded = uid switch
        {
            "1.2.840.10008.1.2.5" => await PeerProgram.ConvertAsync("dcmdrle", "dcmtk", encoded),
            "1.2.840.10008.1.2.4.80" => await PeerProgram.ConvertAsync("dcmdjpls", "dcmtk", encoded),
            _ => await PeerProgram.ConvertAsync("gdcmconv", "libgdcm-tools", encoded, "--raw"),
        };

        AssertSame(file, DicomFile.Read(decoded));
    }

    [Fact]
    public void Runs_of_every_length_and_place_are_packed()
    {
        // Rows of one byte a pixel: 1 to 300 equal ones after 0 to 3 different ones, and what follows them.
        for (var run = 1; run <= 300; run += run < 140 ? 1 : 53)
        {
            var row = Enumerable.Range(0, run % 4).Select(i => (byte)i).Concat(Enumerable.Repeat((byte)9, run)).Append((byte)7).ToArray();
            var dataset = Frames.Dataset(1, row.Length, 8);
            dataset.Set(DicomTags.PixelData, DicomVr.OB, row.Length % 2 == 0 ? row : [.. row, 0]);
            var encoded = FrameTranscoder.Transcode(new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian), DicomTransferSyntax.RleLossless);
            Assert.Equal(row, new FrameDecoder(encoded).Decode(0));
        }
    }

    [Fact]
    public void An_even_picture_shrinks()
    {
        var dataset = Frames.Dataset(64, 64, 16);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[64 * 64 * 2]);
        var file = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        foreach (var syntax in Compressed)
        {
            Assert.InRange(FrameTranscoder.Transcode(file, syntax).ToArray().Length, 0, 1500);
        }
    }

    [Fact]
    public void What_cannot_be_written_is_refused_by_name()
    {
        var file = Image(8, null, false, 1, 1);
        var other = Assert.Throws<DicomException>(() => FrameTranscoder.Transcode(file, DicomTransferSyntax.JpegBaseline));
        Assert.Equal(DicomError.UnsupportedTransferSyntax, other.Error);
        file.Dataset.Remove(DicomTags.PixelData);
        Assert.Equal(DicomError.NoPixels, Assert.Throws<DicomException>(() => FrameTranscoder.Transcode(file, Compressed[0])).Error);
    }

    /// <summary>Noise over a ramp with flat parts, plane by plane where it has colours.</summary>
    private static DicomFile Image(int bits, int? stored, bool isSigned, int samples, int frames)
    {
        const int Rows = 13, Columns = 31;
        var dataset = Frames.Dataset(Rows, Columns, bits, stored, isSigned, samples, samples == 3 ? "RGB" : "MONOCHROME2", frames, planar: samples == 3 ? 1 : 0);
        var random = new Random(bits + samples);
        var values = stored ?? bits;
        var pixels = new byte[Rows * Columns * samples * frames * (bits / 8)];
        for (var i = 0; i < pixels.Length / (bits / 8); i++)
        {
            var value = i / Columns % 3 == 0 ? 5 : random.Next(1 << values) - (isSigned ? 1 << (values - 1) : 0);
            if (bits == 8)
            {
                pixels[i] = (byte)value;
            }
            else
            {
                BitConverter.TryWriteBytes(pixels.AsSpan(2 * i), (short)value);
            }
        }

        dataset.Set(DicomTags.PixelData, bits == 8 ? DicomVr.OB : DicomVr.OW, pixels.Length % 2 == 0 ? pixels : [.. pixels, 0]);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static void AssertSame(DicomFile expected, DicomFile actual)
    {
        var (from, to) = (new FrameDecoder(expected), new FrameDecoder(actual));
        Assert.Equal(from.Description.Frames, to.Description.Frames);
        for (var frame = 0; frame < from.Description.Frames; frame++)
        {
            Assert.Equal(from.Decode(frame), to.Decode(frame));
        }

        Assert.Equal(from.DecodedPhotometric, to.DecodedPhotometric);
    }
}
