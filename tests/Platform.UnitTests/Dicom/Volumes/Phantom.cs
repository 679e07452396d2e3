using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;

namespace Platform.UnitTests.Dicom.Volumes;

/// <summary>Generated series: nothing of them comes from a person.</summary>
internal static class Phantom
{
    public const string StudyUid = "2.25.1001";
    public const string SeriesUid = "2.25.1002";

    /// <summary>Axial headers at positions along the body axis, first pixel at (-100, -90).</summary>
    public static List<DicomDataset> Headers(double[] positions) =>
        [.. positions.Select((z, i) => Header(new(-100, -90, z), number: i + 1))];

    public static DicomDataset Header(Vector3D position, double[]? orientation = null, int number = 0)
    {
        var header = new DicomDataset();
        header.Set(DicomTags.SOPInstanceUID, number > 0 ? $"2.25.2000.{number}" : DicomUid.New());
        header.Set(DicomTags.FrameOfReferenceUID, "2.25.1003");
        header.Set(DicomTags.ImagePositionPatient, position.X, position.Y, position.Z);
        header.Set(DicomTags.ImageOrientationPatient, orientation ?? [1, 0, 0, 0, 1, 0]);
        header.Set(DicomTags.PixelSpacing, 0.75, 0.5);
        header.Set(DicomTags.Rows, 4L);
        header.Set(DicomTags.Columns, 6L);
        return header;
    }

    /// <summary>A series of a volume whose voxel (x, y, z) is <paramref name="value"/>.</summary>
    public static ImageSeries Series(
        Func<int, int, int, float> value, int columns = 7, int rows = 5, int slices = 4, string modality = "MR", Affine? affine = null)
    {
        var voxels = new float[columns * rows * slices];
        for (var i = 0; i < voxels.Length; i++)
        {
            voxels[i] = value(i % columns, i / columns % rows, i / (columns * rows));
        }

        return new ImageSeries
        {
            Modality = modality,
            Columns = columns,
            Rows = rows,
            Slices = slices,
            Affine = affine ?? Affine.Axial(0.8, 0.9, 2, new(-30, -20, 100)),
            Voxels = voxels,
            StudyInstanceUid = StudyUid,
            SeriesInstanceUid = SeriesUid,
            FrameOfReferenceUid = "2.25.1003",
            SopInstanceUid = slice => $"2.25.3000.{slice + 1}",
        };
    }
}
