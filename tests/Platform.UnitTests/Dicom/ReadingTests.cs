using Platform.Dicom;
using Xunit;
using Encoding = System.Text.Encoding;

namespace Platform.UnitTests.Dicom;

public class ReadingTests
{
    public static TheoryData<DicomEncoding, string> Layouts => new()
    {
        { DicomEncoding.ImplicitLittleEndian, "1.2.840.10008.1.2" },
        { DicomEncoding.ExplicitLittleEndian, "1.2.840.10008.1.2.1" },
        { DicomEncoding.ExplicitBigEndian, "1.2.840.10008.1.2.2" },
    };

    private static byte[] Sample(DicomEncoding encoding, string uid) => RawDicom.File(uid, encoding)
        .Text(0x00080005, "CS", "ISO_IR 100")
        .Text(0x00080060, "CS", "CT")
        .Header(0x00081115, "SQ", RawDicom.Undefined)
        .Item(RawDicom.Undefined).Text(0x0020000E, "UI", "1.2.3\0").EndItem()
        .Item(12).Text(0x00200011, "IS", "7 12")
        .EndSequence()
        .Text(0x00100010, "PN", "Doe^J ")
        .UInt16(0x00280010, "US", 0x0102)
        .UInt16(0x00280103, "US", 1)
        .UInt16(0x00280120, "SS", 0xFFFE)
        .ToArray();

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_file_reads_alike_in_every_layout(DicomEncoding encoding, string uid)
    {
        var file = DicomFile.Read(Sample(encoding, uid));

        Assert.Equal(encoding, file.Encoding);
        Assert.Equal("CT", file.Dataset.GetString(DicomTags.Modality));
        Assert.Equal(0x0102, file.Dataset.GetInt32(DicomTags.Rows));
        Assert.Equal(-2, file.Dataset.GetInt32(DicomTags.PixelPaddingValue));
        Assert.Equal(DicomVr.SS, file.Dataset[DicomTags.PixelPaddingValue]!.Vr);
        Assert.Equal(["Doe", "J"], new[] { file.Dataset.GetPersonName(DicomTags.PatientName)!.FamilyName, file.Dataset.GetPersonName(DicomTags.PatientName)!.GivenName });
        var items = file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence);
        Assert.Equal(2, items.Count);
        Assert.Equal("1.2.3", items[0].GetUid(DicomTags.SeriesInstanceUID));
        Assert.Same(file.Dataset, items[0].Parent);
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task A_stream_in_drops_reads_like_memory(DicomEncoding encoding, string uid)
    {
        var bytes = Sample(encoding, uid);
        var file = await DicomFile.ReadAsync(new TrickleStream(bytes), null, TestContext.Current.CancellationToken);
        Assert.Equal(DicomFile.Read(bytes).ToArray(), file.ToArray());
    }

    private static readonly DicomReadOptions OnDemand = new() { SequencesOnDemand = true };

    private static byte[] Nested(DicomEncoding encoding, string uid, uint innermost = 4)
    {
        RawDicom Sequence(uint tag, RawDicom item) => new RawDicom(encoding)
            .Header(tag, "SQ", (uint)item.ToArray().Length + 8).Item((uint)item.ToArray().Length).Raw(item.ToArray());

        var inner = Sequence(0x00081199, new RawDicom(encoding).Header(0x00200011, "IS", innermost).Raw("120 "u8.ToArray()));
        var outer = Sequence(0x00081115, new RawDicom(encoding).Text(0x00080060, "CS", "MR").Raw(inner.ToArray()).UInt16(0x00280120, "SS", 0xFFFE));
        return RawDicom.File(uid, encoding)
            .Text(0x00080005, "CS", "ISO_IR 100")
            .Raw(outer.ToArray())
            .UInt16(0x00280103, "US", 1)
            .Raw(Sequence(0x00283010, new RawDicom(encoding).UInt16(0x00280120, "SS", 0xFFFE).Text(0x00283003, "LO", "Röntgen ")).ToArray())
            .ToArray();
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Sequences_on_demand_hold_what_they_hold_at_once(DicomEncoding encoding, string uid)
    {
        var bytes = Nested(encoding, uid);
        var file = DicomFile.Read(bytes, OnDemand);

        Assert.EndsWith("not read yet", file.Dataset[DicomTags.ReferencedSeriesSequence]!.ToString(), StringComparison.Ordinal);
        var outer = Assert.Single(file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence));
        Assert.Same(outer, file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence)[0]);
        Assert.Same(file.Dataset, outer.Parent);
        Assert.Equal("MR", outer.GetString(DicomTags.Modality));
        var inner = Assert.Single(outer.GetSequence(DicomTags.ReferencedSOPSequence));
        Assert.Same(outer, inner.Parent);
        Assert.Equal(120, inner.GetInt32(DicomTags.SeriesNumber));
        var lut = Assert.Single(file.Dataset.GetSequence(DicomTags.VOILUTSequence));
        Assert.Equal(-2, lut.GetInt32(DicomTags.PixelPaddingValue)); // signed, by the Pixel Representation around it
        Assert.Equal("Röntgen", lut.GetString(DicomTags.LUTExplanation)); // by the character set around it
        Assert.Equal(bytes, file.ToArray());
        Assert.Equal(bytes, DicomFile.Read(bytes, OnDemand).ToArray());
    }

    [Fact]
    public void What_is_wrong_in_a_sequence_on_demand_is_told_to_whoever_asks_with_its_place()
    {
        var bytes = Nested(DicomEncoding.ExplicitLittleEndian, "1.2.840.10008.1.2.1", innermost: 400);
        var atOnce = Assert.Throws<DicomException>(() => DicomFile.Read(bytes));

        var file = DicomFile.Read(bytes, OnDemand);
        Assert.Equal("MR", file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence)[0].GetString(DicomTags.Modality));
        var inner = file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence)[0][DicomTags.ReferencedSOPSequence]!;
        for (var time = 0; time < 2; time++)
        {
            var asked = Assert.Throws<DicomException>(() => inner.Items);
            Assert.Equal((atOnce.Error, atOnce.Tag, atOnce.Offset), (asked.Error, asked.Tag, asked.Offset));
        }

        Assert.Equal(atOnce.Error, Assert.Throws<DicomException>(() => file.ToArray()).Error);
    }

    [Fact]
    public void Budgets_hold_in_sequences_on_demand()
    {
        var bytes = Nested(DicomEncoding.ExplicitLittleEndian, "1.2.840.10008.1.2.1");
        var deep = DicomFile.Read(bytes, OnDemand with { Budgets = new DicomBudgets { MaxDepth = 1 } });
        var item = deep.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence)[0];
        Assert.Equal(DicomError.OverBudget, Assert.Throws<DicomException>(() => item.GetSequence(DicomTags.ReferencedSOPSequence)).Error);

        // Larger than a value may be: read at once, as if nothing had been said.
        var atOnce = DicomFile.Read(bytes, OnDemand with { Budgets = new DicomBudgets { MaxValueBytes = 40 } });
        Assert.EndsWith("1 items", atOnce.Dataset[DicomTags.ReferencedSeriesSequence]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_on_demand_comes_from_a_stream_in_drops()
    {
        var bytes = Nested(DicomEncoding.ImplicitLittleEndian, "1.2.840.10008.1.2");
        var file = await DicomFile.ReadAsync(new TrickleStream(bytes), OnDemand, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void Attribute_tags_of_big_endian_are_two_words()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.2", DicomEncoding.ExplicitBigEndian)
            .Header(0x00280009, "AT", 4).Number((ushort)0x0018).Number((ushort)0x1063).ToArray();
        Assert.Equal("00181063", DicomFile.Read(bytes).Dataset.GetString(DicomTags.FrameIncrementPointer));
    }

    [Fact]
    public void Elements_out_of_order_are_put_in_order()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00100010, "PN", "A ").Text(0x00080060, "CS", "CT").ToArray();
        Assert.Equal([DicomTags.Modality, DicomTags.PatientName], DicomFile.Read(bytes).Dataset.Select(e => e.Tag));
    }

    [Fact]
    public void A_doubled_element_is_read_once_if_it_says_the_same()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "CT").Text(0x00080060, "CS", "CT").ToArray();
        Assert.Single(DicomFile.Read(bytes).Dataset);
    }

    [Fact]
    public void An_unknown_with_undefined_length_is_an_implicit_sequence()
    {
        var inner = new RawDicom(DicomEncoding.ImplicitLittleEndian).Text(0x00100020, "LO", "ab").ToArray();
        var bytes = RawDicom.File("1.2.840.10008.1.2.1")
            .Header(0x00091001, "UN", RawDicom.Undefined).Item((uint)inner.Length).Raw(inner).EndSequence()
            .Text(0x00100020, "LO", "cd")
            .ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal("ab", file.Dataset.GetSequence(new DicomTag(0x00091001))[0].GetString(DicomTags.PatientID));
        Assert.Equal("cd", file.Dataset.GetString(DicomTags.PatientID));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void A_known_sequence_written_as_unknown_is_read_as_a_sequence()
    {
        var inner = new RawDicom(DicomEncoding.ImplicitLittleEndian).Text(0x00100020, "LO", "ab").ToArray();
        var bytes = RawDicom.File("1.2.840.10008.1.2.1")
            .Header(0x00081115, "UN", (uint)inner.Length + 8).Item((uint)inner.Length).Raw(inner).ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal("ab", file.Dataset.GetSequence(DicomTags.ReferencedSeriesSequence)[0].GetString(DicomTags.PatientID));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void An_unknown_with_a_known_tag_is_read_by_the_dictionary()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00100010, "UN", "Doe^Jane").Element(0x00280010, "UN", 2, 1).ToArray();
        var dataset = DicomFile.Read(bytes).Dataset;
        Assert.Equal("Doe^Jane", dataset.GetString(DicomTags.PatientName));
        Assert.Equal(0x0102, dataset.GetInt32(DicomTags.Rows));
    }

    [Fact]
    public void A_wrong_vr_is_kept_as_it_is()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00280010, "IS", "512 ").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal(DicomVr.IS, file.Dataset[DicomTags.Rows]!.Vr);
        Assert.Equal(512, file.Dataset.GetInt32(DicomTags.Rows));
        Assert.Equal(bytes, file.ToArray());
    }

    [Theory]
    [InlineData("  ")]
    [InlineData("??")]
    [InlineData("\0\0")]
    public void Marks_for_an_unknown_vr_are_read_and_written_back(string mark)
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "CT")
            .Raw(0x28, 0, 0x10, 0).Raw(Encoding.Latin1.GetBytes(mark)).Raw(2, 0, 7, 0).Text(0x00281050, "DS", "40").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal(7, file.Dataset.GetInt32(DicomTags.Rows));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void An_element_without_vr_among_explicit_ones_is_read()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "CT")
            .Raw(0x10, 0, 0x20, 0, 4, 0, 0, 0, 65, 66, 67, 68).Text(0x00281050, "DS", "40").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal("ABCD", file.Dataset.GetString(DicomTags.PatientID));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void Encapsulated_pixel_data_in_an_implicit_layout_is_ob()
    {
        var file = DicomFile.Read(new RawDicom(DicomEncoding.ImplicitLittleEndian).Text(0x00080060, "CS", "CT")
            .Header(0x7FE00010, "OW", RawDicom.Undefined).Item(0).Item(2).Raw(1, 2).EndSequence().ToArray());

        Assert.Equal((DicomVr.OB, 2), (file.Dataset[DicomTags.PixelData]!.Vr, file.Dataset[DicomTags.PixelData]!.Fragments!.Count));
    }

    [Fact]
    public void Fragments_are_kept_with_their_offset_table()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.4.50")
            .Header(0x7FE00010, "OB", RawDicom.Undefined)
            .Item(4).Raw(0, 0, 0, 0).Item(2).Raw(1, 2).Item(4).Raw(3, 4, 5, 6).EndSequence().ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal([4, 2, 4], file.Dataset[DicomTags.PixelData]!.Fragments!.Select(f => f.Length));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void Odd_values_trailing_padding_and_trailing_zeros_come_back()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "ABC").Element(0xFFFCFFFC, "OB", new byte[10])
            .Raw(new byte[37]).ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal("ABC", file.Dataset.GetString(DicomTags.Modality));
        Assert.Equal(37, file.TrailingZeroBytes);
        Assert.Equal(bytes, file.ToArray());
    }

    [Theory]
    [InlineData(DicomEncoding.ExplicitLittleEndian)]
    [InlineData(DicomEncoding.ImplicitLittleEndian)]
    [InlineData(DicomEncoding.ExplicitBigEndian)]
    public void A_bare_data_set_is_read_without_preamble_and_meta_header(DicomEncoding encoding)
    {
        var bytes = new RawDicom(encoding).Text(0x00080005, "CS", "ISO_IR 100").Text(0x00080060, "CS", "CT").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal((encoding, "CT"), (file.Encoding, file.Dataset.GetString(DicomTags.Modality)));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void A_meta_header_without_preamble_is_read()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "CT").ToArray()[132..];
        Assert.Equal("CT", DicomFile.Read(bytes).Dataset.GetString(DicomTags.Modality));
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2.1", DicomEncoding.ImplicitLittleEndian)]
    [InlineData("1.2.840.10008.1.2", DicomEncoding.ExplicitLittleEndian)]
    [InlineData("1.2.840.10008.1.2.2", DicomEncoding.ExplicitLittleEndian)]
    public void A_layout_other_than_declared_is_seen_and_kept(string declared, DicomEncoding real)
    {
        var bytes = RawDicom.File(declared, real).Text(0x00080005, "CS", "ISO_IR 100").Text(0x00080060, "CS", "CT").ToArray();
        var file = DicomFile.Read(bytes);
        Assert.Equal((declared, real), (file.Syntax.Uid, file.Encoding));
        Assert.Equal("CT", file.Dataset.GetString(DicomTags.Modality));
        Assert.Equal(bytes, file.ToArray());
    }

    [Fact]
    public void Header_only_stops_before_pixel_data_and_says_where_it_is()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Text(0x00080060, "CS", "CT").Element(0x7FE00010, "OW", new byte[6]).ToArray();
        var file = DicomFile.Read(bytes, new DicomReadOptions { StopBeforePixelData = true });
        Assert.False(file.Dataset.Contains(DicomTags.PixelData));
        Assert.Equal(new PixelDataLocation(DicomTags.PixelData, DicomVr.OW, bytes.Length - 18, bytes.Length - 6, 6), file.PixelData);
    }

    [Fact]
    public void Pixel_data_of_an_icon_does_not_stop_reading()
    {
        var icon = new RawDicom().Element(0x7FE00010, "OB", new byte[4]).ToArray();
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Header(0x00880200, "SQ", (uint)icon.Length + 8).Item((uint)icon.Length).Raw(icon)
            .Element(0x7FE00010, "OB", new byte[6]).ToArray();
        var file = DicomFile.Read(bytes, new DicomReadOptions { StopBeforePixelData = true });
        Assert.Equal(4, file.Dataset.GetSequence(DicomTags.IconImageSequence)[0].GetBytes(DicomTags.PixelData).Length);
        Assert.Equal(6, file.PixelData!.Length);
    }

    [Fact]
    public async Task Large_values_are_passed_over_and_located()
    {
        var bytes = RawDicom.File("1.2.840.10008.1.2.1").Element(0x00420011, "OB", new byte[300_000]).Text(0x00420012, "LO", "application/pdf ").ToArray();
        var options = new DicomReadOptions { LargeValues = LargeValues.Skip };
        var file = await DicomFile.ReadAsync(new TrickleStream(bytes, 9000), options, TestContext.Current.CancellationToken);
        Assert.Equal(new BulkData(bytes.Length - 300_000 - 24, 300_000), file.Dataset[DicomTags.EncapsulatedDocument]!.Bulk);
        Assert.Equal("application/pdf", file.Dataset.GetString(DicomTags.MIMETypeOfEncapsulatedDocument));
        Assert.Equal(DicomError.Unwritable, Assert.Throws<DicomException>(file.ToArray).Error);
    }

    [Fact]
    public void Tokens_come_one_by_one()
    {
        var bytes = new RawDicom().Text(0x00080060, "CS", "CT").Header(0x00081115, "SQ", 8).Item(0).ToArray();
        var reader = new DicomReader(bytes, DicomEncoding.ExplicitLittleEndian);
        var tokens = new List<DicomToken>();
        while (reader.Read())
        {
            tokens.Add(reader.Token);
        }

        Assert.Equal(
            [DicomToken.Element, DicomToken.SequenceStart, DicomToken.ItemStart, DicomToken.ItemEnd, DicomToken.SequenceEnd], tokens);
    }
}
