using System.Net.Http.Headers;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.IntegrationTests.Hosts;

/// <summary>A small generated MR study as a scanner would send it; its UIDs are new each time.</summary>
internal sealed record SampleStudy(string Study, string Series, string Instance, IReadOnlyList<DicomFile> Files)
{
    public static SampleStudy Create(int slices = 4)
    {
        const int Side = 16;
        var study = DicomUid.New();
        var voxels = new float[Side * Side * slices];
        for (var i = 0; i < voxels.Length; i++)
        {
            voxels[i] = i % 97;
        }

        var attributes = new DicomDataset();
        attributes.Set(DicomTags.PatientID, "sample-" + study[^8..]);
        attributes.Set(DicomTags.PatientName, "Sample^Study");
        attributes.Set(DicomTags.BodyPartExamined, "BRAIN");
        var files = ImageSeriesWriter.Write(new ImageSeries
        {
            Modality = "MR",
            Columns = Side,
            Rows = Side,
            Slices = slices,
            Affine = Affine.FromMatrix([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
            Voxels = voxels,
            StudyInstanceUid = study,
            SeriesInstanceUid = study + ".1",
            FrameOfReferenceUid = study + ".2",
            SopInstanceUid = slice => $"{study}.1.{slice + 1}",
            Attributes = attributes,
        }).ToList();
        return new SampleStudy(study, study + ".1", study + ".1.1", files);
    }

    /// <summary>The body of a STOW-RS request.</summary>
    public MultipartContent ToMultipart()
    {
        var body = new MultipartContent("related", "part-" + Guid.CreateVersion7().ToString("N"));
        body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
        foreach (var file in Files)
        {
            var part = new ByteArrayContent(file.ToArray());
            part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
            body.Add(part);
        }

        return body;
    }
}
