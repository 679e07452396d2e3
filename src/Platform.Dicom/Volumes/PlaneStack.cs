using System.Globalization;

namespace Platform.Dicom.Volumes;

/// <summary>Sorts planes into one stack with one affine, or says why they make none. Positions decide, never Slice Thickness.</summary>
internal static class PlaneStack
{
    // Positions are written with a few decimals: neighbours may differ from the mean by this much and still be one spacing.
    private const double RelativeSpacingTolerance = 0.05;
    private const double AbsoluteSpacingToleranceMm = 0.02;
    private const double SamePositionMm = 0.001;
    private const double DirectionTolerance = 0.002; // per direction cosine: about 0.1 degree

    public static StackResult Sort(IReadOnlyList<ImagePlane> planes)
    {
        if (planes.Count == 0)
        {
            return new(VolumeRefusal.NoPixels);
        }

        if (Check(planes) is { } refusal)
        {
            return new(refusal);
        }

        var normal = planes[0].Normal;
        var (sorted, duplicates) = WithoutDuplicates([.. planes.OrderBy(p => p.Position.Dot(normal)).ThenBy(p => p.Instance)]);
        if (sorted.Count < 2)
        {
            return new(VolumeRefusal.SingleSlice);
        }

        var distances = new double[sorted.Count - 1];
        for (var i = 0; i < distances.Length; i++)
        {
            distances[i] = (sorted[i + 1].Position - sorted[i].Position).Dot(normal);
        }

        if (distances.Min() < SamePositionMm)
        {
            return new(VolumeRefusal.RepeatedPosition);
        }

        if (CheckDistances(distances) is { } uneven)
        {
            return uneven;
        }

        var step = (sorted[^1].Position - sorted[0].Position) * (1.0 / distances.Length);
        var tolerance = Math.Max(RelativeSpacingTolerance * step.Length, 0.1);
        for (var i = 1; i < sorted.Count; i++)
        {
            if ((sorted[i].Position - (sorted[0].Position + (step * i))).Length > tolerance)
            {
                return new(VolumeRefusal.NotAStack);
            }
        }

        // Noise in the positions of an untilted stack would shear it: below a tenth of a degree the step is the normal.
        var tilt = Math.Acos(Math.Clamp(step.Dot(normal) / step.Length, -1, 1)) * 180 / Math.PI;
        if (tilt < 0.1)
        {
            step = normal * step.Dot(normal);
            tilt = 0;
        }

        var first = sorted[0];
        var affine = new Affine(
            first.RowDirection.Normalized() * first.ColumnSpacingMm,
            first.ColumnDirection.Normalized() * first.RowSpacingMm,
            step,
            first.Position);
        return new(sorted, affine, tilt, duplicates);
    }

    private static VolumeRefusal? Check(IReadOnlyList<ImagePlane> planes)
    {
        var first = planes[0];
        foreach (var plane in planes)
        {
            if (!plane.IsUsable)
            {
                return VolumeRefusal.InvalidGeometry;
            }

            if (plane.Rows != first.Rows || plane.Columns != first.Columns)
            {
                return VolumeRefusal.MixedSize;
            }

            if (!Same(plane.RowDirection, first.RowDirection) || !Same(plane.ColumnDirection, first.ColumnDirection))
            {
                return VolumeRefusal.MixedOrientation;
            }

            if (Math.Abs(plane.RowSpacingMm - first.RowSpacingMm) > 0.001 * first.RowSpacingMm
                || Math.Abs(plane.ColumnSpacingMm - first.ColumnSpacingMm) > 0.001 * first.ColumnSpacingMm)
            {
                return VolumeRefusal.MixedSpacing;
            }
        }

        return null;

        static bool Same(Vector3D a, Vector3D b) => Math.Abs(a.X - b.X) < DirectionTolerance
            && Math.Abs(a.Y - b.Y) < DirectionTolerance && Math.Abs(a.Z - b.Z) < DirectionTolerance;
    }

    private static StackResult? CheckDistances(double[] distances)
    {
        var ordered = distances.Order().ToArray();
        var median = ordered[(ordered.Length - 1) / 2];
        var tolerance = Math.Max(RelativeSpacingTolerance * median, AbsoluteSpacingToleranceMm);
        if (distances.All(d => Math.Abs(d - median) <= tolerance))
        {
            return null;
        }

        // A whole multiple of the spacing is a gap; anything else was acquired unevenly.
        var missing = 0L;
        foreach (var distance in distances)
        {
            var multiple = Math.Round(distance / median);
            if (multiple >= 2 && Math.Abs(distance - (multiple * median)) <= 2 * tolerance)
            {
                missing += (long)multiple - 1;
            }
        }

        return missing > 0
            ? new(VolumeRefusal.SeriesGap) { Detail = $"{missing} of {missing + distances.Length + 1} slices are missing." }
            : new(VolumeRefusal.UnevenSpacing)
            {
                Detail = string.Create(
                    CultureInfo.InvariantCulture, $"The distance varies between {ordered[0]:0.###} and {ordered[^1]:0.###} mm."),
            };
    }

    // The same instance sent twice is one instance; two instances at one place are not.
    private static (List<ImagePlane> Sorted, int Duplicates) WithoutDuplicates(List<ImagePlane> sorted)
    {
        var seen = new HashSet<(string, int)>();
        var kept = sorted.Where(p => seen.Add((p.SopInstanceUid, p.Frame))).ToList();
        return (kept, sorted.Count - kept.Count);
    }
}

/// <summary>A sorted stack with its affine, or the refusal.</summary>
internal sealed record StackResult(VolumeRefusal? Refusal)
{
    public StackResult(IReadOnlyList<ImagePlane> planes, Affine affine, double tiltDegrees, int duplicates)
        : this((VolumeRefusal?)null)
    {
        Planes = planes;
        Affine = affine;
        TiltDegrees = tiltDegrees;
        Duplicates = duplicates;
    }

    public IReadOnlyList<ImagePlane> Planes { get; } = [];

    public Affine? Affine { get; }

    public double TiltDegrees { get; }

    public int Duplicates { get; }

    public string? Detail { get; init; }
}
