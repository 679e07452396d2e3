namespace Platform.Dicom.Volumes;

/// <summary>Where one frame lies in patient space, and how its stored values become modality values.</summary>
/// <param name="Instance">Index of the instance in the list that was given.</param>
/// <param name="Frame">Frame of that instance, from 0.</param>
/// <param name="SopInstanceUid">The instance's SOP Instance UID.</param>
/// <param name="Position">Centre of the first pixel: Image Position (Patient), LPS mm.</param>
/// <param name="RowDirection">Direction of a row: the way the column index grows (first half of Image Orientation (Patient)).</param>
/// <param name="ColumnDirection">Direction of a column: the way the row index grows.</param>
/// <param name="RowSpacingMm">Between rows: first value of Pixel Spacing.</param>
/// <param name="ColumnSpacingMm">Between columns: second value of Pixel Spacing.</param>
/// <param name="Rows">Rows of the frame.</param>
/// <param name="Columns">Columns of the frame.</param>
public sealed record ImagePlane(
    int Instance,
    int Frame,
    string SopInstanceUid,
    Vector3D Position,
    Vector3D RowDirection,
    Vector3D ColumnDirection,
    double RowSpacingMm,
    double ColumnSpacingMm,
    int Rows,
    int Columns)
{
    /// <summary>Unit normal: row direction × column direction (PS3.3 §C.7.6.2.1.1).</summary>
    public Vector3D Normal => RowDirection.Cross(ColumnDirection).Normalized();

    /// <summary>Whether orientation, position and spacing are finite, the directions unit and orthogonal, and the spacing positive.</summary>
    public bool IsUsable =>
        Position.IsFinite && RowDirection.IsFinite && ColumnDirection.IsFinite
        && Math.Abs(RowDirection.Length - 1) < 0.01 && Math.Abs(ColumnDirection.Length - 1) < 0.01
        && Math.Abs(RowDirection.Dot(ColumnDirection)) < 0.01
        && RowSpacingMm is > 0 and < 1000 && ColumnSpacingMm is > 0 and < 1000;
}
