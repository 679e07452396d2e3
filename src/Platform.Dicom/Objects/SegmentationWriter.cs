using System.Security.Cryptography;
using System.Text;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Writes DICOM Segmentations (PS3.3 §A.51, §C.8.20), binary, fractional and label maps, in their source's study.</summary>
/// <remarks>
/// 1. Find the slices in which each segment has voxels; empty frames are left out (one empty frame stays where all are).
/// 2. Patient and study modules as in the source; series, equipment and image of its own.
/// 3. Functional groups: grid shared; position, segment and source image for each frame.
/// 4. Pack the frames without padding between them (PS3.5 §8.1.1): one bit a voxel, low bit first, or 8 or 16 bits.
/// </remarks>
public static class SegmentationWriter
{
    private const int MaxSegments = 255;

    /// <summary>Makes a binary segmentation: a frame for each segment and slice. Explicit VR little endian.</summary>
    /// <param name="geometry">Grid of the source; the label volume lies on it.</param>
    /// <param name="headers">The source's headers, in the order that the geometry was read from.</param>
    /// <param name="labels">One byte a voxel in order slice, row, column: 0 or the number of a segment.</param>
    /// <param name="segments">Numbered 1, 2, 3 … in this order.</param>
    /// <exception cref="ArgumentException">A label volume of another size, segments not numbered from 1, a label without a segment.</exception>
    public static DicomFile Write(
        SeriesGeometry geometry,
        IReadOnlyList<DicomDataset> headers,
        ReadOnlySpan<byte> labels,
        IReadOnlyList<Segment> segments,
        SegmentationOptions options)
    {
        ThrowIfOtherSize(geometry, labels.Length, nameof(labels));
        ThrowIfNotNumberedFromOne(segments);

        // :: Step 1
        var frames = FramesOf(geometry, labels, segments.Count);

        // :: Steps 2 and 3
        var dataset = Begin(geometry, headers, segments, options, frames);
        SetPixelDescription(dataset, bits: 1, "BINARY");

        // :: Step 4
        dataset.Set(DicomTags.PixelData, DicomVr.OB, SegmentationFrames.Pack(geometry, labels, frames));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    /// <summary>Makes a fractional segmentation: segments may overlap. Explicit VR little endian.</summary>
    /// <param name="values">For each segment one byte a voxel in order slice, row, column: 0 to <paramref name="maximum"/>.</param>
    /// <param name="maximum">What stands for certainty or the whole voxel (0062,000E), 1 to 255.</param>
    /// <param name="segments">Numbered 1, 2, 3 … in this order.</param>
    /// <exception cref="ArgumentException">Volumes of another size or number, segments not numbered from 1, a value above the maximum.</exception>
    public static DicomFile WriteFractional(
        SeriesGeometry geometry,
        IReadOnlyList<DicomDataset> headers,
        IReadOnlyList<ReadOnlyMemory<byte>> values,
        FractionKind kind,
        int maximum,
        IReadOnlyList<Segment> segments,
        SegmentationOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, byte.MaxValue);
        ThrowIfNotNumberedFromOne(segments);
        if (values.Count != segments.Count)
        {
            throw new ArgumentException("There is one volume for each segment.", nameof(values));
        }

        foreach (var volume in values)
        {
            ThrowIfOtherSize(geometry, volume.Length, nameof(values));
            if (volume.Span.ContainsAnyExceptInRange((byte)0, (byte)maximum))
            {
                throw new ArgumentException("A value is above the maximum.", nameof(values));
            }
        }

        // :: Step 1
        var frames = FramesOf(geometry, values);

        // :: Steps 2 and 3
        var dataset = Begin(geometry, headers, segments, options, frames);
        SetPixelDescription(dataset, bits: 8, "FRACTIONAL");
        dataset.Set(DicomTags.SegmentationFractionalType, kind == FractionKind.Probability ? "PROBABILITY" : "OCCUPANCY");
        dataset.Set(DicomTags.MaximumFractionalValue, (long)maximum);
        dataset.Set(DicomTags.SegmentsOverlap, Overlap(values) ? "YES" : "NO");

        // :: Step 4
        dataset.Set(DicomTags.PixelData, DicomVr.OB, SegmentationFrames.Join(geometry, values, frames));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    /// <summary>
    /// Makes a Label Map Segmentation: a frame for each slice, of 8 bits where the numbers allow it, else of 16; 0 is the background.
    /// Explicit VR little endian.
    /// </summary>
    /// <param name="labels">In order slice, row, column: 0 or the number of a segment.</param>
    /// <param name="segments">Any numbers from 1 to 65,535, in any order.</param>
    /// <param name="inColour">Whether the pixels are PALETTE COLOR by the segments' colours; else MONOCHROME2, and the segments name them.</param>
    /// <exception cref="ArgumentException">A label volume of another size, two segments of one number, a label without a segment.</exception>
    public static DicomFile WriteLabelMap(
        SeriesGeometry geometry,
        IReadOnlyList<DicomDataset> headers,
        ReadOnlySpan<ushort> labels,
        IReadOnlyList<Segment> segments,
        bool inColour,
        SegmentationOptions options)
    {
        ThrowIfOtherSize(geometry, labels.Length, nameof(labels));
        if (segments.Count == 0 || segments.Any(s => s.Number is < 1 or > ushort.MaxValue) || segments.DistinctBy(s => s.Number).Count() < segments.Count)
        {
            throw new ArgumentException("Segments have different numbers from 1 to 65,535.", nameof(segments));
        }

        // :: Step 1
        var frames = FramesOf(geometry, labels, [.. segments.Select(s => s.Number)]);

        // :: Steps 2 and 3
        var dataset = Begin(geometry, headers, segments, options, frames, inColour);
        var bits = segments.Max(s => s.Number) <= byte.MaxValue ? 8 : 16;
        SetPixelDescription(dataset, bits, "LABELMAP");
        dataset.Set(DicomTags.PixelPaddingValue, 0L);
        if (inColour)
        {
            SegmentPalette.Set(dataset, segments, bits);
        }

        // :: Step 4
        dataset.Set(DicomTags.PixelData, bits == 8 ? DicomVr.OB : DicomVr.OW, SegmentationFrames.Join(geometry, labels, frames, bits / 8));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static void ThrowIfOtherSize(SeriesGeometry geometry, int voxels, string parameter)
    {
        if (voxels != geometry.VoxelCount)
        {
            throw new ArgumentException("The volume does not have the size of the source.", parameter);
        }
    }

    private static void ThrowIfNotNumberedFromOne(IReadOnlyList<Segment> segments)
    {
        if (segments.Count is 0 or > MaxSegments || segments.Where((s, i) => s.Number != i + 1).Any())
        {
            throw new ArgumentException("Segments are numbered from 1 without gaps.", nameof(segments));
        }
    }

    /// <param name="frames">Segment 0: a frame of all segments.</param>
    /// <param name="inColour">Whether a palette has the colours.</param>
    private static DicomDataset Begin(
        SeriesGeometry geometry,
        IReadOnlyList<DicomDataset> headers,
        IReadOnlyList<Segment> segments,
        SegmentationOptions options,
        List<(int Segment, int Slice)> frames,
        bool inColour = false)
    {
        var isLabelMap = frames[0].Segment == 0;
        var source = headers[geometry.Planes[0].Instance];
        var dataset = DerivedObject.Begin(
            source, isLabelMap ? DicomUids.LabelMapSegmentationStorage : DicomUids.SegmentationStorage, "SEG", options);
        SetFrameOfReference(dataset, source);
        SetImage(dataset, geometry, headers, frames.Count, options);
        dataset.Set(DicomTags.PhotometricInterpretation, inColour ? "PALETTE COLOR" : "MONOCHROME2");
        SetDimensions(dataset, options, isLabelMap);
        SetReferences(dataset, geometry, headers, options.FurtherSources);
        var items = segments.Select(s => SegmentItems.Write(s, hasColour: !inColour));
        dataset.SetSequence(DicomTags.SegmentSequence, isLabelMap ? items.Prepend(SegmentItems.Background(segments[0].AlgorithmName)) : items);
        SegmentationFrames.SetFunctionalGroups(dataset, geometry, headers, frames);
        return dataset;
    }

    private static List<(int Segment, int Slice)> FramesOf(SeriesGeometry geometry, ReadOnlySpan<byte> labels, int segments)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var present = new bool[segments + 1, geometry.Slices];
        for (var slice = 0; slice < geometry.Slices; slice++)
        {
            // Mostly background, which is passed over many voxels at a time.
            var rest = labels.Slice(slice * sliceVoxels, sliceVoxels);
            for (int next; (next = rest.IndexOfAnyExcept((byte)0)) >= 0;)
            {
                var label = rest[next];
                if (label > segments)
                {
                    throw new ArgumentException("A label has no segment.", nameof(labels));
                }

                present[label, slice] = true;
                rest = rest[next..];
                var other = rest.IndexOfAnyExcept(label);
                rest = other < 0 ? [] : rest[other..];
            }
        }

        return Frames(segments, geometry.Slices, (segment, slice) => present[segment, slice]);
    }

    private static List<(int Segment, int Slice)> FramesOf(SeriesGeometry geometry, IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        return Frames(
            values.Count,
            geometry.Slices,
            (segment, slice) => values[segment - 1].Span.Slice(slice * sliceVoxels, sliceVoxels).ContainsAnyExcept((byte)0));
    }

    private static List<(int Segment, int Slice)> FramesOf(SeriesGeometry geometry, ReadOnlySpan<ushort> labels, HashSet<int> numbers)
    {
        var isSegment = new bool[ushort.MaxValue + 1];
        foreach (var number in numbers.Append(0))
        {
            isSegment[number] = true;
        }

        var sliceVoxels = geometry.Rows * geometry.Columns;
        var frames = new List<(int, int)>();
        for (var slice = 0; slice < geometry.Slices; slice++)
        {
            var isEmpty = true;
            foreach (var label in labels.Slice(slice * sliceVoxels, sliceVoxels))
            {
                isEmpty &= label == 0;
                if (!isSegment[label])
                {
                    throw new ArgumentException("A label has no segment.", nameof(labels));
                }
            }

            if (!isEmpty)
            {
                frames.Add((0, slice));
            }
        }

        return frames.Count > 0 ? frames : [(0, 0)];
    }

    private static List<(int Segment, int Slice)> Frames(int segments, int slices, Func<int, int, bool> isPresent)
    {
        var frames = new List<(int, int)>();
        for (var segment = 1; segment <= segments; segment++)
        {
            for (var slice = 0; slice < slices; slice++)
            {
                if (isPresent(segment, slice))
                {
                    frames.Add((segment, slice));
                }
            }
        }

        return frames.Count > 0 ? frames : [(1, 0)]; // an image has at least one frame
    }

    private static bool Overlap(IReadOnlyList<ReadOnlyMemory<byte>> values)
    {
        var isTaken = new bool[values[0].Length];
        foreach (var volume in values)
        {
            var span = volume.Span;
            for (var i = 0; i < span.Length; i++)
            {
                if (span[i] != 0)
                {
                    if (isTaken[i])
                    {
                        return true;
                    }

                    isTaken[i] = true;
                }
            }
        }

        return false;
    }

    private static void SetFrameOfReference(DicomDataset dataset, DicomDataset source)
    {
        if (source.GetUid(DicomTags.FrameOfReferenceUID) is { } frameOfReference)
        {
            dataset.Set(DicomTags.FrameOfReferenceUID, frameOfReference);
            dataset.Set(DicomTags.PositionReferenceIndicator, source.GetStrings(DicomTags.PositionReferenceIndicator));
        }
    }

    private static void SetImage(
        DicomDataset dataset, SeriesGeometry geometry, IReadOnlyList<DicomDataset> headers, int frames, SegmentationOptions options)
    {
        dataset.Set(DicomTags.ImageType, "DERIVED", "PRIMARY");
        dataset.Set(DicomTags.ContentLabel, options.ContentLabel);
        dataset.Set(DicomTags.ContentDescription, options.ContentDescription);
        dataset.SetEmpty(DicomTags.ContentCreatorName);
        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        dataset.Set(DicomTags.Rows, (long)geometry.Rows);
        dataset.Set(DicomTags.Columns, (long)geometry.Columns);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.Set(DicomTags.SegmentsOverlap, "NO");

        // What was lossy once stays so (PS3.3 §C.7.6.1.1.5).
        var isLossy = geometry.Planes.Any(p => headers[p.Instance].GetString(DicomTags.LossyImageCompression) == "01");
        dataset.Set(DicomTags.LossyImageCompression, isLossy ? "01" : "00");
    }

    private static void SetPixelDescription(DicomDataset dataset, int bits, string type)
    {
        dataset.Set(DicomTags.BitsAllocated, (long)bits);
        dataset.Set(DicomTags.BitsStored, (long)bits);
        dataset.Set(DicomTags.HighBit, bits - 1L);
        dataset.Set(DicomTags.SegmentationType, type);
    }

    private static void SetDimensions(DicomDataset dataset, SegmentationOptions options, bool isLabelMap)
    {
        var uid = DicomUid.FromHash(SHA256.HashData(Encoding.ASCII.GetBytes(options.SopInstanceUid + "/dimensions")));
        var organization = new DicomDataset();
        organization.Set(DicomTags.DimensionOrganizationUID, uid);
        dataset.SetSequence(DicomTags.DimensionOrganizationSequence, organization);
        var position = Index(DicomTags.ImagePositionPatient, DicomTags.PlanePositionSequence, "Position");
        dataset.SetSequence(
            DicomTags.DimensionIndexSequence,
            isLabelMap ? [position] : [Index(DicomTags.ReferencedSegmentNumber, DicomTags.SegmentIdentificationSequence, "Segment"), position]);

        DicomDataset Index(DicomTag pointer, DicomTag group, string label)
        {
            var item = new DicomDataset();
            item.Set(DicomTags.DimensionOrganizationUID, uid);
            item.Set(DicomTags.DimensionIndexPointer, $"{pointer.Value:X8}");
            item.Set(DicomTags.FunctionalGroupPointer, $"{group.Value:X8}");
            item.Set(DicomTags.DimensionDescriptionLabel, label);
            return item;
        }
    }

    /// <summary>All instances by study and series (PS3.3 §C.12.2), and those that no frame names as sources of the whole (§C.12.4).</summary>
    private static void SetReferences(
        DicomDataset dataset, SeriesGeometry geometry, IReadOnlyList<DicomDataset> headers, IReadOnlyList<InstanceReference> further)
    {
        var study = headers[geometry.Planes[0].Instance].GetString(DicomTags.StudyInstanceUID) ?? "";
        var segmented = geometry.Planes.Select(p => headers[p.Instance]).Distinct().Select(InstanceReference.Of);
        var studies = segmented.Select(i => i with { StudyInstanceUid = study }).Concat(further).GroupBy(i => i.StudyInstanceUid).ToList();
        dataset.SetSequence(DicomTags.ReferencedSeriesSequence, SeriesOf(studies.Single(s => s.Key == study)));
        var others = studies.Where(s => s.Key != study).Select(other =>
        {
            var item = new DicomDataset();
            item.Set(DicomTags.StudyInstanceUID, other.Key);
            item.SetSequence(DicomTags.ReferencedSeriesSequence, SeriesOf(other));
            return item;
        }).ToList();
        if (others.Count > 0)
        {
            dataset.SetSequence(DicomTags.StudiesContainingOtherReferencedInstancesSequence, others);
        }

        if (further.Count > 0)
        {
            dataset.SetSequence(DicomTags.SourceImageSequence, further.Select(SegmentationFrames.Source));
        }
    }

    private static IEnumerable<DicomDataset> SeriesOf(IEnumerable<InstanceReference> instances) => instances.GroupBy(i => i.SeriesInstanceUid).Select(series =>
    {
        var item = new DicomDataset();
        item.Set(DicomTags.SeriesInstanceUID, series.Key);
        item.SetSequence(DicomTags.ReferencedInstanceSequence, series.Select(i => DerivedObject.Reference(i.SopClassUid, i.SopInstanceUid)));
        return item;
    });
}
