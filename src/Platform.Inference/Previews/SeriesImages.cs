using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;

namespace Platform.Inference.Previews;

/// <summary>One frame of a series before its place is known.</summary>
/// <param name="Instance">Index in the manifest.</param>
/// <param name="Frame">From 0.</param>
/// <param name="Group">Windowless frames of one group share a window.</param>
/// <param name="Suspicions">What the header gives reason to suspect.</param>
internal sealed record SeriesImage(
    int Instance,
    int Frame,
    int? Number,
    int Rows,
    int Columns,
    FramePlane Plane,
    VoiTransform? Window,
    string Group,
    PreviewReason? Reason,
    IReadOnlyList<string> Suspicions);

/// <summary>Reads the frames out of headers and puts them into display order.</summary>
internal static class SeriesImages
{
    /// <summary>Images of one series that are shown at most.</summary>
    public const int Most = 5000;

    private const double SamePositionMm = 0.001;
    private const double DirectionTolerance = 0.002;

    /// <summary>The frames of one instance; none when it holds no pixels.</summary>
    /// <param name="room">Frames that may still be listed.</param>
    public static IEnumerable<SeriesImage> Of(DicomHeader header, int instance, int room)
    {
        var dataset = header.Dataset;
        var (rows, columns) = (dataset.GetInt32(DicomTags.Rows) ?? 0, dataset.GetInt32(DicomTags.Columns) ?? 0);
        if (header.PixelData is null)
        {
            yield break;
        }

        // A declared number costs nothing until frames are decoded; beyond the limit it is not even listed.
        var frames = Math.Clamp(dataset.GetInt32(DicomTags.NumberOfFrames) ?? 1, 1, Math.Max(0, room));
        var isColour = dataset.GetInt32(DicomTags.SamplesPerPixel) is > 1
            || dataset.GetString(DicomTags.PhotometricInterpretation) == "PALETTE COLOR";
        var group = string.Join(
            '\\', [$"{rows}", $"{columns}", dataset.GetString(DicomTags.BitsStored), .. dataset.GetStrings(DicomTags.ImageType)]);
        IReadOnlyList<string> suspicions = [.. BurnedInText.Suspect(dataset).Select(s => s.ToString())];
        var reason = (long)rows * columns > FrameRendering.MaxPixels ? PreviewReason.TooLarge : null;
        for (var frame = 0; frame < frames; frame++)
        {
            yield return new SeriesImage(
                instance,
                frame,
                dataset.GetInt32(DicomTags.InstanceNumber),
                rows,
                columns,
                FramePlane.Of(dataset, frame),
                isColour ? null : VoiTransform.Of(dataset, frame),
                isColour ? "" : group,
                reason,
                suspicions);
        }
    }

    /// <summary>Along the common normal where every image has a place on it, else by instance number; frames of an instance in turn.</summary>
    public static List<SeriesImage> InDisplayOrder(IEnumerable<SeriesImage> images)
    {
        var byNumber = images.OrderBy(i => i.Number ?? int.MaxValue).ThenBy(i => i.Instance).ThenBy(i => i.Frame).ToList();
        if (byNumber.Count < 2 || byNumber[0].Plane is not { Normal: { } normal } first || !byNumber.All(i => IsParallel(i.Plane, first)))
        {
            return byNumber;
        }

        // Rounded, so that images of one place keep their order by number.
        return [.. byNumber.OrderBy(i => Math.Round(i.Plane.Position!.Value.Dot(normal) / SamePositionMm))];
    }

    private static bool IsParallel(FramePlane plane, FramePlane first) =>
        plane is { Position: not null, RowDirection: { } row, ColumnDirection: { } column }
        && Same(row, first.RowDirection!.Value) && Same(column, first.ColumnDirection!.Value);

    private static bool Same(Vector3D a, Vector3D b) => Math.Abs(a.X - b.X) < DirectionTolerance
        && Math.Abs(a.Y - b.Y) < DirectionTolerance && Math.Abs(a.Z - b.Z) < DirectionTolerance;
}
