using Platform.Contracts;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>The segments of a segmentation as outlines on the source's images.</summary>
internal static class Outlines
{
    /// <param name="labels">[slice, row, column] on the geometry: 0 or the number of a segment.</param>
    public static RunOutlines Of(SeriesGeometry geometry, byte[] labels, IReadOnlyList<Segment> segments)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var images = new List<ImageOutlines>();
        for (var slice = 0; slice < geometry.Slices; slice++)
        {
            var image = labels.AsSpan(slice * sliceVoxels, sliceVoxels);
            if (!image.ContainsAnyExcept((byte)0))
            {
                continue;
            }

            var paths = new List<OutlinePath>();
            foreach (var segment in segments)
            {
                paths.AddRange(MaskOutline.Trace(image, geometry.Columns, (byte)segment.Number).Select(p => new OutlinePath(segment.Number, p)));
            }

            var plane = geometry.Planes[slice];
            images.Add(new ImageOutlines(plane.SopInstanceUid, plane.Frame + 1, paths));
        }

        return new RunOutlines([.. segments.Select(OfSegment)], images);
    }

    private static OutlineSegment OfSegment(Segment segment)
    {
        var (red, green, blue) = segment.DisplayColour;
        return new(segment.Number, segment.Label, $"#{red:x2}{green:x2}{blue:x2}");
    }
}
