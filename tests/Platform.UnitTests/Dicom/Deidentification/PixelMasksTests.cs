using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Pixels;
using Platform.UnitTests.Dicom.Pixels;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class PixelMasksTests
{
    private const int Side = 16;

    private static readonly PixelMaskRule Rule = new("Invented Devices", "Sono 1", Side, Side, [new(0, 0, 16, 3), new(12, 10, 4, 2)]);

    public static TheoryData<string, string, int, int, bool> Kinds => new()
    {
        { "MONOCHROME2", "1.2.840.10008.1.2", 16, 1, true },
        { "MONOCHROME2", "1.2.840.10008.1.2.1", 16, 1, false },
        { "MONOCHROME1", "1.2.840.10008.1.2.1", 8, 1, false },
        { "MONOCHROME2", "1.2.840.10008.1.2.2", 16, 1, true },
        { "MONOCHROME2", "1.2.840.10008.1.2.5", 16, 1, false },
        { "RGB", "1.2.840.10008.1.2.1", 8, 3, false },
        { "RGB", "1.2.840.10008.1.2.5", 8, 3, false },
        { "YBR_FULL", "1.2.840.10008.1.2.1", 8, 3, false },
        { "PALETTE COLOR", "1.2.840.10008.1.2.1", 8, 1, false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_lies_under_the_masks_is_black_in_every_frame_and_nothing_else_changes(
        string photometric, string uid, int bits, int samples, bool isSigned)
    {
        var file = Image(photometric, uid, bits, samples, isSigned);
        var before = new FrameDecoder(file);

        var after = new FrameDecoder(PixelMasks.Apply(file, Rule));

        Assert.Equal(2, after.Description.Frames);
        Assert.Equal(before.DecodedPhotometric, after.DecodedPhotometric);
        for (var frame = 0; frame < 2; frame++)
        {
            var (was, now) = (before.Decode(frame), after.Decode(frame));
            var pixel = was.Length / (Side * Side);
            var (tones, masked) = (new List<int>(), new HashSet<int>());
            for (var i = 0; i < Side * Side; i++)
            {
                var tone = Light(after, now.AsSpan(i * pixel, pixel));
                if (i / Side < 3 || (i % Side >= 12 && i / Side is 10 or 11))
                {
                    masked.Add(tone);
                }
                else
                {
                    Assert.Equal(was.AsSpan(i * pixel, pixel), now.AsSpan(i * pixel, pixel));
                    tones.Add(tone);
                }
            }

            Assert.InRange(Assert.Single(masked), int.MinValue, tones.Min());
        }
    }

    [Fact]
    public void A_rule_is_for_one_device_and_one_size_of_image()
    {
        var dataset = Image("MONOCHROME2", "1.2.840.10008.1.2.1", 16, 1, false).Dataset;
        Assert.Same(Rule, PixelMaskRule.Find([Rule], dataset));
        Assert.Null(PixelMaskRule.Find([Rule with { Model = "Sono 2" }], dataset));
        Assert.Null(PixelMaskRule.Find([Rule with { Columns = 17 }], dataset));
        Assert.Null(PixelMaskRule.Find([Rule with { Modality = "MR" }], dataset));
        Assert.Null(PixelMaskRule.Find([Rule with { SoftwareVersions = ["2"] }], dataset));
        Assert.NotNull(PixelMaskRule.Find([Rule with { SoftwareVersions = ["2", "1.0"], Modality = "us", Manufacturer = "INVENTED DEVICES " }], dataset));

        dataset.Remove(DicomTags.Manufacturer);
        Assert.Null(PixelMaskRule.Find([Rule], dataset));

        var other = Assert.Throws<DicomException>(() =>
            PixelMasks.Apply(Image("MONOCHROME2", "1.2.840.10008.1.2.1", 16, 1, false), Rule with { Rows = 15 }));
        Assert.Equal(DicomError.InvalidMaskRule, other.Error);
    }

    [Fact]
    public async Task Rules_are_read_from_json_and_a_bad_one_is_told_by_its_number()
    {
        const string Good =
            """[{ "manufacturer": "A", "model": "B", "rows": 600, "columns": 800, "masks": [{ "left": 0, "top": 0, "width": 800, "height": 40 }], "softwareVersions": ["1"] }]""";
        var rule = Assert.Single(await ReadAsync(Good));
        Assert.Equal(("A", "B", 600, 800, new PixelRectangle(0, 0, 800, 40), "1"), (rule.Manufacturer, rule.Model, rule.Rows, rule.Columns, rule.Masks[0], rule.SoftwareVersions[0]));

        foreach (var bad in new[]
        {
            "", "{}", "null", "[null]", "[{}]", Good[..^1], Good.Replace("\"rows\": 600,", "", StringComparison.Ordinal), Good.Replace("\"A\"", "null", StringComparison.Ordinal),
            Good.Replace("\"A\"", "\" \"", StringComparison.Ordinal), Good.Replace("\"width\": 800", "\"width\": 801", StringComparison.Ordinal),
            Good.Replace("\"height\": 40", "\"height\": 0", StringComparison.Ordinal), Good.Replace("\"left\": 0", "\"left\": 2147483647", StringComparison.Ordinal),
            Good.Replace("softwareVersions", "softwareVersion", StringComparison.Ordinal),
        })
        {
            Assert.Equal(DicomError.InvalidMaskRule, (await Assert.ThrowsAsync<DicomException>(() => ReadAsync(bad))).Error);
        }

        var outside = await Assert.ThrowsAsync<DicomException>(() => ReadAsync(Good.Replace("40", "4000", StringComparison.Ordinal)));
        Assert.Contains("rule 0", outside.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cleaned_pixels_are_marked()
    {
        var file = PixelMasks.Apply(Image("RGB", "1.2.840.10008.1.2.1", 8, 3, false), Rule);
        file.Dataset.Set(DicomTags.BurnedInAnnotation, "YES");
        new Deidentifier(new DeidentificationKeys(new byte[32])).Apply(file.Dataset);
        PixelMasks.Mark(file.Dataset);

        Assert.Equal("NO", file.Dataset.GetString(DicomTags.BurnedInAnnotation));
        Assert.Equal([Deidentifier.Method, "Clean Pixel Data Option"], file.Dataset.GetStrings(DicomTags.DeidentificationMethod));
        Assert.Equal(
            ["113100", "113101"], file.Dataset.GetSequence(DicomTags.DeidentificationMethodCodeSequence).Select(c => c.GetString(DicomTags.CodeValue)));
        Assert.Empty(DeidentificationVerifier.Check(file.Dataset));
    }

    private static async Task<IReadOnlyList<PixelMaskRule>> ReadAsync(string json) =>
        await PixelMaskRule.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(json)), TestContext.Current.CancellationToken);

    /// <summary>How light a pixel is, in steps of its own kind.</summary>
    private static int Light(FrameDecoder decoder, ReadOnlySpan<byte> pixel) => decoder.Description switch
    {
        { Photometric: PhotometricInterpretation.Monochrome1 } => -pixel[0],
        { Photometric: PhotometricInterpretation.PaletteColor } => 255 - pixel[0], // the palette goes from white to black
        { Photometric: PhotometricInterpretation.YbrFull } => pixel[0] + (1000 * (Math.Abs(pixel[1] - 128) + Math.Abs(pixel[2] - 128))),
        { SamplesPerPixel: 3 } => pixel[0] + pixel[1] + pixel[2],
        { IsSigned: true } => BitConverter.ToInt16(pixel),
        _ => BitConverter.ToUInt16(pixel),
    };

    private static DicomFile Image(string photometric, string uid, int bits, int samples, bool isSigned)
    {
        var dataset = Frames.Dataset(Side, Side, bits: bits, frames: 2);
        dataset.Set(DicomTags.Manufacturer, "Invented Devices");
        dataset.Set(DicomTags.ManufacturerModelName, "SONO 1");
        dataset.Set(DicomTags.SoftwareVersions, "1.0");
        dataset.Set(DicomTags.Modality, "US");
        dataset.Set(DicomTags.PhotometricInterpretation, photometric);
        dataset.Set(DicomTags.SamplesPerPixel, (long)samples);
        dataset.Set(DicomTags.PixelRepresentation, isSigned ? 1L : 0L);
        if (samples == 3)
        {
            dataset.Set(DicomTags.PlanarConfiguration, 0L);
        }

        if (photometric == "PALETTE COLOR")
        {
            byte[] ramp = [.. Enumerable.Range(0, 256).SelectMany(i => new byte[] { (byte)(255 - i), (byte)(255 - i) })];
            foreach (var (descriptor, data) in new[]
            {
                (DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.RedPaletteColorLookupTableData),
                (DicomTags.GreenPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableData),
                (DicomTags.BluePaletteColorLookupTableDescriptor, DicomTags.BluePaletteColorLookupTableData),
            })
            {
                dataset.Set(descriptor, DicomVr.US, new byte[] { 0, 1, 0, 0, 16, 0 });
                dataset.Set(data, DicomVr.OW, ramp);
            }
        }

        var pixels = new byte[2 * Side * Side * samples * bits / 8];
        new Random(bits + samples).NextBytes(pixels);
        dataset.Set(DicomTags.PixelData, bits == 8 ? DicomVr.OB : DicomVr.OW, pixels);
        var file = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        var syntax = DicomTransferSyntax.Find(uid)!;
        return syntax.IsEncapsulated ? FrameTranscoder.Transcode(file, syntax)
            : DicomFile.Read(new DicomFile(dataset, syntax).ToArray());
    }
}
