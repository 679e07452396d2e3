using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class OptionTests
{
    private static readonly DeidentificationKeys Keys = new(Encoding.ASCII.GetBytes("thirty-two bytes of test secret!"));

    [Theory]
    [InlineData(DeidentificationOptions.None, "113100", "REMOVED")]
    [InlineData(DeidentificationOptions.CleanGraphics | DeidentificationOptions.RetainUids, "113100 113103 113110", "REMOVED")]
    [InlineData(DeidentificationOptions.CleanStructuredContent, "113100 113104", "REMOVED")]
    [InlineData(DeidentificationOptions.CleanDescriptors, "113100 113105", "REMOVED")]
    [InlineData(DeidentificationOptions.RetainLongitudinalFullDates, "113100 113106", "UNMODIFIED")]
    [InlineData(DeidentificationOptions.RetainLongitudinalModifiedDates, "113100 113107", "MODIFIED")]
    [InlineData(DeidentificationOptions.RetainPatientCharacteristics, "113100 113108", "REMOVED")]
    [InlineData(DeidentificationOptions.RetainDeviceIdentity, "113100 113109", "REMOVED")]
    [InlineData(DeidentificationOptions.RetainSafePrivate, "113100 113111", "REMOVED")]
    [InlineData(DeidentificationOptions.RetainInstitutionIdentity, "113100 113112", "REMOVED")]
    public void The_object_names_the_profile_and_its_options(DeidentificationOptions options, string codes, string dates)
    {
        var dataset = Study();

        new Deidentifier(Keys, options).Apply(dataset);

        Assert.Equal("YES", dataset.GetString(DicomTags.PatientIdentityRemoved));
        Assert.Equal(
            codes.Split(' '),
            dataset.GetSequence(DicomTags.DeidentificationMethodCodeSequence).Select(c => c.GetString(DicomTags.CodeValue)));
        Assert.Equal(codes.Split(' ').Length, dataset.GetStrings(DicomTags.DeidentificationMethod).Count);
        Assert.All(dataset.GetStrings(DicomTags.DeidentificationMethod), m => Assert.InRange(m.Length, 1, 64));
        Assert.Equal(dates, dataset.GetString(DicomTags.LongitudinalTemporalInformationModified));
    }

    [Fact]
    public void Dates_that_stay_and_move_at_once_are_refused()
    {
        var e = Assert.Throws<DicomException>(() => new Deidentifier(
            Keys, DeidentificationOptions.RetainLongitudinalFullDates | DeidentificationOptions.RetainLongitudinalModifiedDates));
        Assert.Equal(DicomError.ContradictoryOptions, e.Error);
    }

    [Theory]
    [InlineData("20200301", "20200301")]
    [InlineData("2020.03.01", "20200301")]
    public void The_dates_of_a_patient_move_together_into_the_past(string birth, string same)
    {
        var (first, second) = (Study(), Study());
        first.Set(DicomTags.SeriesDate, birth);
        second.Set(DicomTags.StudyDate, "20200331");
        second.Set(DicomTags.StudyInstanceUID, "1.2.3.5");
        var deidentifier = new Deidentifier(Keys, DeidentificationOptions.RetainLongitudinalModifiedDates);

        deidentifier.Apply(first);
        deidentifier.Apply(second);

        var (before, after) = (first.GetDate(DicomTags.StudyDate)!.Value, second.GetDate(DicomTags.StudyDate)!.Value);
        Assert.Equal(30, after.DayNumber - before.DayNumber);
        Assert.Equal(first.GetString(DicomTags.StudyDate), first.GetString(DicomTags.SeriesDate));
        Assert.InRange(before.DayNumber - new DateOnly(2020, 3, 1).DayNumber, -DeidentificationKeys.MaxShiftDays, -1);
        Assert.Equal("20200301", same);
        Assert.Equal("112233.5", first.GetString(DicomTags.StudyTime));
    }

    [Theory]
    [InlineData(0x0008_0020u, "20200301-20200310")]
    [InlineData(0x0008_0020u, "-20200310")]
    [InlineData(0x0008_0020u, "20200301-")]
    [InlineData(0x0008_002Au, "20200301101112.5")]
    [InlineData(0x0008_002Au, "20200301101112-0800")]
    [InlineData(0x0008_002Au, "20200301101112+0100-20200302")]
    [InlineData(0x0008_002Au, "20200301")]
    public void Every_form_of_a_date_moves(uint tag, string value)
    {
        var dataset = Study();
        dataset.Set(new DicomTag(tag), value);
        var pseudonym = new Deidentifier(Keys).PseudonymOf(dataset);
        var day = new DateOnly(2020, 3, 1).AddDays(Keys.DateShiftDays(pseudonym));

        new Deidentifier(Keys, DeidentificationOptions.RetainLongitudinalModifiedDates).Apply(dataset);

        var expected = value.Replace("-0800", "", StringComparison.Ordinal).Replace("+0100", "", StringComparison.Ordinal)
            .Replace("20200301", $"{day:yyyyMMdd}", StringComparison.Ordinal)
            .Replace("20200302", $"{day.AddDays(1):yyyyMMdd}", StringComparison.Ordinal)
            .Replace("20200310", $"{day.AddDays(9):yyyyMMdd}", StringComparison.Ordinal);
        Assert.Equal(expected, dataset.GetString(new DicomTag(tag)));
    }

    [Theory]
    [InlineData("CANARY7 ")]
    [InlineData("20201399")]
    [InlineData("2020")]
    public void What_is_no_date_does_not_pass_as_one(string value)
    {
        foreach (var options in new[]
        {
            DeidentificationOptions.RetainLongitudinalModifiedDates, DeidentificationOptions.RetainLongitudinalFullDates,
        })
        {
            var dataset = Study();
            dataset.Set(new DicomElement(DicomTags.AcquisitionDate, DicomVr.DA, Encoding.ASCII.GetBytes(value)));

            new Deidentifier(Keys, options).Apply(dataset);

            Assert.True(dataset.GetString(DicomTags.AcquisitionDate) is null
                || (options == DeidentificationOptions.RetainLongitudinalFullDates && !value.StartsWith('C')));
        }
    }

    [Theory]
    [InlineData("CT CHEST W/O CONTRAST 5mm", "CT CHEST wo CONTRAST 5mm")]
    [InlineData("Brown, chest axial", "axial")]
    [InlineData("seen by Dr. Miller 2020-01-01 tel 555123", "by")]
    [InlineData("3 mm AXIAL #987654", "3 mm AXIAL")]
    [InlineData("胸部 CHEST", "CHEST")]
    public void A_descriptor_keeps_the_words_that_do_not_identify(string text, string kept)
    {
        var dataset = Study();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        dataset.Set(DicomTags.PatientName, text.Contains("Brown", StringComparison.Ordinal) ? "Chest^Brown" : "A^B");
        dataset.Set(DicomTags.StudyDescription, text);

        new Deidentifier(Keys, DeidentificationOptions.CleanDescriptors).Apply(dataset);

        Assert.Equal(kept, dataset.GetString(DicomTags.StudyDescription));
    }

    [Fact]
    public void A_content_tree_keeps_codes_and_numbers_and_loses_its_texts()
    {
        var (root, text, number, code) = (Study(), new DicomDataset(), new DicomDataset(), new DicomDataset());
        code.Set(DicomTags.CodeValue, "121071");
        code.Set(DicomTags.CodingSchemeDesignator, "DCM");
        code.Set(DicomTags.CodeMeaning, "Finding of Jones");
        text.Set(DicomTags.ValueType, "TEXT");
        text.Set(DicomTags.TextValue, "Ms Jones has a stable lung nodule");
        text.SetSequence(DicomTags.ConceptNameCodeSequence, code);
        number.Set(DicomTags.ValueType, "NUM");
        number.Set(DicomTags.NumericValue, "7.5");
        root.SetSequence(DicomTags.ContentSequence, text, number);
        Assert.NotNull(Deidentifier.Refuse(root));
        Assert.Null(Deidentifier.Refuse(root, DeidentificationOptions.CleanStructuredContent));

        new Deidentifier(Keys, DeidentificationOptions.CleanStructuredContent).Apply(root);

        var items = root.GetSequence(DicomTags.ContentSequence);
        Assert.Equal("stable lung nodule", items[0].GetString(DicomTags.TextValue));
        var concept = Assert.Single(items[0].GetSequence(DicomTags.ConceptNameCodeSequence));
        Assert.Equal("121071", concept.GetString(DicomTags.CodeValue));
        Assert.Equal("Finding of", concept.GetString(DicomTags.CodeMeaning));
        Assert.Equal(7.5, items[1].GetDouble(DicomTags.NumericValue));
    }

    [Fact]
    public void Safe_private_elements_stay_with_their_creator_and_their_neighbours_go()
    {
        var dataset = Study();
        dataset.Set(new DicomTag(0x0019, 0x0010), DicomVr.LO, "SIEMENS MR HEADER");
        dataset.Set(new DicomTag(0x0019, 0x100C), DicomVr.IS, "1000");
        dataset.Set(new DicomTag(0x0019, 0x100D), DicomVr.CS, "JONES");
        dataset.Set(new DicomTag(0x0019, 0x1008), DicomVr.CS, "IMAGE NUM 4");
        dataset.Set(new DicomTag(0x0019, 0x0011), DicomVr.LO, "SOMEBODY");
        dataset.Set(new DicomTag(0x0019, 0x110C), DicomVr.IS, "7");
        dataset.Set(new DicomElement(new DicomTag(0x0043, 0x1039), DicomVr.IS, "JONES "u8.ToArray()));

        new Deidentifier(Keys, DeidentificationOptions.RetainSafePrivate).Apply(dataset);

        Assert.Equal(
            [new DicomTag(0x0019, 0x0010), new DicomTag(0x0019, 0x100C)], dataset.Where(e => e.Tag.IsPrivate).Select(e => e.Tag));
    }

    [Fact]
    public void Application_titles_become_the_same_pseudonym_everywhere()
    {
        var (one, two) = (Study(), Study());
        one.Set(DicomTags.StationAETitle, "CT_ROOM_2");
        two.Set(DicomTags.RetrieveAETitle, "OTHER", "CT_ROOM_2");

        foreach (var dataset in new[] { one, two })
        {
            new Deidentifier(Keys, DeidentificationOptions.RetainDeviceIdentity).Apply(dataset);
        }

        Assert.Equal(one.GetString(DicomTags.StationAETitle), two.GetStrings(DicomTags.RetrieveAETitle)[1]);
        Assert.Equal(16, one.GetString(DicomTags.StationAETitle)!.Length);
    }

    [Fact]
    public void Retained_uids_stay_in_the_meta_header_too()
    {
        var (dataset, meta) = (Study(), new DicomDataset());
        meta.Set(DicomTags.MediaStorageSOPInstanceUID, "1.2.3.1");
        var deidentifier = new Deidentifier(Keys, DeidentificationOptions.RetainUids);

        deidentifier.Apply(dataset);
        deidentifier.ApplyToMeta(meta);

        Assert.Equal("1.2.3.1", dataset.GetString(DicomTags.SOPInstanceUID));
        Assert.Equal("1.2.3.1", meta.GetString(DicomTags.MediaStorageSOPInstanceUID));
    }

    [Fact]
    public void An_overlay_goes_as_a_whole()
    {
        var dataset = Study();
        dataset.Set(new DicomTag(0x6000, 0x0010), DicomVr.US, "16");
        dataset.Set(new DicomTag(0x6000, 0x0022), DicomVr.LO, "text");
        dataset.Set(new DicomTag(0x6002, 0x3000), DicomVr.OW, new byte[32]);

        new Deidentifier(Keys, DeidentificationOptions.CleanGraphics).Apply(dataset);

        Assert.DoesNotContain(dataset, e => e.Tag.Group is >= 0x6000 and <= 0x60FF);
    }

    private static DicomDataset Study()
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "1.2.3.1");
        dataset.Set(DicomTags.StudyInstanceUID, "1.2.3.2");
        dataset.Set(DicomTags.PatientID, "a patient");
        dataset.Set(DicomTags.PatientName, "Jones^Patient");
        dataset.Set(DicomTags.StudyDate, "20200301");
        dataset.Set(DicomTags.StudyTime, "112233.5");
        return dataset;
    }
}
