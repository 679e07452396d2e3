using System.Buffers;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Reads binary segmentations (PS3.3 §A.51) whose segments do not overlap back to a label volume.</summary>
/// <remarks>
/// 1. Describe the segments.
/// 2. Place the frames: parallel planes, sorted along their normal. Slices without a frame are empty, their spacing is
///    Spacing Between Slices, or the smallest distance between frames.
/// 3. Unpack each frame into its slice.
/// </remarks>
public static class SegmentationReader
{
    private const int MaxSegments = 255;

    /// <summary>Voxels of a label volume, empty ones among them; each is a byte.</summary>
    public const long DefaultMaxVoxels = 512L << 20;

    /// <summary>Reads on a grid of its own, which spans the slices that have frames.</summary>
    /// <param name="maxVoxels">The largest label volume to make: positions far apart span one that the stored frames do not account for.</param>
    /// <exception cref="DicomException">InvalidPixels, UnsupportedPixels (fractional, overlapping), CorruptPixels or OverBudget.</exception>
    public static Segmentation Read(DicomFile file, long maxVoxels = DefaultMaxVoxels) => Read(file, null, 0, maxVoxels);

    /// <summary>Reads on the grid of the series that was segmented; frames beside that grid are InvalidPixels.</summary>
    /// <exception cref="DicomException">As for the other form.</exception>
    public static Segmentation ReadOnto(DicomFile file, SeriesGeometry source) => Read(file, source.Affine, source.Slices, Array.MaxLength);

    private static Segmentation Read(DicomFile file, Affine? grid, int gridSlices, long maxVoxels)
    {
        var dataset = file.Dataset;
        if (dataset.GetString(DicomTags.SegmentationType) != "BINARY")
        {
            throw PixelErrors.Unsupported("Only binary segmentations are read", DicomTags.SegmentationType);
        }

        // :: Step 1
        var segments = dataset.GetSequence(DicomTags.SegmentSequence).Select(Describe).OrderBy(s => s.Number).ToList();

        // :: Step 2
        var decoder = new FrameDecoder(file);
        var d = decoder.Description;
        var (planes, _, refusal) = ImagePlanes.Read([dataset]);
        if (refusal is not null || planes.Count != d.Frames || !planes.TrueForAll(p => p.IsUsable))
        {
            throw PixelErrors.Invalid("A frame has no usable place", DicomTags.PerFrameFunctionalGroupsSequence);
        }

        grid ??= Grid(dataset, planes, maxVoxels, out gridSlices);
        var slices = planes.ConvertAll(p => SliceOf(p, grid, gridSlices));

        // :: Step 3
        var sliceVoxels = d.PixelsPerFrame;
        if ((long)sliceVoxels * gridSlices > maxVoxels)
        {
            throw PixelErrors.OverBudget(nameof(maxVoxels), maxVoxels, DicomTags.NumberOfFrames);
        }

        for (var frame = 0; frame < d.Frames; frame++)
        {
            decoder.Check(frame);
        }

        var labels = new byte[sliceVoxels * gridSlices];
        var mask = ArrayPool<byte>.Shared.Rent(sliceVoxels);
        try
        {
            for (var frame = 0; frame < d.Frames; frame++)
            {
                var number = NumberOf(dataset, frame, segments);
                decoder.Decode(frame, mask.AsSpan(0, sliceVoxels));
                Label(mask.AsSpan(0, sliceVoxels), labels.AsSpan(slices[frame] * sliceVoxels, sliceVoxels), number);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(mask);
        }

        return new(labels, d.Columns, d.Rows, gridSlices, grid, segments);
    }

    private static void Label(ReadOnlySpan<byte> mask, Span<byte> labels, byte number)
    {
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] == 0)
            {
                continue;
            }

            if (labels[i] != 0 && labels[i] != number)
            {
                throw PixelErrors.Unsupported("Overlapping segments make no label volume", DicomTags.SegmentsOverlap);
            }

            labels[i] = number;
        }
    }

    private static byte NumberOf(DicomDataset dataset, int frame, List<Segment> segments)
    {
        var number = FunctionalGroups.Find(dataset, frame, DicomTags.SegmentIdentificationSequence)
            ?.GetInt32(DicomTags.ReferencedSegmentNumber);
        return number is { } n && segments.Exists(s => s.Number == n)
            ? (byte)n
            : throw PixelErrors.Invalid("A frame names no segment", DicomTags.ReferencedSegmentNumber);
    }

    private static Affine Grid(DicomDataset dataset, List<ImagePlane> planes, long maxVoxels, out int slices)
    {
        var normal = planes[0].Normal;
        var sorted = planes.OrderBy(p => p.Position.Dot(normal)).ToList();
        var (first, last) = (sorted[0], sorted[^1]);
        var distances = sorted.Zip(sorted.Skip(1), (a, b) => (b.Position - a.Position).Dot(normal)).Where(d => d > 0.001).ToList();
        var declared = FunctionalGroups.Find(dataset, 0, DicomTags.PixelMeasuresSequence)?.GetDouble(DicomTags.SpacingBetweenSlices);
        var spacing = declared is > 0 ? declared.Value : distances.Count > 0 ? distances.Min() : 1;

        // The step follows the positions, which a tilted gantry shifts sideways.
        var extent = (last.Position - first.Position).Dot(normal);
        var count = Math.Round(extent / spacing);
        if (!(count * planes[0].Rows * planes[0].Columns <= maxVoxels))
        {
            throw PixelErrors.OverBudget(nameof(maxVoxels), maxVoxels, DicomTags.ImagePositionPatient);
        }

        slices = (int)count + 1;
        var step = slices > 1 ? (last.Position - first.Position) * (1.0 / (slices - 1)) : normal * spacing;
        return new(first.RowDirection * first.ColumnSpacingMm, first.ColumnDirection * first.RowSpacingMm, step, first.Position);
    }

    private static int SliceOf(ImagePlane plane, Affine grid, int slices)
    {
        var index = grid.ToIndex(plane.Position);
        var slice = (int)Math.Round(index.Z);
        return Math.Abs(index.X) < 0.1 && Math.Abs(index.Y) < 0.1 && Math.Abs(index.Z - slice) < 0.1 && slice >= 0 && slice < slices
            ? slice
            : throw PixelErrors.Invalid("A frame lies beside the grid", DicomTags.ImagePositionPatient);
    }

    private static Segment Describe(DicomDataset item)
    {
        var number = item.GetInt32(DicomTags.SegmentNumber);
        if (number is not (>= 1 and <= MaxSegments))
        {
            throw PixelErrors.Unsupported("A label volume has at most 255 segments", DicomTags.SegmentNumber);
        }

        var type = Code(item, DicomTags.SegmentedPropertyTypeCodeSequence);
        var colour = item.GetInt32s(DicomTags.RecommendedDisplayCIELabValue);
        return new Segment(
            number.Value,
            item.GetString(DicomTags.SegmentLabel) ?? "",
            Code(item, DicomTags.SegmentedPropertyCategoryCodeSequence),
            type,
            item.GetString(DicomTags.SegmentAlgorithmName) ?? "",
            item.GetString(DicomTags.TrackingID),
            item.GetUid(DicomTags.TrackingUID))
        {
            TypeModifiers = item.GetSequence(DicomTags.SegmentedPropertyTypeCodeSequence) is [var typeItem, ..]
                ? [.. typeItem.GetSequence(DicomTags.SegmentedPropertyTypeModifierCodeSequence).Select(CodedConcept.FromItem).OfType<CodedConcept>()]
                : [],
            AnatomicRegion = item.GetSequence(DicomTags.AnatomicRegionSequence) is [var region, ..] ? CodedConcept.FromItem(region) : null,
            Colour = colour.Count == 3 ? CieLab.ToRgb(colour[0], colour[1], colour[2]) : null,
        };
    }

    private static CodedConcept Code(DicomDataset item, DicomTag sequence) =>
        item.GetSequence(sequence) is [var code, ..] && CodedConcept.FromItem(code) is { } concept
            ? concept
            : throw PixelErrors.Invalid("A segment has no code", sequence);
}
