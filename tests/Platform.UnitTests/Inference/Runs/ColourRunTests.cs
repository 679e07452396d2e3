using System.Text.Json.Nodes;
using Platform.Dicom;
using Platform.Inference.Child;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Models that take red, green and blue, against a plain reference of what a data set's pixels mean.</summary>
public sealed class ColourRunTests : IDisposable
{
    private const int Rows = Cine.Rows / 4;
    private const int Columns = Cine.Columns / 6;

    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Theory]
    [InlineData("RGB", 0)]
    [InlineData("RGB", 1)]
    [InlineData("YBR_FULL", 0)]
    [InlineData("YBR_FULL", 1)]
    [InlineData("PALETTE COLOR", 0)]
    [InlineData("MONOCHROME2", 0)]
    [InlineData("MONOCHROME1", 0)]
    public async Task Each_colour_is_what_the_pixels_say(string photometric, int planar)
    {
        var (file, colours) = Image(photometric, planar);

        var result = await store.ResultAsync(await store.StoreAsync("tint", "US", [file]));

        // The mean of 6 × 6 pixels for each of 4 × 6 places, which count 1 to 24 three-hundredths.
        for (var c = 0; c < 3; c++)
        {
            var sum = 0.0;
            for (var i = 0; i < Cine.Rows * Cine.Columns; i++)
            {
                var (place, row) = (i % Cine.Columns / Columns, i / Cine.Columns / Rows);
                sum += (1 + (6 * row) + place) / 300.0 * colours[c][i] / 255 / (Rows * Columns);
            }

            Assert.Equal(sum, result.Findings[c].Measurements[0].Value, photometric == "YBR_FULL" ? 3e-3 : 1e-3); // three decimals; a conversion rounds
        }

        Assert.Equal(["RED", "GREEN", "BLUE"], result.Findings.Select(f => f.Measurements[0].Concept.Value));
    }

    [Fact]
    public async Task Frames_in_colour_go_in_batches()
    {
        var one = await store.ResultAsync(await store.StoreAsync("tint", "US", [Cine.Of(7, (f, _, _) => f / 10.0, isColour: true)], m =>
        {
            m["input"]!["frames"] = "all";
            m["outputs"]![0]!["acrossFrames"] = "maximum";
        }));

        Assert.Equal([0.6, 0, 0], one.Findings.Select(f => f.Measurements[0].Value), (a, b) => Math.Abs(a - b) < 2e-3);
        Assert.Equal(Enumerable.Range(0, 7).Select(f => f / 10.0), one.Frames!.Select(f => f.Numbers[0]), (a, b) => Math.Abs(a - b) < 3e-3);
    }

    [Fact]
    public async Task A_graph_of_one_channel_does_not_take_colours()
    {
        var (answer, _) = await store.RunAsync(await store.StoreAsync("cine", "US", [Image("RGB", 0).File], m =>
        {
            m["input"]!["colour"] = "rgb";
            m["golden"] = new JsonArray();
        }));
        Assert.Equal((ComputeOutcome.Refused, "model-tensors"), (answer.Outcome, answer.ReasonCode));
    }

    /// <summary>An image whose three samples differ in every pixel, and what they are as red, green and blue, 0 to 255.</summary>
    private static (DicomFile File, double[][] Colours) Image(string photometric, int planar)
    {
        const int Pixels = Cine.Rows * Cine.Columns;
        var isGrey = !photometric.StartsWith("RGB", StringComparison.Ordinal) && !photometric.StartsWith("YBR", StringComparison.Ordinal);
        var file = Cine.Of(1, (_, _, _) => 0, isColour: !isGrey);
        var dataset = file.Dataset;
        dataset.Set(DicomTags.PhotometricInterpretation, photometric);
        dataset.Remove(DicomTags.NumberOfFrames);
        var samples = isGrey ? 1 : 3;
        var (bytes, colours) = (new byte[Pixels * samples], new[] { new double[Pixels], new double[Pixels], new double[Pixels] });
        for (var i = 0; i < Pixels; i++)
        {
            byte[] values = [(byte)(i % 251), (byte)(i / 4), (byte)(90 + (i % 60))];
            for (var c = 0; c < samples; c++)
            {
                bytes[planar == 1 ? (c * Pixels) + i : (i * samples) + c] = values[c];
            }

            var rgb = Meaning(photometric, values[0], values[1], values[2]);
            (colours[0][i], colours[1][i], colours[2][i]) = rgb;
        }

        if (!isGrey)
        {
            dataset.Set(DicomTags.PlanarConfiguration, (long)planar);
        }

        if (photometric == "PALETTE COLOR")
        {
            dataset.Remove(DicomTags.WindowCenter);
            dataset.Remove(DicomTags.WindowWidth);
            SetTable(dataset, DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.RedPaletteColorLookupTableData, i => 255 - i);
            SetTable(dataset, DicomTags.GreenPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableData, i => i / 2);
            SetTable(dataset, DicomTags.BluePaletteColorLookupTableDescriptor, DicomTags.BluePaletteColorLookupTableData, i => i * i / 255);
        }

        dataset.Set(DicomTags.PixelData, DicomVr.OB, bytes);
        return (file, colours);
    }

    /// <summary>PS3.3 §C.7.6.3.1.2.</summary>
    private static (double Red, double Green, double Blue) Meaning(string photometric, int a, int b, int c) => photometric switch
    {
        "RGB" => (a, b, c),
        "YBR_FULL" => (
            Math.Clamp(a + (1.402 * (c - 128)), 0, 255),
            Math.Clamp(a - (0.344136 * (b - 128)) - (0.714136 * (c - 128)), 0, 255),
            Math.Clamp(a + (1.772 * (b - 128)), 0, 255)),
        "PALETTE COLOR" => (255 - a, a / 2, a * a / 255),
        "MONOCHROME1" => (255 - a, 255 - a, 255 - a),
        _ => (a, a, a),
    };

    /// <summary>256 entries of 16 bits, the upper eight of which count.</summary>
    private static void SetTable(DicomDataset dataset, DicomTag descriptor, DicomTag data, Func<int, int> value)
    {
        dataset.Set(descriptor, DicomVr.US, new byte[] { 0, 1, 0, 0, 16, 0 });
        var entries = new byte[512];
        for (var i = 0; i < 256; i++)
        {
            (entries[2 * i], entries[(2 * i) + 1]) = ((byte)value(i), (byte)value(i));
        }

        dataset.Set(data, DicomVr.OW, entries);
    }
}
