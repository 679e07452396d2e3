using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Where the frames of a segmentation lie on one grid.</summary>
/// <param name="Affine">From index (column, row, slice) to LPS millimetres.</param>
/// <param name="Slices">Slices of the grid, those without a frame among them.</param>
/// <param name="SliceOfFrame">For each frame.</param>
internal sealed record SegmentationGrid(Affine Affine, int Slices, int[] SliceOfFrame)
{
    private const double SameDistanceMm = 0.001;

    /// <summary>Of a frame's place, in voxels.</summary>
    private const double PlaceTolerance = 0.1;

    /// <summary>A grid that spans the slices which have frames: their spacing is Spacing Between Slices, or the smallest distance.</summary>
    /// <param name="maxVoxels">Voxels of the grid at most: positions far apart span one that the stored frames do not account for.</param>
    /// <exception cref="DicomException">InvalidPixels or OverBudget.</exception>
    public static SegmentationGrid Spanning(DicomDataset dataset, PixelDescription d, long maxVoxels)
    {
        var planes = Planes(dataset, d);
        var normal = planes[0].Normal;
        var sorted = planes.OrderBy(p => p.Position.Dot(normal)).ToList();
        var (first, last) = (sorted[0], sorted[^1]);
        var distances = sorted.Zip(sorted.Skip(1), (a, b) => (b.Position - a.Position).Dot(normal)).Where(x => x > SameDistanceMm).ToList();
        var declared = FunctionalGroups.Find(dataset, 0, DicomTags.PixelMeasuresSequence)?.GetDouble(DicomTags.SpacingBetweenSlices);
        var spacing = declared is > 0 ? declared.Value : distances.Count > 0 ? distances.Min() : 1;

        // The step follows the positions, which a tilted gantry shifts sideways.
        var extent = (last.Position - first.Position).Dot(normal);
        var count = Math.Round(extent / spacing);
        if (!((count + 1) * planes[0].Rows * planes[0].Columns <= maxVoxels))
        {
            throw PixelErrors.OverBudget(nameof(maxVoxels), maxVoxels, DicomTags.ImagePositionPatient);
        }

        var slices = (int)count + 1;
        var step = slices > 1 ? (last.Position - first.Position) * (1.0 / (slices - 1)) : normal * spacing;
        var affine = new Affine(first.RowDirection * first.ColumnSpacingMm, first.ColumnDirection * first.RowSpacingMm, step, first.Position);
        return new(affine, slices, [.. planes.Select(p => SliceOf(p, affine, slices))]);
    }

    /// <summary>The grid of the series that was segmented.</summary>
    /// <exception cref="DicomException">InvalidPixels where a frame lies beside it or has another size.</exception>
    public static SegmentationGrid Onto(DicomDataset dataset, PixelDescription d, SeriesGeometry source)
    {
        if (d.Rows != source.Rows || d.Columns != source.Columns)
        {
            throw PixelErrors.Invalid("The segmentation has another size than its source", DicomTags.Rows);
        }

        return new(source.Affine, source.Slices, [.. Planes(dataset, d).Select(p => SliceOf(p, source.Affine, source.Slices))]);
    }

    private static List<ImagePlane> Planes(DicomDataset dataset, PixelDescription d)
    {
        var planes = new List<ImagePlane>();
        return ImagePlanes.Append(planes, dataset, 0) is null && planes.Count == d.Frames && planes.TrueForAll(p => p.IsUsable)
            ? planes
            : throw PixelErrors.Invalid("A frame has no usable place", DicomTags.PerFrameFunctionalGroupsSequence);
    }

    private static int SliceOf(ImagePlane plane, Affine grid, int slices)
    {
        var index = grid.ToIndex(plane.Position);
        var slice = (int)Math.Round(index.Z);

        // The far corner too: a frame of another direction or spacing would only begin where a slice does.
        var far = grid.ToIndex(
            plane.Position + (plane.RowDirection * plane.ColumnSpacingMm * plane.Columns) + (plane.ColumnDirection * plane.RowSpacingMm * plane.Rows));
        return Near(index.X, 0) && Near(index.Y, 0) && Near(index.Z, slice) && slice >= 0 && slice < slices
            && Near(far.X, plane.Columns) && Near(far.Y, plane.Rows) && Near(far.Z, slice)
            ? slice
            : throw PixelErrors.Invalid("A frame lies beside the grid", DicomTags.ImagePositionPatient);

        static bool Near(double value, double place) => Math.Abs(value - place) < PlaceTolerance;
    }
}
