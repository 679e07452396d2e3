using System.Security.Cryptography;
using System.Text;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.Local.Sample;

/// <summary>A phantom as a series of a scanner, with a header as a scanner writes it: the platform has something to de-identify.</summary>
/// <param name="Modality">DICOM modality.</param>
/// <param name="Series">The series; the same each time, so that sending it again is a success and changes nothing.</param>
internal sealed record SampleStudy(string Modality, Func<ImageSeries> Series)
{
    /// <summary>The region round one hippocampus in MR.</summary>
    public static SampleStudy Hippocampus { get; } = new("MR", () => new ImageSeries
    {
        Modality = "MR",
        Columns = Phantom.Columns,
        Rows = Phantom.Rows,
        Slices = Phantom.Slices,
        Affine = Centred(
            Phantom.Columns, Phantom.Rows, Phantom.Slices, new(Phantom.ColumnSpacingMm, Phantom.RowSpacingMm, Phantom.SliceSpacingMm)),
        Voxels = Phantom.Voxels(),
        StudyInstanceUid = Uid("study"),
        SeriesInstanceUid = Uid("series"),
        FrameOfReferenceUid = Uid("frame of reference"),
        SopInstanceUid = slice => Uid($"instance {slice}"),
        Attributes = Attributes("PHANTOM-1", "Hippocampus, sample", "T1 3D hippocampus", "BRAIN"),
    });

    /// <summary>A chest with nodules in CT.</summary>
    public static SampleStudy Chest { get; } = new("CT", () => new ImageSeries
    {
        Modality = "CT",
        Columns = ChestPhantom.Columns,
        Rows = ChestPhantom.Rows,
        Slices = ChestPhantom.Slices,
        Affine = Centred(
            ChestPhantom.Columns,
            ChestPhantom.Rows,
            ChestPhantom.Slices,
            new(ChestPhantom.PixelSpacingMm, ChestPhantom.PixelSpacingMm, ChestPhantom.SliceSpacingMm)),
        Voxels = ChestPhantom.Voxels(),
        StudyInstanceUid = Uid("chest study"),
        SeriesInstanceUid = Uid("chest series"),
        FrameOfReferenceUid = Uid("chest frame of reference"),
        SopInstanceUid = slice => Uid($"chest instance {slice}"),
        Attributes = Attributes("PHANTOM-2", "Chest, sample", "Chest 4 mm", "CHEST"),
    });

    /// <summary>The files, in order of the slices.</summary>
    public IEnumerable<DicomFile> Instances() => ImageSeriesWriter.Write(Series());

    private static DicomDataset Attributes(string patient, string study, string series, string bodyPart)
    {
        var attributes = new DicomDataset();
        attributes.Set(DicomTags.PatientName, "PHANTOM^SAMPLE");
        attributes.Set(DicomTags.PatientID, patient);
        attributes.Set(DicomTags.StudyDescription, study);
        attributes.Set(DicomTags.SeriesDescription, series);
        attributes.Set(DicomTags.BodyPartExamined, bodyPart);
        attributes.Set(DicomTags.Manufacturer, "Platform");
        attributes.Set(DicomTags.PatientPosition, "HFS");
        return attributes;
    }

    private static Affine Centred(int columns, int rows, int slices, Vector3D spacing) => Affine.Axial(
        spacing.X,
        spacing.Y,
        spacing.Z,
        new Vector3D(-(columns - 1) / 2.0 * spacing.X, -(rows - 1) / 2.0 * spacing.Y, -(slices - 1) / 2.0 * spacing.Z));

    private static string Uid(string of) => DicomUid.FromHash(SHA256.HashData(Encoding.UTF8.GetBytes($"platform sample {of}")));
}
