using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Dicom;

public class DictionaryTests
{
    [Theory]
    [InlineData("00100010")]
    [InlineData("0010,0010")]
    [InlineData("(0010,0010)")]
    [InlineData("PatientName")]
    public void A_tag_is_read_from_digits_and_from_its_keyword(string text) =>
        Assert.Equal(DicomTags.PatientName, DicomTag.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0010001")]
    [InlineData("0010001G")]
    [InlineData("patientname")]
    [InlineData("+0100010")]
    public void What_is_no_tag_is_not_read_as_one(string text) => Assert.False(DicomTag.TryParse(text, out _));

    [Fact]
    public void Tags_order_by_group_then_element()
    {
        Assert.True(new DicomTag(0x0008, 0xFFFF) < new DicomTag(0x0010, 0x0000));
        Assert.Equal("(7FE0,0010)", DicomTags.PixelData.ToString());
    }

    [Theory]
    [InlineData(0x0009, 0x0010, true, true)]
    [InlineData(0x0009, 0x1010, true, false)]
    [InlineData(0x0008, 0x0010, false, false)]
    [InlineData(0x0001, 0x0010, false, false)]
    [InlineData(0xFFFF, 0x0010, false, false)]
    public void Private_tags_and_creators_are_told_by_number(ushort group, ushort element, bool isPrivate, bool isCreator)
    {
        var tag = new DicomTag(group, element);
        Assert.Equal((isPrivate, isCreator), (tag.IsPrivate, tag.IsPrivateCreator));
    }

    [Fact]
    public void Every_row_is_found_by_tag_and_by_keyword()
    {
        Assert.True(DicomDictionary.Count > 5000);
        foreach (var row in DicomDictionary.All())
        {
            Assert.Equal(row.Tag, DicomDictionary.Find(row.Keyword)!.Tag);
            if (row.Mask == uint.MaxValue)
            {
                Assert.Equal(row.Keyword, DicomDictionary.Find(row.Tag)!.Keyword);
            }
        }
    }

    [Theory]
    [InlineData(0x60003000, "OverlayData")]
    [InlineData(0x601E3000, "OverlayData")]
    [InlineData(0x50123000, "CurveData")]
    [InlineData(0x002031AB, "SourceImageIDs")]
    [InlineData(0x00280410, "RowsForNthOrderCoefficients")]
    [InlineData(0x7F100010, "VariablePixelData")]
    [InlineData(0x7FE00010, "PixelData")]
    public void Repeating_groups_are_found_by_each_of_their_tags(uint tag, string keyword) =>
        Assert.Equal(keyword, DicomDictionary.Find(new DicomTag(tag))?.Keyword);

    [Theory]
    [InlineData(0x60013000)]
    [InlineData(0x00091010)]
    [InlineData(0x00100011)]
    public void Private_and_unknown_tags_have_no_row(uint tag) => Assert.Null(DicomDictionary.Find(new DicomTag(tag)));

    [Fact]
    public void A_row_names_all_its_value_representations()
    {
        Assert.Equal([DicomVr.OB, DicomVr.OW], DicomDictionary.Find(DicomTags.PixelData)!.Vrs);
        Assert.Equal([DicomVr.US, DicomVr.SS], DicomDictionary.Find(DicomTags.PixelPaddingValue)!.Vrs);
    }

    [Fact]
    public void Every_vr_is_its_own_code()
    {
        for (var vr = DicomVr.AE; vr <= DicomVr.UV; vr++)
        {
            Assert.Equal(vr.ToString(), vr.Code);
            Assert.Equal(vr, DicomVrs.Parse(vr.Code));
        }

        Assert.Equal(DicomVr.None, DicomVrs.Parse("ZZ"));
        Assert.Equal(DicomVr.None, DicomVrs.Parse("ob"));
    }

    [Fact]
    public void Sop_classes_have_names() =>
        Assert.Equal("CT Image Storage", DicomUids.FindSopClassName(DicomUids.CTImageStorage));

    [Fact]
    public void The_confidentiality_table_has_its_621_rows_each_found_by_its_tag()
    {
        Assert.Equal(621, ConfidentialityProfile.Rows.Count);
        Assert.All(ConfidentialityProfile.Rows, row => Assert.Same(row, ConfidentialityProfile.Find(row.Tag)));
    }

    [Theory]
    [InlineData(0x60223000, "Overlay Data")]
    [InlineData(0x50100005, "Curve Data")]
    [InlineData(0x00091001, "Private Attributes")]
    [InlineData(0x00880200, "Icon Image Sequence")]
    public void The_confidentiality_table_knows_groups_and_private_attributes(uint tag, string name) =>
        Assert.Equal(name, ConfidentialityProfile.Find(new DicomTag(tag))?.Name);

    [Fact]
    public void A_confidentiality_row_has_its_compound_code_and_options()
    {
        var row = ConfidentialityProfile.Find(DicomTags.StationName)!;
        Assert.Equal(ConfidentialityAction.RemoveOrEmptyOrReplace, row.BasicProfile);
        Assert.Equal(ConfidentialityAction.Keep, row.RetainDeviceIdentity);
        Assert.Null(ConfidentialityProfile.Find(DicomTags.Rows));
    }

    [Fact]
    public void Transfer_syntaxes_say_how_bytes_are_laid_out()
    {
        Assert.True(DicomTransferSyntax.Find("1.2.840.10008.1.2.2")!.IsBigEndian);
        Assert.True(DicomTransferSyntax.Find("1.2.840.10008.1.2.4.50") is { IsEncapsulated: true, IsLossy: true, IsExplicit: true });
        Assert.False(DicomTransferSyntax.ImplicitLittleEndian.IsExplicit);
        Assert.Null(DicomTransferSyntax.Find("1.2.3"));
    }

    [Fact]
    public void New_uids_are_valid_and_those_of_a_hash_are_always_the_same()
    {
        var hash = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        Assert.Equal(DicomUid.FromHash(hash), DicomUid.FromHash(hash));
        Assert.StartsWith("2.25.", DicomUid.FromHash(hash), StringComparison.Ordinal);
        Assert.NotEqual(DicomUid.New(), DicomUid.New());
        Assert.True(DicomUid.IsValid(DicomUid.New()) && DicomUid.IsValid(DicomUid.FromHash(Enumerable.Repeat((byte)255, 16).ToArray())));
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2", true)]
    [InlineData("0.0", true)]
    [InlineData("1.02", false)]
    [InlineData("1..2", false)]
    [InlineData("1.2.", false)]
    [InlineData(".1", false)]
    [InlineData("", false)]
    [InlineData("1.a", false)]
    [InlineData("1.23456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("1.234567890123456789012345678901234567890123456789012345678901234", false)]
    public void A_uid_is_numbers_and_dots(string uid, bool isValid) => Assert.Equal(isValid, DicomUid.IsValid(uid));
}
