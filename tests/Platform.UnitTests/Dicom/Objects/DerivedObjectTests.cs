using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Objects;

public class DerivedObjectTests
{
    [Fact]
    public void A_report_comes_back_as_it_was()
    {
        var report = Made.ReportOf(Made.Source());

        var read = MeasurementReportReader.Read(Again(Made.Report()).Dataset);

        Assert.Equivalent(report, read, strict: true);
        Assert.Equal(report.Groups[0].Measurements[1].Value, read.Groups[0].Measurements[1].Value); // to the last bit, though a DS has 16 characters
    }

    [Fact]
    public void A_report_names_its_templates_and_all_that_it_rests_on()
    {
        var dataset = Again(Made.Report()).Dataset;
        var root = ContentTree.Read(dataset);

        var groups = root.Children.OfType<ContainerItem>().Single(c => c.Name!.Value == "126010").Children.OfType<ContainerItem>();
        Assert.Equal("1500", root.TemplateId);
        Assert.Equal(["1411", "1410", "1501"], groups.Select(g => g.TemplateId));
        Assert.Equal(("SR", "COMPLETE", "UNVERIFIED"), (
            dataset.GetString(DicomTags.Modality), dataset.GetString(DicomTags.CompletionFlag), dataset.GetString(DicomTags.VerificationFlag)));
        var study = Assert.Single(dataset.GetSequence(DicomTags.CurrentRequestedProcedureEvidenceSequence));
        Assert.Equal(
            [4, 1],
            study.GetSequence(DicomTags.ReferencedSeriesSequence).Select(s => s.GetSequence(DicomTags.ReferencedSOPSequence).Count));
    }

    [Fact]
    public void A_tree_of_a_thousand_levels_is_written_and_read()
    {
        var root = new ContainerItem(ContentRelationship.Contains, Made.Nodule);
        for (var i = 0; i < 1000; i++)
        {
            root = new ContainerItem(i == 999 ? ContentRelationship.Root : ContentRelationship.Contains, Made.Nodule) { Children = [root] };
        }

        var dataset = new DicomDataset();
        ContentTree.Write(dataset, root);

        ContentItem at = ContentTree.Read(dataset);
        var depth = 0;
        while (at.Children is [var below])
        {
            (at, depth) = (below, depth + 1);
        }

        Assert.Equal(1000, depth);
    }

    [Fact]
    public void What_a_tree_does_not_say_whole_is_there_unread()
    {
        var dataset = Made.Report().Dataset;
        foreach (var item in dataset.GetSequence(DicomTags.ContentSequence))
        {
            item.Remove(DicomTags.ConceptCodeSequence);
            item.Remove(DicomTags.UID);
            item.Remove(DicomTags.TextValue);
        }

        var root = ContentTree.Read(dataset);
        Assert.Equal(8, root.Children.OfType<UnreadItem>().Count());
        Assert.Equal("", MeasurementReportReader.Read(dataset).Procedure.Value);
        Assert.Equal(DicomError.InvalidValue, Assert.Throws<DicomException>(() => ContentTree.Read(new DicomDataset())).Error);
        Assert.Equal(DicomError.InvalidValue, Assert.Throws<DicomException>(() => MeasurementReportReader.Read(Made.KeyObjects().Dataset)).Error);
    }

    [Fact]
    public void A_group_that_says_nothing_of_its_finding_is_refused()
    {
        var source = Made.Source();
        var report = Made.ReportOf(source);
        Assert.Throws<ArgumentException>(() => Write(new MeasurementGroup("id", "2.25.1", Made.Nodule)));
        Assert.Throws<ArgumentException>(() => Write(report.Groups[0] with { SourceSeriesUid = null }));

        DicomFile Write(MeasurementGroup group) => MeasurementReportWriter.Write(source[0], report with { Groups = [group] }, Made.Options);
    }

    [Fact]
    public void Key_objects_name_images_and_other_objects()
    {
        var dataset = Again(Made.KeyObjects()).Dataset;
        var root = ContentTree.Read(dataset);

        Assert.Equal(("113000", "2010"), (root.Name!.Value, root.TemplateId));
        Assert.Equal("Größter Befund", root.Children.OfType<TextItem>().Single().Text);
        Assert.Equal(
            [("2.25.3000.1", true), ("2.25.3000.2", true), ("2.25.61", false)],
            root.Children.OfType<ReferenceItem>().Select(r => (r.SopInstanceUid, r.IsImage)));
        Assert.Throws<ArgumentException>(() => KeyObjectSelectionWriter.Write(dataset, Made.Nodule, [], Made.Options));
    }

    [Theory]
    [InlineData(1, "MONOCHROME2")]
    [InlineData(3, "RGB")]
    public void A_picture_has_its_pixels(int samples, string photometric)
    {
        var file = Again(Made.Capture(samples));

        Assert.Equal(photometric, file.Dataset.GetString(DicomTags.PhotometricInterpretation));
        Assert.Equal(Enumerable.Range(0, 15 * samples).Select(i => (byte)(i * 5)), new FrameDecoder(file).Decode(0));
        Assert.Equal((Phantom.StudyUid, "NO"), (file.Dataset.GetUid(DicomTags.StudyInstanceUID), file.Dataset.GetString(DicomTags.BurnedInAnnotation)));
        Assert.Throws<ArgumentException>(() => SecondaryCaptureWriter.Write(file.Dataset, 5, 3, new byte[31], true, Made.Options));
        Assert.Throws<ArgumentException>(() => SecondaryCaptureWriter.Write(file.Dataset, 70000, 1, new byte[70000], true, Made.Options));
    }

    [Fact]
    public void A_document_has_its_bytes_and_its_length()
    {
        var dataset = Again(Made.Pdf()).Dataset;

        Assert.Equal(15, dataset.GetInt32(DicomTags.EncapsulatedDocumentLength));
        Assert.Equal("%PDF-1.4\n%%EOF\n\0"u8, dataset.GetBytes(DicomTags.EncapsulatedDocument).Span);
        Assert.Equal("Befund", dataset.GetString(DicomTags.DocumentTitle));
        Assert.Throws<ArgumentException>(() => EncapsulatedPdfWriter.Write(dataset, "GIF89a"u8.ToArray(), "", null, false, Made.Options));
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes()
    {
        Assert.Equal(Made.Report().ToArray(), Made.Report().ToArray());
        Assert.Equal(Made.KeyObjects().ToArray(), Made.KeyObjects().ToArray());
    }

    private static DicomFile Again(DicomFile file) => DicomFile.Read(file.ToArray());
}
