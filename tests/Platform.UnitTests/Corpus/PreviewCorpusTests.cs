using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Platform.Inference.Child;
using Platform.Inference.Previews;
using Platform.UnitTests.Inference.Previews;
using Xunit;

namespace Platform.UnitTests.Corpus;

/// <summary>Every image of the corpus that has pixels and a syntax that is decoded gets its preview; the others say why not.</summary>
public class PreviewCorpusTests(ITestOutputHelper output)
{
    /// <summary>Why images of the corpus are not shown; the pixel tests list the files.</summary>
    private static readonly string[] Known = ["corrupt-pixels", "unsupported-pixels", "invalid-pixels", "unsupported-transfer-syntax"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("given/dicom")]
    [InlineData("given/deid")]
    [InlineData("given/chest-ct")]
    public async Task Every_image_is_shown_or_says_why_not(string folder)
    {
        using var store = new PreviewStore();
        var (shown, refused, series) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal), 0);
        foreach (var files in await SeriesAsync(folder))
        {
            series++;
            var manifest = await store.StoreAsync([.. files.Select(f => f.Bytes)]);
            var (answer, strip) = await store.MakeAsync(manifest);
            if (strip is null)
            {
                Assert.Equal(ComputeOutcome.Refused, answer.Outcome);
                Count(answer.ReasonCode!, files.Count);
                continue;
            }

            Assert.InRange((await store.ReadAsync(manifest, answer.AttemptId, BlobNames.PreviewStripFile)).Length, 1, StripLayout.MostBytes);
            var (made, full) = await store.MakeAsync(manifest, strip);
            Assert.Equal(ComputeOutcome.Succeeded, made.Outcome);
            Assert.Equal(files.Sum(f => f.Frames), full!.Images.Count);
            foreach (var image in full.Images)
            {
                if (image.ReasonCode is null)
                {
                    Assert.True(full.Pack!.Lengths[image.Index] > 0);
                    shown++;
                }
                else
                {
                    Count(image.ReasonCode, 1);
                }
            }
        }

        Assert.Empty(refused.Keys.Except([.. Known, "no-pixels"]));
        output.WriteLine($"{folder}: {series} series, {shown} images shown, not shown: {JsonSerializer.Serialize(refused)}");

        void Count(string code, int images) => refused[code] = refused.GetValueOrDefault(code) + images;
    }

    [Fact]
    public async Task Real_images_have_the_grey_that_the_standard_gives_their_window()
    {
        var compared = 0;
        foreach (var (file, path) in (await FilesAsync("given/chest-ct")).Where((_, i) => i % 16 == 0))
        {
            var decoder = new FrameDecoder(file);
            var (picture, _, _) = FrameRendering.Render(decoder, file.Dataset, 0, null, isSearched: false);

            // PS3.3 §C.11.2.1.2.1 once more, straight from the stored values.
            var stored = decoder.Decode(0);
            var (slope, intercept) = (file.Dataset.GetDouble(DicomTags.RescaleSlope) ?? 1, file.Dataset.GetDouble(DicomTags.RescaleIntercept) ?? 0);
            var (c, w) = (file.Dataset.GetDouble(DicomTags.WindowCenter)!.Value, file.Dataset.GetDouble(DicomTags.WindowWidth)!.Value);
            Assert.Equal(2, decoder.Description.BytesPerSample);
            for (var i = 0; i < picture.Pixels.Length; i += 7)
            {
                int value = decoder.Description.IsSigned ? BitConverter.ToInt16(stored, 2 * i) : BitConverter.ToUInt16(stored, 2 * i);
                var x = (value * slope) + intercept;
                var expected = x <= c - 0.5 - ((w - 1) / 2) ? 0 : x > c - 0.5 + ((w - 1) / 2) ? 255 : (((x - (c - 0.5)) / (w - 1)) + 0.5) * 255;
                Assert.True(Math.Abs(picture.Pixels[i] - expected) <= 0.51, Path.GetFileName(path));
            }

            compared++;
        }

        output.WriteLine($"{compared} images compared");
    }

    /// <summary>The readable files by series, as the store has them: what is refused before its pixels is another test's.</summary>
    private static async Task<List<List<(byte[] Bytes, int Frames)>>> SeriesAsync(string folder) =>
    [
        .. (await FilesAsync(folder)).GroupBy(f => f.File.Dataset.GetUid(DicomTags.SeriesInstanceUID) ?? f.Path).Select(g => g.Select(f =>
            (File.ReadAllBytes(f.Path), PixelDescription.ArePresent(f.File.Dataset) ? Math.Max(1, f.File.Dataset.GetInt32(DicomTags.NumberOfFrames) ?? 1) : 0)).ToList()),
    ];

    private static async Task<List<(DicomFile File, string Path)>> FilesAsync(string folder)
    {
        var files = new List<(DicomFile, string)>();
        foreach (var path in CorpusFiles.All(folder))
        {
            try
            {
                files.Add((DicomFile.Read(await File.ReadAllBytesAsync(path, Ct)), path));
            }
            catch (DicomException)
            {
                // Not DICOM, or damaged before its pixels.
            }
        }

        return files;
    }
}
