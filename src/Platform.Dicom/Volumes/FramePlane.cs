using Platform.Dicom.Pixels;

namespace Platform.Dicom.Volumes;

/// <summary>What a header says of where one frame lies, each part only where it says so usably (PS3.3 §C.7.6.2, §C.7.6.16.2).</summary>
/// <param name="Position">Centre of the first pixel: LPS mm.</param>
/// <param name="RowDirection">The way the column index grows; null unless both directions are usable.</param>
/// <param name="ColumnDirection">The way the row index grows.</param>
/// <param name="SpacingMm">Between rows, between columns.</param>
public sealed record FramePlane(
    Vector3D? Position, Vector3D? RowDirection, Vector3D? ColumnDirection, (double Rows, double Columns)? SpacingMm)
{
    /// <summary>Unit normal: row direction × column direction; null without directions.</summary>
    public Vector3D? Normal => RowDirection is { } row && ColumnDirection is { } column ? row.Cross(column).Normalized() : null;

    /// <summary>Of a frame (from 0): its functional groups, else the data set.</summary>
    public static FramePlane Of(DicomDataset header, int frame)
    {
        var isEnhanced = FunctionalGroups.ArePresent(header);
        var position = Values(DicomTags.PlanePositionSequence, DicomTags.ImagePositionPatient);
        var orientation = Values(DicomTags.PlaneOrientationSequence, DicomTags.ImageOrientationPatient);
        var spacing = Values(DicomTags.PixelMeasuresSequence, DicomTags.PixelSpacing);

        Vector3D? at = position is [var x, var y, var z] && new Vector3D(x, y, z) is { IsFinite: true } p ? p : null;
        var (row, column) = orientation.Count == 6
            ? (new Vector3D(orientation[0], orientation[1], orientation[2]), new Vector3D(orientation[3], orientation[4], orientation[5]))
            : default;
        var isOriented = row.IsFinite && column.IsFinite && Math.Abs(row.Length - 1) < 0.01 && Math.Abs(column.Length - 1) < 0.01
            && Math.Abs(row.Dot(column)) < 0.01;
        return new FramePlane(
            at,
            isOriented ? row : null,
            isOriented ? column : null,
            spacing is [> 0 and < 1000 and var rows, > 0 and < 1000 and var columns, ..] ? (rows, columns) : null);

        IReadOnlyList<double> Values(DicomTag macro, DicomTag tag) =>
            (isEnhanced ? FunctionalGroups.Find(header, frame, macro) ?? header : header).GetDoubles(tag);
    }
}
