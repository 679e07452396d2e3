using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom;

public class RoundTripTests
{
    private static readonly DicomVr[] Vrs = Enum.GetValues<DicomVr>().Where(v => v is not (DicomVr.None or DicomVr.SQ)).ToArray();

    public static TheoryData<string> Syntaxes => [.. DicomTransferSyntax.All.Where(s => !s.IsEncapsulated).Select(s => s.Uid)];

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public async Task What_is_written_is_read_and_written_again_byte_for_byte(string uid)
    {
        var syntax = DicomTransferSyntax.Find(uid)!;
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var file = new DicomFile(Dataset(random, 0, syntax.IsExplicit), syntax);
            var bytes = file.ToArray();
            var memory = DicomFile.Read(bytes);
            var stream = await DicomFile.ReadAsync(new TrickleStream(bytes, 999), null, TestContext.Current.CancellationToken);
            Assert.Equal(bytes, memory.ToArray());
            Assert.Equal(bytes, stream.ToArray());
            AssertSame(file.Dataset, memory.Dataset, syntax.IsExplicit);
        }
    }

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public async Task A_header_and_its_rest_make_the_same_file(string uid)
    {
        var ct = TestContext.Current.CancellationToken;
        var syntax = DicomTransferSyntax.Find(uid)!;
        var dataset = Dataset(new Random(7), 0);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[70_001]);
        dataset.Set(DicomTags.DataSetTrailingPadding, DicomVr.OB, new byte[20]);
        var bytes = new DicomFile(dataset, syntax).ToArray();

        using var header = await DicomStreamReader.ReadHeaderAsync(new TrickleStream(bytes, 5000), null, ct);
        await using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        using var copy = new MemoryStream();
        await header.WriteToAsync(copy, rest, ct);

        Assert.Equal(DicomVr.OW, header.PixelData!.Vr);
        Assert.Equal(70_002, header.PixelData.Length);
        Assert.Equal(DicomFile.Read(bytes).Dataset.Count, DicomFile.Read(copy.ToArray()).Dataset.Count);
        if (!syntax.IsDeflated)
        {
            Assert.Equal(bytes, copy.ToArray());
        }
    }

    [Fact]
    public async Task A_header_without_pixel_data_has_no_rest()
    {
        var ct = TestContext.Current.CancellationToken;
        var bytes = new DicomFile(Dataset(new Random(3), 0), DicomTransferSyntax.ExplicitLittleEndian).ToArray();
        using var header = await DicomStreamReader.ReadHeaderAsync(new MemoryStream(bytes), null, ct);
        using var copy = new MemoryStream();
        await using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        await header.WriteToAsync(copy, rest, ct);
        Assert.Null(header.PixelData);
        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact]
    public async Task A_changed_header_is_written_before_the_untouched_rest()
    {
        var ct = TestContext.Current.CancellationToken;
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.PatientName, "Doe^Jane");
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[] { 1, 2, 3, 4 });
        var bytes = new DicomFile(dataset, DicomTransferSyntax.ImplicitLittleEndian).ToArray();
        using var header = await DicomStreamReader.ReadHeaderAsync(new TrickleStream(bytes), null, ct);
        header.Dataset.Set(DicomTags.PatientName, "Nobody");
        using var copy = new MemoryStream();
        await header.WriteToAsync(copy, header.Rest, ct);
        var read = DicomFile.Read(copy.ToArray()).Dataset;
        Assert.Equal("Nobody", read.GetString(DicomTags.PatientName));
        Assert.Equal([1, 2, 3, 4], read.GetBytes(DicomTags.PixelData).ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_follows_the_pixel_data_can_be_dropped(bool isEncapsulated)
    {
        var ct = TestContext.Current.CancellationToken;
        var pixels = isEncapsulated
            ? new RawDicom().Header(0x7FE00010, "OB", RawDicom.Undefined).Item(0).Item(4).Raw(1, 2, 3, 4).EndSequence()
            : new RawDicom().Element(0x7FE00010, "OW", 1, 2, 3, 4);
        var trailing = new RawDicom().Header(0xFFFAFFFA, "SQ", RawDicom.Undefined).Item(RawDicom.Undefined)
            .Text(0x04000100, "UI", "1.2.3\0").EndItem().EndSequence().Element(0xFFFCFFFC, "OB", new byte[30]).ToArray();
        await using var rest = PixelDataScanner.Wrap(
            new TrickleStream(pixels.ToArray().Concat(trailing).ToArray()), DicomEncoding.ExplicitLittleEndian, dropTrailing: true);
        using var kept = new MemoryStream();
        await rest.CopyToAsync(kept, ct);
        Assert.Equal(pixels.ToArray(), kept.ToArray());
    }

    [Fact]
    public void The_scanner_names_what_follows_pixel_data_and_refuses_what_belongs_before_it()
    {
        var pixels = new RawDicom().Element(0x7FE00010, "OW", 1, 2).ToArray();
        var scanner = new PixelDataScanner(DicomEncoding.ExplicitLittleEndian);
        scanner.Append(pixels);
        scanner.Append(new RawDicom().Element(0xFFFCFFFC, "OB", 0, 0).ToArray());
        scanner.Complete();
        Assert.Equal([DicomTags.DataSetTrailingPadding], scanner.TrailingTags);
        Assert.Equal(pixels.Length, scanner.PixelDataEnd);

        var hidden = new PixelDataScanner(DicomEncoding.ExplicitLittleEndian);
        hidden.Append(pixels);
        var refusal = Assert.Throws<DicomException>(() => hidden.Append(new RawDicom().Text(0x00100010, "PN", "Doe ").ToArray()));
        Assert.Equal(DicomError.OutOfOrder, refusal.Error);
    }

    [Fact]
    public void Group_lengths_stay_as_read_and_are_counted_anew_after_a_change()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").UInt32(0x00080000, "UL", 999).Text(0x00080060, "CS", "CT").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal(bytes, file.ToArray());
        file.Dataset.Set(DicomTags.Manufacturer, "Acme");
        var changed = DicomFile.Read(file.ToArray()).Dataset;
        Assert.Equal(22, changed.GetInt32(new DicomTag(0x0008, 0x0000)));
    }

    [Fact]
    public void A_value_too_long_for_its_vr_is_written_as_unknown()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.ImageComments, DicomVr.LT, new byte[70_000]);
        var read = DicomFile.Read(new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray()).Dataset;
        Assert.Equal((DicomVr.UN, 70_000), (read[DicomTags.ImageComments]!.Vr, read.GetBytes(DicomTags.ImageComments).Length));
    }

    [Fact]
    public void A_new_file_has_a_meta_header_by_the_standard()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "1.2.3.4");
        var bytes = new DicomFile(dataset, DicomTransferSyntax.JpegBaseline).ToArray();
        var meta = DicomFile.Read(bytes).Meta;
        Assert.Equal("1.2.840.10008.1.2.4.50", meta.GetUid(DicomTags.TransferSyntaxUID));
        Assert.Equal("1.2.3.4", meta.GetUid(DicomTags.MediaStorageSOPInstanceUID));
        Assert.True(DicomUid.IsValid(meta.GetString(DicomTags.ImplementationClassUID)));
        Assert.Equal(bytes.Length - 144 - meta.GetInt32(DicomTags.FileMetaInformationGroupLength), Length(dataset));
    }

    [Fact]
    public void A_bare_data_set_that_was_changed_becomes_a_whole_file()
    {
        var bytes = new RawDicom(DicomEncoding.ImplicitLittleEndian).Text(0x00080005, "CS", "ISO_IR 100")
            .Text(0x00080018, "UI", "1.2.3\0").Text(0x00100010, "PN", "Doe^J ").ToArray();
        var file = DicomFile.Read(bytes);
        file.Dataset.Remove(DicomTags.SpecificCharacterSet);
        file.Dataset.Set(DicomTags.PatientName, "Nobody");
        var read = DicomFile.Read(file.ToArray());
        Assert.Equal(128, read.Preamble.Length);
        Assert.Equal("1.2.840.10008.1.2", read.Meta.GetUid(DicomTags.TransferSyntaxUID));
        Assert.Equal("1.2.3", read.Meta.GetUid(DicomTags.MediaStorageSOPInstanceUID));
        Assert.Equal("Nobody", read.Dataset.GetString(DicomTags.PatientName));
    }

    private static int Length(DicomDataset dataset) => dataset.Sum(e => 8 + e.Value.Length);

    private static DicomDataset Dataset(Random random, int depth, bool isExplicit = false)
    {
        var dataset = new DicomDataset();
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            var tag = new DicomTag((ushort)(0x0009 + (2 * random.Next(60))), (ushort)random.Next(0x1000, 0xFFFF));
            switch (random.Next(8))
            {
                case 0 when depth < 4:
                    dataset.Set(DicomElement.Sequence(tag, Enumerable.Range(0, random.Next(3)).Select(_ => Dataset(random, depth + 1, isExplicit))));
                    break;
                case 1 when isExplicit: // in implicit VR a private value of undefined length is a sequence
                    dataset.Set(DicomElement.Encapsulated(tag, DicomVr.OB, Bytes(random, 8), Bytes(random, 3000)));
                    break;
                default:
                    var vr = Vrs[random.Next(Vrs.Length)];
                    dataset.Set(tag, vr, Bytes(random, random.Next(10) == 0 ? 40_000 : 40));
                    break;
            }
        }

        return dataset;
    }

    private static ReadOnlyMemory<byte> Bytes(Random random, int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void AssertSame(DicomDataset expected, DicomDataset actual, bool isExplicit)
    {
        Assert.Equal(expected.Select(e => e.Tag), actual.Select(e => e.Tag));
        foreach (var (one, other) in expected.Zip(actual))
        {
            if (isExplicit)
            {
                Assert.Equal(one.Vr, other.Vr);
                Assert.Equal(one.Fragments?.Count, other.Fragments?.Count);
                Assert.Equal(one.Items?.Count, other.Items?.Count);
                foreach (var (item, otherItem) in (one.Items ?? []).Zip(other.Items ?? []))
                {
                    AssertSame(item, otherItem, isExplicit);
                }
            }

            if (one.Items is null && one.Fragments is null)
            {
                Assert.True(one.Value.Span.SequenceEqual(other.Value.Span));
            }
        }
    }
}
