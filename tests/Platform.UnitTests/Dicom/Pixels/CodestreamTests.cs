using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

/// <summary>Small codestreams of generated images: 12 columns, 10 rows.</summary>
public class CodestreamTests
{
    private const int Rows = 10;
    private const int Columns = 12;

    internal const string JpegLs12 = "/9j/9wALEAAKAAwBAREA//gADQH//wASAEMBFABA/9oACAEBAAAAAKFsiZy0/s7fdKKq2CtfdzMKF0ipgV9XkwphTAr6vJhTChZQ"
        + "W4220mBXW4220mBMCKr1sNdrK+2Ww12sr6voouWo02krzVajTaSvK8k1q0GeTldaLQZ7OV1XUk4kwlkpuM1mEslNxuJFtJBHIzbJ"
        + "JII5GbbbSDSRCGQm0RSIQyE2m0j2UgP782SCQH9+bID/2Q==";

    internal const string JpegLsRgb = "/9j/9wARCAAKAAwDAREAAhEAAxEA/9oADAMBAAIAAwAAAgCACQgAeQA9K5PI7+7t7OvwAAAEx4kpLyH+v0fI+T1PU9TMWAA04Tgn"
        + "BOG2Js2ybbbbasSEJ5PE4JxXBOK4jncziWCV1zcbiOK43G4mk0mk06s6DomhNO0CaK0Rp2maVoEquh02kaVpGlaVpHI7uOqPDydn"
        + "d1d3KxGIxGMU3BzZWNkZmIxWKxWNUnBzZMTJys7FYzMzgP/Z";

    internal const string Jpeg2000Of12 = "/0//UQApAAAAAAAMAAAACgAAAAAAAAAAAAAADAAAAAoAAAAAAAAAAAABDwEB/1IADAAAAAEAAgQEAAH/XAAKQICIiJCIiJD/ZAAq"
        + "AAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAAFsAAf+T3/iQoAaV2Ozpp5uadaSpNHGZYGfG"
        + "7MJ/wD9guAAfIDAVi4A3KCiALKgYHwwVn8AfmIwAfaDALF/+wv6FENarRk7i06Ko+AswdHKJEeP/2Q==";

    internal const string Jpeg2000Rgb = "/0//UQAvAAAAAAAMAAAACgAAAAAAAAAAAAAADAAAAAoAAAAAAAAAAAADBwEBBwEBBwEB/1IADAAAAAEAAgQEAAH/XAAKQEBISFBI"
        + "SFD/ZAAqAAFDcmVhdGVkIGJ5IEdEQ00vT3BlbkpQRUcgdmVyc2lvbiAyLjUuMP+QAAoAAAAAAH0AAf+T34BICVthQf1csuc134BQ"
        + "B5cIaqg/oCtzv9+AWAg3E1fv3XUYwUa/w+oEABWSzdegHQwMFX/D6gSAdCgBEBpREzMUmxR/wfOFACxfek5/oPnCgDB0ciN2wfOH"
        + "g+cNAHQgSs+b6f3OD0T8ik6Nf0tf/9k=";

    internal const string Baseline = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK"
        + "CgoKBggLDAsKDAkKCgr/wAALCAAKAAwBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAACggJ/8QAJRAAAAQFAgcAAAAAAAAAAAAAAAEC"
        + "QQUGCAkiI2EXJSc1QlFS/9oACAEBAAA/AIztJS12zT+GCHKbZa6TQ/T9tsQwOtJIRyzEvBghym1COE0PxJ22If/Z";

    internal const string Extended12 = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK"
        + "CgoKBggLDAsKDAkKCgr/wQALDAAKAAwBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAADf/EAC4QAAABBwgLAAAAAAAAAAAAAAADBAUG"
        + "CAxGBwkLJyhFYmMaGyorNjdHVFVkZf/aAAgBAQAAPwAuXdImhF9s1ZlsjdXERcfuE8If5XMvoRfcMM2VZGi5OXH8NXMIIP3SJZ4k"
        + "A0zVmWo1TubiIhk07wnlh/mcy9niQDUMM2VUap3Fychk08GrmWP//9k=";

    internal const string Progressive12 = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoK"
        + "CgoKBggLDAsKDAkKCgr/wgALDAAKAAwBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAADP/aAAgBAQAAAAEuW/yIPv8AP//EABsQAAEE"
        + "AwAAAAAAAAAAAAAAAAoFBgkYGSgp/9oACAEBAAEFAhIoRdzQy4ReDAkTeQLmhlt5AwMf/8QAJhAAAAMHAgcAAAAAAAAAAAAAAAME"
        + "AQIGByUmRENhNDVFUlNiY//aAAgBAQAGPwKGbR6uVoe7BLK0cs/Q+CcQzQ0fNysZ3vZsJZUNHxZ+M74E+w//xAAXEAADAQAAAAAA"
        + "AAAAAAAAAAAAgfAQ/9oACAEBAAE/IaSQRInezh1a/9oACAEBAAAAEH//xAAUEAEAAAAAAAAAAAAAAAAAAAAg/9oACAEBAAE/EAVA"
        + "YTlQ1Ff/2Q==";

    [Fact]
    public void Jpeg_ls_comes_back_to_the_last_bit()
    {
        Lossless("libcharls2", DicomTransferSyntax.JpegLsLossless, JpegLs12, Grey(12), Grey12);
        Lossless("libcharls2", DicomTransferSyntax.JpegLsLossless, JpegLsRgb, Colour(), Rgb);
    }

    [Fact]
    public void Jpeg_ls_whose_scan_was_made_even_comes_back()
    {
        var codestream = Convert.FromBase64String(JpegLs12);

        Lossless(
            "libcharls2", DicomTransferSyntax.JpegLsLossless, Convert.ToBase64String([.. codestream[..^2], 0, 0xFF, 0xD9]), Grey(12), Grey12);
    }

    [Fact]
    public void Jpeg_2000_comes_back_to_the_last_bit()
    {
        Lossless("libopenjp2-7", DicomTransferSyntax.Jpeg2000Lossless, Jpeg2000Of12, Grey(12), Grey12);
        Lossless("libopenjp2-7", DicomTransferSyntax.Jpeg2000Lossless, Jpeg2000Rgb, Colour(), Rgb);
    }

    [Fact]
    public void The_cosine_transform_comes_back_within_a_few_grey_levels()
    {
        Lossy(DicomTransferSyntax.JpegBaseline, Baseline, Grey(8), (x, y) => (byte)((x * 20) + (y * 2)), 3);
        Lossy(DicomTransferSyntax.JpegExtended, Extended12, Grey(12), (x, y) => ((x * x * 23) + (y * 97)) % 4096, 12);
        Lossy(DicomTransferSyntax.Find("1.2.840.10008.1.2.4.55")!, Progressive12, Grey(12), (x, y) => ((x * x * 23) + (y * 97)) % 4096, 12);
    }

    [Fact]
    public void The_frame_header_decides_where_the_syntax_names_another_process()
    {
        Lossless("libcharls2", DicomTransferSyntax.JpegBaseline, JpegLs12, Grey(12), Grey12);
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2.4.80", JpegLs12)]
    [InlineData("1.2.840.10008.1.2.4.90", Jpeg2000Of12)]
    [InlineData("1.2.840.10008.1.2.4.50", Extended12)]
    [InlineData("1.2.840.10008.1.2.4.55", Progressive12)]
    public void Damage_anywhere_is_a_typed_error_or_another_image(string syntax, string codestream)
    {
        var good = Convert.FromBase64String(codestream);
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var value in new byte[] { 0, 0xFF, (byte)(good[i] ^ 1), (byte)(good[i] ^ 0x80) })
            {
                byte[] bad = [.. good];
                bad[i] = value;
                Try(bad);
            }

            Try(good[..i]);
        }

        void Try(byte[] frame)
        {
            try
            {
                Frames.Encapsulated(Grey(12), DicomTransferSyntax.Find(syntax)!, frame).Decode(0);
            }
            catch (DicomException e)
            {
                Assert.Contains(e.Error, new[] { DicomError.CorruptPixels, DicomError.UnsupportedPixels, DicomError.CodecMissing });
            }
        }
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2.4.80", JpegLs12)]
    [InlineData("1.2.840.10008.1.2.4.90", Jpeg2000Of12)]
    [InlineData("1.2.840.10008.1.2.4.50", Extended12)]
    public void A_codestream_that_disagrees_with_the_data_set_is_refused_before_a_codec_sees_it(string syntax, string codestream)
    {
        DicomDataset[] others =
        [
            Frames.Dataset(Rows, Columns + 1), Frames.Dataset(Rows - 1, Columns), Frames.Dataset(Rows, Columns, 8),
            Frames.Dataset(Rows, Columns, samples: 3, photometric: "RGB"),
        ];
        foreach (var dataset in others)
        {
            var decoder = Frames.Encapsulated(dataset, DicomTransferSyntax.Find(syntax)!, Convert.FromBase64String(codestream));

            var error = Assert.Throws<DicomException>(() => decoder.Decode(0));

            Assert.Equal(DicomError.CorruptPixels, error.Error);
            Assert.Matches("disagrees with the data set|larger than Bits Allocated", error.Message);
        }
    }

    private static DicomDataset Grey(int stored) => Frames.Dataset(Rows, Columns, stored > 8 ? 16 : 8, stored);

    private static DicomDataset Colour() => Frames.Dataset(Rows, Columns, 8, samples: 3, photometric: "RGB");

    private static byte[] Grey12 => Pixels((x, y) =>
    {
        var value = ((x * x * 23) + (y * 97)) % 4096;
        return [(byte)value, (byte)(value >> 8)];
    });

    private static byte[] Rgb => Pixels((x, y) => [(byte)(x * 20), (byte)(y * 25), (byte)(x * y * 2)]);

    private static byte[] Pixels(Func<int, int, byte[]> pixel) =>
        [.. Enumerable.Range(0, Rows * Columns).SelectMany(i => pixel(i % Columns, i / Columns))];

    // A system without the library gets an error that names its package; where CI runs, the library must be there.
    private static void Lossless(string package, DicomTransferSyntax syntax, string codestream, DicomDataset dataset, byte[] expected)
    {
        var decoder = Frames.Encapsulated(dataset, syntax, Convert.FromBase64String(codestream));
        try
        {
            Assert.Equal(expected, decoder.Decode(0));
        }
        catch (DicomException e) when (e.Error == DicomError.CodecMissing)
        {
            Assert.Contains(package, e.Message, StringComparison.Ordinal);
            Assert.False(string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase), e.Message);
            TestContext.Current.TestOutputHelper?.WriteLine(e.Message);
        }
    }

    private static void Lossy(DicomTransferSyntax syntax, string codestream, DicomDataset dataset, Func<int, int, int> expected, int tolerance)
    {
        var decoded = Frames.Encapsulated(dataset, syntax, Convert.FromBase64String(codestream)).Decode(0);
        for (var i = 0; i < Rows * Columns; i++)
        {
            var value = decoded.Length == Rows * Columns ? decoded[i] : BitConverter.ToUInt16(decoded, 2 * i);
            Assert.InRange(value - expected(i % Columns, i / Columns), -tolerance, tolerance);
        }
    }
}
