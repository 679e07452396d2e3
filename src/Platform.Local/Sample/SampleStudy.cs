using System.Security.Cryptography;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.Local.Sample;

/// <summary>The phantom as an MR series, with a header as a scanner writes it: the platform has something to de-identify.</summary>
internal static class SampleStudy
{
    public static string StudyInstanceUid { get; } = Uid("study");

    /// <summary>The same bytes each time, so that sending it again is a success and changes nothing.</summary>
    public static IEnumerable<DicomFile> Instances()
    {
        var attributes = new DicomDataset();
        attributes.Set(DicomTags.PatientName, "PHANTOM^SAMPLE");
        attributes.Set(DicomTags.PatientID, "PHANTOM-1");
        attributes.Set(DicomTags.StudyDescription, "Hippocampus, sample");
        attributes.Set(DicomTags.SeriesDescription, "T1 3D hippocampus");
        attributes.Set(DicomTags.BodyPartExamined, "BRAIN");
        attributes.Set(DicomTags.Manufacturer, "Platform");
        attributes.Set(DicomTags.PatientPosition, "HFS");
        return ImageSeriesWriter.Write(new ImageSeries
        {
            Modality = "MR",
            Columns = Phantom.Columns,
            Rows = Phantom.Rows,
            Slices = Phantom.Slices,
            Affine = Affine.Axial(
                Phantom.ColumnSpacingMm,
                Phantom.RowSpacingMm,
                Phantom.SliceSpacingMm,
                new Vector3D(
                    -(Phantom.Columns - 1) / 2.0 * Phantom.ColumnSpacingMm,
                    -(Phantom.Rows - 1) / 2.0 * Phantom.RowSpacingMm,
                    -(Phantom.Slices - 1) / 2.0 * Phantom.SliceSpacingMm)),
            Voxels = Phantom.Voxels(),
            StudyInstanceUid = StudyInstanceUid,
            SeriesInstanceUid = Uid("series"),
            FrameOfReferenceUid = Uid("frame of reference"),
            SopInstanceUid = slice => Uid($"instance {slice}"),
            Attributes = attributes,
        });
    }

    private static string Uid(string of) => DicomUid.FromHash(SHA256.HashData(Encoding.UTF8.GetBytes($"platform sample {of}")));
}
