using Platform.Dicom.Pixels;

namespace Platform.Dicom.Volumes;

/// <summary>How the frames of one series lie as one volume. Slices are sorted along row direction × column direction.</summary>
/// <param name="Planes">One for each slice, in the order of the slice index.</param>
/// <param name="Affine">From index (column x, row y, slice z) to LPS millimetres; its slice step comes from positions.</param>
/// <param name="TiltDegrees">Angle between slice step and slice normal, 0 if below 0.1: gantry tilt, which the affine holds as shear.</param>
/// <param name="DuplicatesDropped">Instances that were given more than once.</param>
/// <param name="LocalizersDropped">Localizer images that lay in the series beside the stack.</param>
public sealed record SeriesGeometry(
    IReadOnlyList<ImagePlane> Planes, Affine Affine, double TiltDegrees, int DuplicatesDropped, int LocalizersDropped)
{
    public int Columns => Planes[0].Columns;

    public int Rows => Planes[0].Rows;

    public int Slices => Planes.Count;

    /// <summary>Voxels of the volume.</summary>
    public long VoxelCount => (long)Columns * Rows * Slices;

    /// <summary>Works the geometry out from headers alone (pixels need not be loaded), or says why there is none. Does not throw.</summary>
    public static GeometryResult Read(IReadOnlyList<DicomDataset> headers)
    {
        var (planes, localizers, refusal) = PlanesOf(headers);
        return refusal is { } reason ? new(reason) : Of(planes, headers, localizers);
    }

    /// <summary>
    /// As <see cref="Read"/>, with a geometry for each volume of a series that holds several, by stack, time, cardiac or respiratory phase,
    /// echo, component, diffusion weighting, tube voltage or image type. Does not throw.
    /// </summary>
    /// <returns>One part at least; a part that is no volume has its reason.</returns>
    public static IReadOnlyList<SeriesPart> ReadAll(IReadOnlyList<DicomDataset> headers)
    {
        var (planes, localizers, refusal) = PlanesOf(headers);
        return refusal is { } reason ? [new("", new(reason))] : SeriesPart.Divide(planes, headers, localizers);
    }

    internal static GeometryResult Of(IReadOnlyList<ImagePlane> planes, IReadOnlyList<DicomDataset> headers, int localizers)
    {
        var stack = PlaneStack.Sort(planes);
        if (stack.Refusal is { } notOne)
        {
            var isSeveral = notOne is VolumeRefusal.RepeatedPosition or VolumeRefusal.MixedOrientation or VolumeRefusal.MixedSpacing;
            return new(notOne, stack.Detail ?? (isSeveral ? FrameTraits.Describe(planes, headers) : null));
        }

        var geometry = new SeriesGeometry(stack.Planes, stack.Affine!, stack.TiltDegrees, stack.Duplicates, localizers);
        return geometry.VoxelCount * sizeof(float) <= PixelDescription.MaxTotalBytes
            ? new(geometry)
            : new(VolumeRefusal.TooLarge);
    }

    private static (List<ImagePlane> Planes, int Localizers, VolumeRefusal? Refusal) PlanesOf(IReadOnlyList<DicomDataset> headers) =>
        headers.Count > 0 ? ImagePlanes.Read(headers) : ([], 0, VolumeRefusal.NoInstances);
}

/// <summary>A geometry, or the reason there is none.</summary>
/// <param name="Detail">More about the refusal, in numbers; never a patient value.</param>
public sealed record GeometryResult(SeriesGeometry? Geometry, VolumeRefusal? Refusal, string? Detail)
{
    public GeometryResult(SeriesGeometry geometry)
        : this(geometry, null, null)
    {
    }

    public GeometryResult(VolumeRefusal refusal, string? detail = null)
        : this(null, refusal, detail)
    {
    }
}
