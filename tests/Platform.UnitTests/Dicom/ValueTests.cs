using System.Text;
using System.Text.Json;
using Platform.Dicom;
using Platform.Dicom.CharacterSets;
using Xunit;

namespace Platform.UnitTests.Dicom;

public class ValueTests
{
    public static TheoryData<string, string, string> Texts => new()
    {
        // The examples of PS3.5 Annexes H, I, J and K, and one of each single-byte repertoire.
        { "ISO_IR 100", "Äneas^Rüdiger", "C46E6561735E52FC6469676572" },
        { "ISO_IR 101", "Wałęsa", "5761B3EA7361" },
        { "ISO_IR 109", "Ġorġ", "D56F72F5" },
        { "ISO_IR 110", "Jānis", "4AE06E6973" },
        { "ISO_IR 144", "Люксембург", "BBEEDAE1D5DCD1E3E0D3" },
        { "ISO_IR 127", "قباني^لنزار", "E2C8C7E6EA5EE4E6D2C7D1" },
        { "ISO_IR 126", "Διονυσιος", "C4E9EFEDF5F3E9EFF2" },
        { "ISO_IR 138", "שרון^דבורה", "F9F8E5EF5EE3E1E5F8E4" },
        { "ISO_IR 148", "Çavuşoğlu", "C7617675FE6FF06C75" },
        { "ISO_IR 203", "Œuvre€", "BC75767265A4" },
        { "ISO_IR 166", "นามสกุล", "B9D2C1CAA1D8C5" },
        { "ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", "D4CFC0DE5EC0DBB3" },
        { "ISO_IR 192", "Wang^XiaoDong=王^小東=", "57616E675E5869616F446F6E673DE78E8B5EE5B08FE69DB13D" },
        { "GB18030", "Wang^XiaoDong=王^小东=", "57616E675E5869616F446F6E673DCDF55ED0A1B6AB3D" },
        { "GBK", "王^小东", "CDF55ED0A1B6AB" },
        { "\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "59616D6164615E5461726F753D1B24423B3345441B28425E1B244242404F3A1B28423D1B24422464245E24401B28425E1B2442243F246D24261B2842" },
        { "ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            "D4CFC0DE5EC0DBB33D1B24423B3345441B284A5E1B244242404F3A1B284A3D1B24422464245E24401B284A5E1B2442243F246D24261B284A" },
        { "\\ISO 2022 IR 159", "^丂", "5E1B24284430211B2842" },
        { "\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동",
            "486F6E675E47696C646F6E673D1B242943FBF35E1B242943D1CED4D73D1B242943C8AB5E1B242943B1E6B5BF" },
        { "\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东=",
            "5A68616E675E5869616F446F6E673D1B242941D5C55E1B242941D0A1B6AB3D" },
        { "ISO 2022 IR 100\\ISO 2022 IR 144", "Müller^Люк", "4DFC6C6C65725E1B2D4CBBEEDA" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_name_is_decoded_and_encoded_in_its_character_set(string terms, string text, string hex)
    {
        var charset = SpecificCharacterSet.Parse(terms);
        Assert.Equal(text, charset.Decode(Convert.FromHexString(hex), isPersonName: true));
        Assert.Equal(hex, Convert.ToHexString(charset.Encode(text, isPersonName: true)));
    }

    [Theory]
    [InlineData("ISO-IR 100")]
    [InlineData("ISO IR 100")]
    [InlineData("ISO_IR_100")]
    [InlineData("ISO 2022 IR 100")]
    public void Misspelt_terms_are_understood(string term) =>
        Assert.Equal("é", SpecificCharacterSet.Parse(term).Decode([0xE9]));

    [Theory]
    [InlineData("ISO_IR 127", "DD")]
    [InlineData("ISO_IR 138", "FB")]
    [InlineData("ISO_IR 126", "A5")]
    [InlineData("ISO_IR 166", "DB")]
    public void A_byte_that_is_no_character_is_the_replacement_character(string term, string hex) =>
        Assert.Equal("\uFFFD", SpecificCharacterSet.Parse(term).Decode(Convert.FromHexString(hex)));

    [Fact]
    public void A_control_character_of_thai_is_none_of_windows() =>
        Assert.Equal("\u0085", SpecificCharacterSet.Parse("ISO_IR 166").Decode([0x85]));

    [Fact]
    public void Every_jis_x_0212_and_0208_character_survives()
    {
        var charset = SpecificCharacterSet.Parse("\\ISO 2022 IR 87\\ISO 2022 IR 159");
        foreach (var text in new[] { "亜腕弌熙", "丂丄仡黸" })
        {
            Assert.Equal(text, charset.Decode(charset.Encode(text)));
        }
    }

    [Fact]
    public void A_text_that_the_character_set_lacks_is_refused()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 100");
        var refusal = Assert.Throws<DicomException>(() => dataset.Set(DicomTags.PatientName, "山田"));
        Assert.Equal((DicomError.UnencodableText, DicomTags.PatientName), (refusal.Error, refusal.Tag));
    }

    [Fact]
    public void Bytes_without_meaning_become_replacement_characters()
    {
        Assert.Equal("a\uFFFDb", SpecificCharacterSet.Utf8.Decode([0x61, 0xFF, 0x62]));
        Assert.Equal("a\uFFFD", SpecificCharacterSet.Parse("\\ISO 2022 IR 149").Decode([0x61, 0x1B, 0x24, 0x29, 0x43, 0xC8]));
    }

    [Fact]
    public void A_backslash_inside_a_double_byte_character_separates_nothing()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "GBK");
        dataset.Set(DicomTags.PatientComments, "a");
        dataset.Set(DicomTags.OtherPatientNames, DicomVr.PN, new byte[] { 0x81, 0x5C, (byte)'\\', (byte)'b' });
        Assert.Equal(["乗", "b"], dataset.GetStrings(DicomTags.OtherPatientNames));
    }

    [Fact]
    public void An_item_inherits_the_character_set_and_may_have_its_own()
    {
        var (heir, own) = (new DicomDataset(), new DicomDataset());
        own.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        var root = new DicomDataset();
        root.Set(DicomTags.SpecificCharacterSet, "ISO_IR 144");
        root.SetSequence(DicomTags.ReferencedStudySequence, heir, own);
        heir.Set(DicomTags.StudyDescription, "Люк");
        own.Set(DicomTags.StudyDescription, "Люк");
        Assert.Equal([4, 6], new[] { heir.GetBytes(DicomTags.StudyDescription).Length, own.GetBytes(DicomTags.StudyDescription).Length });
        Assert.Equal("Люк", heir.GetString(DicomTags.StudyDescription));
        root.Set(DicomTags.SpecificCharacterSet, "ISO_IR 126");
        Assert.NotEqual("Люк", heir.GetString(DicomTags.StudyDescription));
    }

    [Fact]
    public void Numbers_are_read_by_vr()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.PixelSpacing, 0.5, 0.25);
        dataset.Set(DicomTags.InstanceNumber, "12");
        dataset.Set(DicomTags.Rows, 512);
        dataset.Set(DicomTags.RecommendedDisplayFrameRateInFloat, 2.5);
        dataset.Set(DicomTags.SelectorSVValue, long.MinValue);
        dataset.Set(DicomTags.SelectorUVValue, "18446744073709551615");
        dataset.Set(DicomTags.SelectorATValue, "PatientName");
        Assert.Equal([0.5, 0.25], dataset.GetDoubles(DicomTags.PixelSpacing));
        Assert.Equal(12, dataset.GetInt32(DicomTags.InstanceNumber));
        Assert.Equal(512, dataset.GetInt32(DicomTags.Rows));
        Assert.Equal(2.5, dataset.GetDouble(DicomTags.RecommendedDisplayFrameRateInFloat));
        Assert.Equal(long.MinValue, dataset.GetInt64(DicomTags.SelectorSVValue));
        Assert.Null(dataset.GetInt64(DicomTags.SelectorUVValue));
        Assert.Equal("18446744073709551615", dataset.GetString(DicomTags.SelectorUVValue));
        Assert.Equal("00100010", dataset.GetString(DicomTags.SelectorATValue));
    }

    [Theory]
    [InlineData("1.0", 1)]
    [InlineData(" 7 ", 7)]
    [InlineData("+3", 3)]
    [InlineData("1.5", null)]
    [InlineData("x", null)]
    [InlineData("99999999999", null)]
    [InlineData("", null)]
    public void An_integer_string_is_an_integer_or_nothing(string text, int? value)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.InstanceNumber, text);
        Assert.Equal(value, dataset.GetInt32(DicomTags.InstanceNumber));
    }

    [Theory]
    [InlineData(1.0 / 3)]
    [InlineData(-1234567.891234567)]
    [InlineData(1e-300)]
    [InlineData(-2.2250738585072014E-308)]
    public void A_decimal_string_has_at_most_16_characters(double value)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SliceLocation, value);
        Assert.InRange(dataset.GetString(DicomTags.SliceLocation)!.Length, 1, 16);
        Assert.InRange(dataset.GetDouble(DicomTags.SliceLocation)! / value ?? 0, 0.999999, 1.000001);
    }

    [Fact]
    public void Dates_and_times_are_read_with_what_they_leave_out()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.StudyDate, "19970609");
        dataset.Set(DicomTags.SeriesDate, "1997.06.09");
        dataset.Set(DicomTags.ContentDate, "19971309");
        dataset.Set(DicomTags.StudyTime, "101938.29");
        dataset.Set(DicomTags.SeriesTime, "10");
        dataset.Set(DicomTags.ContentTime, "2561");
        Assert.Equal(new DateOnly(1997, 6, 9), dataset.GetDate(DicomTags.StudyDate));
        Assert.Equal(new DateOnly(1997, 6, 9), dataset.GetDate(DicomTags.SeriesDate));
        Assert.Null(dataset.GetDate(DicomTags.ContentDate));
        Assert.Equal(new TimeOnly(10, 19, 38, 290), dataset.GetTime(DicomTags.StudyTime));
        Assert.Equal(new TimeOnly(10, 0), dataset.GetTime(DicomTags.SeriesTime));
        Assert.Null(dataset.GetTime(DicomTags.ContentTime));
    }

    [Fact]
    public void Values_are_trimmed_and_empty_ones_keep_their_place()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.ImageType, DicomVr.CS, "ORIGINAL\\\\AXIAL "u8.ToArray());
        dataset.Set(DicomTags.SOPInstanceUID, DicomVr.UI, "1.2 "u8.ToArray());
        dataset.Set(DicomTags.ImageComments, DicomVr.LT, "  a\\b "u8.ToArray());
        dataset.SetEmpty(DicomTags.PatientName);
        Assert.Equal(["ORIGINAL", "", "AXIAL"], dataset.GetStrings(DicomTags.ImageType));
        Assert.Equal("1.2", dataset.GetUid(DicomTags.SOPInstanceUID));
        Assert.Equal("  a\\b", dataset.GetString(DicomTags.ImageComments));
        Assert.Null(dataset.GetString(DicomTags.PatientName));
        Assert.Empty(dataset.GetSequence(DicomTags.ReferencedStudySequence));
    }

    [Fact]
    public void Elements_can_be_set_replaced_and_removed()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.PatientID, "1");
        dataset.Set(DicomTags.Modality, "CT");
        dataset.Set(DicomTags.PatientID, "2");
        Assert.Equal([DicomTags.Modality, DicomTags.PatientID], dataset.Select(e => e.Tag));
        Assert.Equal("2", dataset.GetString(DicomTags.PatientID));
        Assert.True(dataset.Remove(DicomTags.Modality));
        Assert.False(dataset.Remove(DicomTags.Modality));
        Assert.Equal(1, dataset.RemoveWhere(e => e.Tag == DicomTags.PatientID));
        Assert.Empty(dataset);
    }

    [Fact]
    public void Json_says_what_the_standard_says()
    {
        var item = new DicomDataset();
        item.Set(DicomTags.ReferencedSOPInstanceUID, "1.2.3");
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO 2022 IR 13", "ISO 2022 IR 87");
        dataset.Set(DicomTags.PatientName, "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
        dataset.Set(DicomTags.ImageType, "ORIGINAL", "", "AXIAL");
        dataset.Set(DicomTags.PixelSpacing, "0.50", "1e-3");
        dataset.Set(DicomTags.InstanceNumber, "7");
        dataset.Set(DicomTags.Rows, 512);
        dataset.Set(DicomTags.FrameIncrementPointer, "FrameTime");
        dataset.Set(DicomTags.RecommendedDisplayFrameRateInFloat, double.NaN);
        dataset.SetSequence(DicomTags.ReferencedImageSequence, item, new DicomDataset());
        dataset.SetEmpty(DicomTags.PatientSex);
        dataset.Set(new DicomTag(0x00091001), DicomVr.UN, new byte[] { 1, 2 });
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[4]);

        var json = Json(dataset, e => e.Tag == DicomTags.PixelData ? "bulk/1" : null);

        Assert.Equal(
            """
            {"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080008":{"vr":"CS","Value":["ORIGINAL",null,"AXIAL"]},
            "00081140":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.3"]}},{}]},"00089459":{"vr":"FL","Value":["NaN"]},
            "00091001":{"vr":"UN","InlineBinary":"AQI="},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"ﾔﾏﾀﾞ^ﾀﾛｳ","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]},"00100040":{"vr":"CS"},
            "00200013":{"vr":"IS","Value":[7]},"00280009":{"vr":"AT","Value":["00181063"]},"00280010":{"vr":"US","Value":[512]},
            "00280030":{"vr":"DS","Value":[0.50,0.001]},"7FE00010":{"vr":"OW","BulkDataURI":"bulk/1"}}
            """.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal),
            json);
    }

    [Theory]
    [InlineData(1, -32768)]
    [InlineData(0, 32768)]
    public void A_UN_that_is_US_or_SS_goes_by_Pixel_Representation(long representation, long padding)
    {
        var (dataset, item) = (new DicomDataset(), new DicomDataset());
        foreach (var part in new[] { dataset, item })
        {
            part.Set(DicomTags.PixelPaddingValue, DicomVr.UN, new byte[] { 0x00, 0x80 });
        }

        dataset.Set(DicomTags.PixelRepresentation, representation);
        dataset.SetSequence(DicomTags.ReferencedImageSequence, item);

        Assert.Equal((padding, padding), (dataset.GetInt64(DicomTags.PixelPaddingValue), item.GetInt64(DicomTags.PixelPaddingValue)));
        Assert.Equal($"{padding}", dataset.GetString(DicomTags.PixelPaddingValue));
        Assert.Equal(padding, dataset.GetDouble(DicomTags.PixelPaddingValue));
        var vr = representation == 1 ? "SS" : "US";
        Assert.Contains($$"""
            "00280120":{"vr":"{{vr}}","Value":[{{padding}}]}
            """, Json(dataset, _ => null), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_read_back_in_unicode()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 144");
        dataset.Set(DicomTags.PatientName, "Люк");
        dataset.Set(DicomTags.PixelSpacing, 0.5, 0.25);
        dataset.Set(DicomTags.ImageType, "ORIGINAL", "", "AXIAL");
        dataset.Set(DicomTags.SelectorSVValue, long.MaxValue);
        dataset.Set(DicomTags.FrameIncrementPointer, "FrameTime");
        dataset.Set(new DicomTag(0x00091001), DicomVr.OB, new byte[] { 1, 2 });
        dataset.SetSequence(DicomTags.ReferencedImageSequence, new DicomDataset());
        var json = Json(dataset, _ => null);
        var read = DicomJson.Read(Encoding.UTF8.GetBytes(json));
        Assert.Equal("ISO_IR 192", read.GetString(DicomTags.SpecificCharacterSet));
        Assert.Equal("Люк", read.GetString(DicomTags.PatientName));
        Assert.Equal(json, Json(read, _ => null));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"0010001\":{\"vr\":\"PN\"}}")]
    [InlineData("{\"PatientName\":{\"vr\":\"PN\"}}")]
    [InlineData("{\"00100010\":[]}")]
    [InlineData("{\"00100010\":{\"vr\":\"ZZ\"}}")]
    [InlineData("{\"00280010\":{\"vr\":\"US\",\"Value\":7}}")]
    [InlineData("{\"00091001\":{\"vr\":\"OB\",\"InlineBinary\":\"!\"}}")]
    [InlineData("{\"00100010\":{\"vr\":\"PN\",\"Value\":[true]}}")]
    public void Json_that_is_no_data_set_is_refused(string json) =>
        Assert.Equal(DicomError.InvalidJson, Assert.Throws<DicomException>(() => DicomJson.Read(Encoding.UTF8.GetBytes(json))).Error);

    [Fact]
    public void Json_too_deep_is_refused()
    {
        var json = string.Concat(Enumerable.Repeat("{\"00081115\":{\"vr\":\"SQ\",\"Value\":[", 65)) + "{}"
            + string.Concat(Enumerable.Repeat("]}}", 65));
        Assert.Contains(
            Assert.Throws<DicomException>(() => DicomJson.Read(Encoding.UTF8.GetBytes(json))).Error,
            new[] { DicomError.OverBudget, DicomError.InvalidJson });
    }

    private static string Json(DicomDataset dataset, Func<DicomElement, string?> bulkDataUri)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(stream, options))
        {
            DicomJson.Write(writer, dataset, bulkDataUri);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
