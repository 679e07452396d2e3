using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Child;
using Platform.Inference.Previews;
using Platform.UnitTests.Dicom.Deidentification;
using Platform.UnitTests.Dicom.Volumes;
using SkiaSharp;
using Xunit;

namespace Platform.UnitTests.Inference.Previews;

/// <summary>A part of a preview as its child makes it.</summary>
public sealed class PreviewComputationTests : IDisposable
{
    private readonly PreviewStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task The_images_of_a_series_lie_along_its_normal_whatever_order_they_came_in()
    {
        var manifest = await store.StoreAsync(Files(slices: 40).Reverse().ToList());

        var (strip, index) = await store.MakeAsync(manifest);

        Assert.Equal(40, index!.Images.Count);
        Assert.Equal(Enumerable.Range(0, 40), index.Images.Select(i => i.Index));
        Assert.Equal("2.25.40", index.Images[0].SopInstanceUid);
        Assert.Equal(Enumerable.Range(0, 40).Select(z => 100.0 + (2 * z)), index.Images.Select(i => i.PositionMm![2]));
        Assert.Equal([0.9, 0.8], index.Images[7].PixelSpacingMm!);
        Assert.Equal((32, 0, 39), (index.Strip!.Images.Count, index.Strip.Images[0], index.Strip.Images[^1]));
        Assert.Equal((128, 128, 8), (index.Strip.TileWidth, index.Strip.TileHeight, index.Strip.Columns));
        var sprite = await store.ReadAsync(manifest, strip.AttemptId, BlobNames.PreviewStripFile);
        Assert.InRange(sprite.Length, 1, StripLayout.MostBytes);
        using var picture = SKBitmap.Decode(sprite);
        Assert.Equal((1024, 512, SKColorType.Gray8), (picture.Width, picture.Height, picture.ColorType));
    }

    [Fact]
    public async Task Full_images_are_in_one_pack_where_the_index_says_and_look_as_they_should()
    {
        // Column x of slice z has the value 10 z + x: percentiles over the strip give each image its grey.
        var manifest = await store.StoreAsync(Files(slices: 5));
        var (_, strip) = await store.MakeAsync(manifest);

        var (made, full) = await store.MakeAsync(manifest, strip);

        var pack = await store.ReadAsync(manifest, made.AttemptId, BlobNames.PreviewPackFile);
        Assert.Equal(full!.Pack!.Bytes, pack.Length);
        Assert.Equal(strip!.Images, full.Images, (a, b) => (a.SopInstanceUid, a.WindowCentre) == (b.SopInstanceUid, b.WindowCentre));
        Assert.Single(full.Images.Select(i => i.WindowWidth).Distinct()); // one window: scrolling does not flicker
        var (centre, width) = (full.Images[0].WindowCentre!.Value, full.Images[0].WindowWidth!.Value);
        for (var z = 0; z < 5; z++)
        {
            using var picture = SKBitmap.Decode(pack.AsSpan((int)full.Pack.Offsets[z], full.Pack.Lengths[z]).ToArray());
            Assert.Equal((24, 16), (picture.Width, picture.Height));
            for (var x = 0; x < 24; x++)
            {
                var expected = Math.Clamp((((10 * z) + x - centre) / width + 0.5) * 255, 0, 255);
                Assert.InRange(picture.GetPixel(x, 8).Red, expected - 6, expected + 6);
            }
        }
    }

    [Fact]
    public async Task An_image_that_cannot_be_shown_says_why_and_the_others_are()
    {
        var files = Files(slices: 4).ToList();
        var cut = DicomFile.Read(files[1]);
        cut.Dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[10]);
        files[1] = cut.ToArray();
        var manifest = await store.StoreAsync(files);
        manifest = manifest with { Instances = [.. manifest.Instances.Select((m, i) => i == 2 ? m with { Sha256 = new string('0', 64) } : m)] };

        var (_, strip) = await store.MakeAsync(manifest);
        var (_, full) = await store.MakeAsync(manifest, strip);

        Assert.Equal([null, "corrupt-pixels", "hash-mismatch", null], strip!.Images.Select(i => i.ReasonCode));
        Assert.Equal([0, 3], strip.Strip!.Images);
        Assert.Equal([true, false, false, true], full!.Pack!.Lengths.Select(l => l > 0));
        Assert.All(full.Images, i => Assert.Equal(i.ReasonCode is null, i.Reason is null));
    }

    [Theory]
    [InlineData("no-pixels")]
    [InlineData("unsupported-transfer-syntax")]
    [InlineData("unreadable")]
    [InlineData("instance-missing")]
    public async Task A_series_of_which_nothing_can_be_shown_says_why(string code)
    {
        var manifest = await store.StoreAsync(Files(slices: 2).Select(file => code switch
        {
            "no-pixels" => Without(file),
            "unsupported-transfer-syntax" => [.. new DicomFile(DicomFile.Read(Without(file)).Dataset, DicomTransferSyntax.Find("1.2.840.10008.1.2.4.100")!).ToArray(), .. Fragment],
            "unreadable" => "no DICOM at all"u8.ToArray(),
            _ => file,
        }).ToList());
        if (code == "instance-missing")
        {
            manifest = manifest with { Instances = [.. manifest.Instances.Select(m => m with { Blob = m.Blob + "x" })] };
        }

        var (answer, _) = await store.MakeAsync(manifest);

        Assert.Equal((ComputeOutcome.Refused, code), (answer.Outcome, answer.ReasonCode));
        Assert.NotEmpty(answer.Reason!);
    }

    [Fact]
    public async Task Images_that_may_show_who_the_patient_is_say_why()
    {
        // Forty slices, of which the strip has 32; letters on the first, which is in the strip, and on one that is not.
        var left = Enumerable.Range(0, 40).Except(StripLayout.Choose(40)).First();
        var files = ImageSeriesWriter.Write(Phantom.Series(
            (x, y, z) => (z == 0 || z == left) && DrawnText.IsInk(x, y) ? 4000 : 500 + z, DrawnText.Columns, DrawnText.Rows, slices: 40)).ToList();
        files[5].Dataset.Set(DicomTags.ConversionType, "SD");
        var manifest = await store.StoreAsync([.. files.Select(f => f.ToArray())]);

        var (_, strip) = await store.MakeAsync(manifest);
        var (_, full) = await store.MakeAsync(manifest, strip);

        Assert.Equal([("TextFound", 0), ("Captured", 5)], Told(strip!));
        Assert.Equal(new[] { ("TextFound", 0), ("Captured", 5), ("TextFound", left) }.OrderBy(t => t.Item2), Told(full!));

        // Of an index that was made before letters were looked for, everything is searched.
        var old = strip! with { Images = [.. strip.Images.Select(i => i with { Suspicions = null })] };
        var (_, again) = await store.MakeAsync(manifest, old);
        Assert.Equal([("TextFound", 0), ("TextFound", left)], Told(again!));

        static IEnumerable<(string, int)> Told(PreviewIndex index) =>
            index.Images.SelectMany(i => (i.Suspicions ?? []).Select(s => (s, i.Index)));
    }

    [Fact]
    public void An_index_without_suspicions_is_still_read()
    {
        const string Old = """
            { "strip": null, "images": [{ "index": 0, "sopInstanceUid": "1.2", "frame": 1, "rows": 4, "columns": 4, "pixelSpacingMm": null,
              "windowCentre": null, "windowWidth": null, "positionMm": null, "reasonCode": null, "reason": null }], "pack": null }
            """;
        Assert.Null(Assert.Single(System.Text.Json.JsonSerializer.Deserialize<PreviewIndex>(Old, PlatformJson.Options)!.Images).Suspicions);
    }

    [Fact]
    public void A_strip_of_grey_and_colour_keeps_both()
    {
        var grey = new Picture(16, 16, 1, [.. Enumerable.Repeat((byte)200, 256)]);
        var red = new Picture(64, 128, 3, [.. Enumerable.Range(0, 64 * 128 * 3).Select(i => i % 3 == 0 ? (byte)220 : (byte)20)]);

        using var sprite = SKBitmap.Decode(StripLayout.Encode(StripLayout.Compose([grey, red])));

        Assert.Equal((256, 128), (sprite.Width, sprite.Height));
        AssertColour((200, 200, 200), sprite.GetPixel(64, 64));
        AssertColour((220, 20, 20), sprite.GetPixel(192, 64));
        AssertColour((0, 0, 0), sprite.GetPixel(192, 8));

        static void AssertColour((int Red, int Green, int Blue) expected, SKColor colour)
        {
            Assert.InRange(colour.Red, expected.Red - 4, expected.Red + 4);
            Assert.InRange(colour.Green, expected.Green - 4, expected.Green + 4);
            Assert.InRange(colour.Blue, expected.Blue - 4, expected.Blue + 4);
        }
    }

    [Fact]
    public void The_strip_shows_first_and_last_and_what_lies_evenly_between()
    {
        Assert.Equal(Enumerable.Range(0, 32), StripLayout.Choose(32));
        var chosen = StripLayout.Choose(300);
        Assert.Equal((32, 0, 299), (chosen.Count, chosen[0], chosen[^1]));
        Assert.All(chosen.Zip(chosen.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 9, 10));
    }

    private static byte[] Fragment =>
    [
        0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0,
        0xFE, 0xFF, 0x00, 0xE0, 4, 0, 0, 0, 1, 2, 3, 4,
        0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
    ];

    private static IReadOnlyList<byte[]> Files(int slices) =>
        [.. ImageSeriesWriter.Write(Phantom.Series((x, _, z) => (10 * z) + x, 24, 16, slices)).Select(f => f.ToArray())];

    private static byte[] Without(byte[] file)
    {
        var dicom = DicomFile.Read(file);
        dicom.Dataset.Remove(DicomTags.PixelData);
        return dicom.ToArray();
    }
}
