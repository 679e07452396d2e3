using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class DeidentifierTests
{
    private const string Canary = "CANARY7";
    private const string CanaryUid = "1.2.3.777.42";
    private static readonly DeidentificationKeys Keys = new(Encoding.ASCII.GetBytes("thirty-two bytes of test secret!"));
    private static readonly Deidentifier Deidentifier = new(Keys);

    public static TheoryData<int> RowNumbers => [.. Enumerable.Range(0, ConfidentialityProfile.Rows.Count)];

    [Fact]
    public void The_table_has_every_row_of_edition_2024e() => Assert.Equal(621, ConfidentialityProfile.Rows.Count);

    [Theory]
    [MemberData(nameof(RowNumbers))]
    public void No_value_of_a_listed_attribute_is_left_anywhere(int rowNumber)
    {
        var row = ConfidentialityProfile.Rows[rowNumber];
        var tag = row.Mask == uint.MaxValue ? row.Tag : new DicomTag(row.TagValue | (~row.Mask & 0x00020010));
        var dataset = Study();
        dataset.Set(WithCanary(tag));
        dataset.SetSequence(DicomTags.AnatomicRegionSequence, Item(tag));
        dataset.SetSequence(new DicomTag(0x0009, 0x1001), Item(tag));
        var shared = new DicomDataset();
        shared.SetSequence(DicomTags.PixelMeasuresSequence, Item(tag));
        dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);

        Deidentifier.Apply(dataset);

        AssertNoCanary(dataset);
    }

    [Fact]
    public void Private_unknown_and_disguised_elements_are_removed()
    {
        var dataset = Study();
        dataset.Set(new DicomTag(0x0009, 0x0010), DicomVr.LO, Canary);
        dataset.Set(new DicomTag(0x0009, 0x1002), DicomVr.UN, Encoding.ASCII.GetBytes(Canary + " "));
        dataset.Set(new DicomTag(0x0008, 0xFFF0), DicomVr.LO, Canary);
        dataset.Set(DicomTags.Rows, DicomVr.LO, Canary);
        dataset.Set(DicomTags.ReferencedSeriesSequence, DicomVr.UN, Encoding.ASCII.GetBytes(Canary + " "));

        Deidentifier.Apply(dataset);

        AssertNoCanary(dataset);
    }

    [Fact]
    public void What_a_reader_needs_is_kept()
    {
        var dataset = Study();
        dataset.Set(DicomTags.PixelSpacing, "0.5", "0.5");
        dataset.Set(DicomTags.ImagePositionPatient, "1", "2", "3");
        dataset.Set(DicomTags.RescaleSlope, "2");

        Deidentifier.Apply(dataset);

        Assert.Equal("CT", dataset.GetString(DicomTags.Modality));
        Assert.Equal(DicomUids.CTImageStorage, dataset.GetString(DicomTags.SOPClassUID));
        Assert.Equal([0.5, 0.5], dataset.GetDoubles(DicomTags.PixelSpacing));
        Assert.Equal([1, 2, 3], dataset.GetDoubles(DicomTags.ImagePositionPatient));
        Assert.Equal(2, dataset.GetDouble(DicomTags.RescaleSlope));
    }

    [Fact]
    public void One_patient_keeps_one_pseudonym_and_others_get_another()
    {
        var (first, second, other, elsewhere) = (Study(), Study(), Study(), Study());
        second.Set(DicomTags.StudyInstanceUID, "1.2.3.4");
        other.Set(DicomTags.PatientID, "another");
        elsewhere.Set(DicomTags.IssuerOfPatientID, "another hospital");

        foreach (var dataset in new[] { first, second, other, elsewhere })
        {
            Deidentifier.Apply(dataset);
        }

        Assert.Equal(first.GetString(DicomTags.PatientID), second.GetString(DicomTags.PatientID));
        Assert.NotEqual(first.GetString(DicomTags.PatientID), other.GetString(DicomTags.PatientID));
        Assert.NotEqual(first.GetString(DicomTags.PatientID), elsewhere.GetString(DicomTags.PatientID));
        Assert.NotEqual(first.GetString(DicomTags.StudyInstanceUID), second.GetString(DicomTags.StudyInstanceUID));
    }

    [Fact]
    public void Uids_are_mapped_alike_everywhere_and_those_of_the_standard_stay()
    {
        var dataset = Study();
        var reference = new DicomDataset();
        reference.Set(DicomTags.ReferencedSOPClassUID, DicomUids.CTImageStorage);
        reference.Set(DicomTags.ReferencedSOPInstanceUID, "1.2.3.1");
        dataset.SetSequence(DicomTags.ReferencedImageSequence, reference);

        Deidentifier.Apply(dataset);

        var kept = Assert.Single(dataset.GetSequence(DicomTags.ReferencedImageSequence));
        Assert.Equal(Keys.MapUid("1.2.3.1"), kept.GetString(DicomTags.ReferencedSOPInstanceUID));
        Assert.Equal(DicomUids.CTImageStorage, kept.GetString(DicomTags.ReferencedSOPClassUID));
        Assert.StartsWith("2.25.", dataset.GetString(DicomTags.SOPInstanceUID), StringComparison.Ordinal);
    }

    [Fact]
    public void The_result_is_marked_and_the_verifier_finds_nothing()
    {
        var dataset = Study();
        Assert.NotEmpty(DeidentificationVerifier.Check(dataset));

        Deidentifier.Apply(dataset);

        Assert.Equal("YES", dataset.GetString(DicomTags.PatientIdentityRemoved));
        Assert.Equal(
            "113100",
            Assert.Single(dataset.GetSequence(DicomTags.DeidentificationMethodCodeSequence)).GetString(DicomTags.CodeValue));
        Assert.Empty(DeidentificationVerifier.Check(dataset));
    }

    [Fact]
    public void The_verifier_names_the_place_and_never_the_value()
    {
        var dataset = Study();
        Deidentifier.Apply(dataset);
        dataset.SetSequence(DicomTags.AnatomicRegionSequence, Item(DicomTags.OperatorsName));

        var leak = Assert.Single(DeidentificationVerifier.Check(dataset));

        Assert.Equal("(0008,2218)[0].(0008,1070)", leak.Path);
        Assert.Equal(IdentityRule.MustBeEmptyOrDummy, leak.Rule);
    }

    [Theory]
    [InlineData(0x0028_0301u, "YES", DeidentificationRefusal.BurnedInAnnotation)]
    [InlineData(0x0040_A730u, null, DeidentificationRefusal.StructuredContent)]
    [InlineData(0x0042_0011u, null, DeidentificationRefusal.EncapsulatedDocument)]
    public void What_the_profile_cannot_clean_is_refused_by_name(uint tag, string? value, DeidentificationRefusal reason)
    {
        var dataset = Study();
        Assert.Null(Deidentifier.Refuse(dataset));

        if (value is null)
        {
            dataset.Set(WithCanary(new DicomTag(tag)));
        }
        else
        {
            dataset.Set(new DicomTag(tag), value);
        }

        Assert.Equal(reason, Deidentifier.Refuse(dataset));
    }

    [Fact]
    public void Text_in_the_pixels_of_a_kept_item_is_refused_and_in_those_of_a_removed_one_is_not()
    {
        var item = new DicomDataset();
        item.Set(DicomTags.BurnedInAnnotation, "YES");
        var removed = Study();
        removed.SetSequence(DicomTags.IconImageSequence, item);
        Assert.Null(Deidentifier.Refuse(removed));

        var outer = new DicomDataset();
        outer.SetSequence(DicomTags.PixelMeasuresSequence, item);
        var kept = Study();
        kept.SetSequence(DicomTags.SharedFunctionalGroupsSequence, outer);
        Assert.Equal(DeidentificationRefusal.BurnedInAnnotation, Deidentifier.Refuse(kept));
    }

    private static DicomDataset Study()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "1.2.3.1");
        dataset.Set(DicomTags.StudyInstanceUID, "1.2.3.2");
        dataset.Set(DicomTags.SeriesInstanceUID, "1.2.3.3");
        dataset.Set(DicomTags.Modality, "CT");
        dataset.Set(DicomTags.PatientID, "a patient");
        dataset.Set(DicomTags.PatientName, "A^Patient");
        dataset.Set(DicomTags.StudyDate, "20200102");
        return dataset;
    }

    private static DicomDataset Item(DicomTag tag)
    {
        var item = new DicomDataset();
        item.Set(WithCanary(tag));
        return item;
    }

    private static DicomElement WithCanary(DicomTag tag)
    {
        var vr = DicomDictionary.FindVr(tag);
        if (vr == DicomVr.SQ)
        {
            var item = new DicomDataset();
            item.Set(DicomTags.TextValue, Canary);
            item.Set(DicomTags.CodeMeaning, "kept code");
            return DicomElement.Sequence(tag, item);
        }

        var value = vr == DicomVr.UI ? CanaryUid : Canary + " ";
        return new DicomElement(tag, vr == DicomVr.None ? DicomVr.UN : vr, Encoding.ASCII.GetBytes(value));
    }

    private static void AssertNoCanary(DicomDataset dataset)
    {
        using var stream = new MemoryStream();
        new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).Write(stream);
        var bytes = Encoding.Latin1.GetString(stream.ToArray());
        Assert.DoesNotContain(Canary, bytes, StringComparison.Ordinal);
        Assert.DoesNotContain(CanaryUid, bytes, StringComparison.Ordinal);
    }
}
