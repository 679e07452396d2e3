using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

public class LosslessJpegTests
{
    public static TheoryData<int, int, int, int, int, bool> Forms()
    {
        var forms = new TheoryData<int, int, int, int, int, bool>();
        for (var predictor = 1; predictor <= 7; predictor++)
        {
            foreach (var precision in new[] { 2, 8, 12, 16 })
            {
                forms.Add(precision, predictor, 1, 0, 0, false);
            }

            forms.Add(16, predictor, 1, 3, 0, false);
            forms.Add(8, predictor, 3, 0, 0, false);
            forms.Add(8, predictor, 3, 2, 1, true);
            forms.Add(12, predictor, 1, 1, 2, false);
        }

        return forms;
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_predictor_precision_and_form_comes_back_to_the_last_bit(
        int precision, int predictor, int components, int restartLines, int pointTransform, bool oneScanEach)
    {
        const int Rows = 21;
        const int Columns = 19;
        var random = new Random(precision + (100 * predictor));
        var samples = Enumerable.Range(0, Rows * Columns * components)
            .Select(i => random.Next(4) == 0 ? random.Next(1 << precision) : i * 3 % (1 << precision))
            .Select(v => v >> pointTransform << pointTransform).ToArray();
        var frame = new LosslessJpegEncoder
        {
            Rows = Rows,
            Columns = Columns,
            Precision = precision,
            Components = components,
            Predictor = predictor,
            PointTransform = pointTransform,
            RestartLines = restartLines,
            OneScanEach = oneScanEach,
        }.Encode(samples);

        var bytes = precision > 8 ? 2 : 1;
        var dataset = Frames.Dataset(
            Rows, Columns, 8 * bytes, precision, samples: components, photometric: components == 3 ? "RGB" : "MONOCHROME2");
        var decoded = Frames.Encapsulated(dataset, DicomTransferSyntax.JpegLossless, frame).Decode(0);

        Assert.Equal(samples, Enumerable.Range(0, samples.Length).Select(i => bytes == 1 ? decoded[i] : (int)BitConverter.ToUInt16(decoded, 2 * i)).ToArray());
    }

    [Fact]
    public void Damage_anywhere_is_a_typed_error_or_another_image()
    {
        var samples = Enumerable.Range(0, 100).Select(i => i * 600 % 4096).ToArray();
        var good = new LosslessJpegEncoder { Rows = 10, Columns = 10, Precision = 12, RestartLines = 2 }.Encode(samples);
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

        static void Try(byte[] frame)
        {
            try
            {
                Frames.Encapsulated(Frames.Dataset(10, 10, stored: 12), DicomTransferSyntax.JpegLossless, frame).Decode(0);
            }
            catch (DicomException e)
            {
                Assert.Contains(e.Error, new[] { DicomError.CorruptPixels, DicomError.UnsupportedPixels });
            }
        }
    }

    [Fact]
    public void A_codestream_of_another_size_is_refused_before_it_is_decoded()
    {
        var frame = new LosslessJpegEncoder { Rows = 10, Columns = 10, Precision = 12 }.Encode(new int[100]);

        var error = Assert.Throws<DicomException>(
            () => Frames.Encapsulated(Frames.Dataset(10, 11), DicomTransferSyntax.JpegLossless, frame).Decode(0));

        Assert.Equal(DicomError.CorruptPixels, error.Error);
    }
}
