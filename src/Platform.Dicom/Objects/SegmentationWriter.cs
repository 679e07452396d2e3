using System.Security.Cryptography;
using System.Text;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Writes a label volume as a binary DICOM Segmentation (PS3.3 §A.51, §C.8.20) in its source's study.</summary>
/// <remarks>
/// 1. Find the slices in which each segment has voxels; empty frames are left out (one empty frame stays where all are).
/// 2. Patient and study modules as in the source; series, equipment and image of its own.
/// 3. Functional groups: grid shared, position, segment and source image for each frame.
/// 4. Pack the frames one bit a voxel, low bit first, without padding between frames (PS3.5 §8.1.1).
/// </remarks>
public static class SegmentationWriter
{
    private const int MaxSegments = 255;

    /// <summary>Makes the instance, explicit VR little endian.</summary>
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
        if (labels.Length != geometry.VoxelCount)
        {
            throw new ArgumentException("The label volume does not have the size of the source.", nameof(labels));
        }

        if (segments.Count is 0 or > MaxSegments || segments.Where((s, i) => s.Number != i + 1).Any())
        {
            throw new ArgumentException("Segments are numbered from 1 without gaps.", nameof(segments));
        }

        // :: Step 1
        var frames = FramesOf(geometry, labels, segments.Count);

        // :: Step 2
        var source = headers[geometry.Planes[0].Instance];
        var dataset = DerivedObject.Begin(source, DicomUids.SegmentationStorage, "SEG", options);
        SetFrameOfReference(dataset, source);
        SetImage(dataset, geometry, headers, frames.Count, options);
        dataset.SetSequence(DicomTags.SegmentSequence, segments.Select(Item));

        // :: Step 3
        SegmentationFrames.SetFunctionalGroups(dataset, geometry, headers, frames);

        // :: Step 4
        dataset.Set(DicomTags.PixelData, DicomVr.OB, SegmentationFrames.Pack(geometry, labels, frames));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static List<(int Segment, int Slice)> FramesOf(SeriesGeometry geometry, ReadOnlySpan<byte> labels, int segments)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var present = new bool[segments + 1, geometry.Slices];
        for (var slice = 0; slice < geometry.Slices; slice++)
        {
            foreach (var label in labels.Slice(slice * sliceVoxels, sliceVoxels))
            {
                if (label > segments)
                {
                    throw new ArgumentException("A label has no segment.", nameof(labels));
                }

                present[label, slice] = true;
            }
        }

        var frames = new List<(int, int)>();
        for (var segment = 1; segment <= segments; segment++)
        {
            for (var slice = 0; slice < geometry.Slices; slice++)
            {
                if (present[segment, slice])
                {
                    frames.Add((segment, slice));
                }
            }
        }

        if (frames.Count == 0)
        {
            frames.Add((1, 0)); // an image has at least one frame
        }

        return frames;
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
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        dataset.Set(DicomTags.Rows, (long)geometry.Rows);
        dataset.Set(DicomTags.Columns, (long)geometry.Columns);
        dataset.Set(DicomTags.BitsAllocated, 1L);
        dataset.Set(DicomTags.BitsStored, 1L);
        dataset.Set(DicomTags.HighBit, 0L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.Set(DicomTags.SegmentationType, "BINARY");
        dataset.Set(DicomTags.SegmentsOverlap, "NO");

        // What was lossy once stays so (PS3.3 §C.7.6.1.1.5).
        var isLossy = geometry.Planes.Any(p => headers[p.Instance].GetString(DicomTags.LossyImageCompression) == "01");
        dataset.Set(DicomTags.LossyImageCompression, isLossy ? "01" : "00");
        SetDimensions(dataset, options);
        SetReferencedSeries(dataset, geometry, headers);
    }

    private static void SetDimensions(DicomDataset dataset, SegmentationOptions options)
    {
        var uid = DicomUid.FromHash(SHA256.HashData(Encoding.ASCII.GetBytes(options.SopInstanceUid + "/dimensions")));
        var organization = new DicomDataset();
        organization.Set(DicomTags.DimensionOrganizationUID, uid);
        dataset.SetSequence(DicomTags.DimensionOrganizationSequence, organization);
        dataset.SetSequence(
            DicomTags.DimensionIndexSequence,
            Index(DicomTags.ReferencedSegmentNumber, DicomTags.SegmentIdentificationSequence, "Segment"),
            Index(DicomTags.ImagePositionPatient, DicomTags.PlanePositionSequence, "Position"));

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

    private static void SetReferencedSeries(DicomDataset dataset, SeriesGeometry geometry, IReadOnlyList<DicomDataset> headers)
    {
        var series = geometry.Planes.Select(p => headers[p.Instance]).Distinct()
            .GroupBy(h => h.GetUid(DicomTags.SeriesInstanceUID) ?? "").Select(Series);
        dataset.SetSequence(DicomTags.ReferencedSeriesSequence, series);

        static DicomDataset Series(IGrouping<string, DicomDataset> instances)
        {
            var item = new DicomDataset();
            item.Set(DicomTags.SeriesInstanceUID, instances.Key);
            item.SetSequence(DicomTags.ReferencedInstanceSequence, instances.Select(SegmentationFrames.Reference));
            return item;
        }
    }

    private static DicomDataset Item(Segment segment)
    {
        var item = new DicomDataset();
        item.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        item.Set(DicomTags.SegmentNumber, (long)segment.Number);
        item.Set(DicomTags.SegmentLabel, segment.Label);
        item.Set(DicomTags.SegmentAlgorithmType, "AUTOMATIC");
        item.Set(DicomTags.SegmentAlgorithmName, segment.AlgorithmName);
        item.SetSequence(DicomTags.SegmentedPropertyCategoryCodeSequence, segment.Category.ToItem());
        var type = segment.Type.ToItem();
        if (segment.TypeModifiers.Count > 0)
        {
            type.SetSequence(DicomTags.SegmentedPropertyTypeModifierCodeSequence, segment.TypeModifiers.Select(m => m.ToItem()));
        }

        item.SetSequence(DicomTags.SegmentedPropertyTypeCodeSequence, type);
        if (segment.AnatomicRegion is { } region)
        {
            item.SetSequence(DicomTags.AnatomicRegionSequence, region.ToItem());
        }

        var (red, green, blue) = segment.DisplayColour;
        var (l, a, b) = CieLab.FromRgb(red, green, blue);
        item.Set(DicomTags.RecommendedDisplayCIELabValue, (long)l, (long)a, (long)b);
        if (segment is { TrackingId: { } id, TrackingUid: { } uid })
        {
            item.Set(DicomTags.TrackingID, id);
            item.Set(DicomTags.TrackingUID, uid);
        }

        item.Remove(DicomTags.SpecificCharacterSet);
        return item;
    }
}
