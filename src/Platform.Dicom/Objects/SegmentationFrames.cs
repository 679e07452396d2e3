using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>Functional groups and packed pixels of a segmentation's frames.</summary>
internal static class SegmentationFrames
{
    private static readonly CodedConcept Segmentation = new("113076", "DCM", "Segmentation");
    private static readonly CodedConcept SourceImage = new("121322", "DCM", "Source image for image processing operation");

    /// <param name="frames">Segment 0: a frame of a label map, which names no segment.</param>
    public static void SetFunctionalGroups(
        DicomDataset dataset, SeriesGeometry geometry, IReadOnlyList<DicomDataset> headers, List<(int Segment, int Slice)> frames)
    {
        var measures = new DicomDataset();
        var spacing = geometry.Affine.SpacingMm;
        measures.Set(DicomTags.PixelSpacing, spacing.Y, spacing.X);
        measures.Set(DicomTags.SliceThickness, spacing.Z);
        measures.Set(DicomTags.SpacingBetweenSlices, spacing.Z);

        var (row, column) = (geometry.Affine.ColumnStep.Normalized(), geometry.Affine.RowStep.Normalized());
        var orientation = new DicomDataset();
        orientation.Set(DicomTags.ImageOrientationPatient, row.X, row.Y, row.Z, column.X, column.Y, column.Z);

        var shared = new DicomDataset();
        shared.SetSequence(DicomTags.PixelMeasuresSequence, measures);
        shared.SetSequence(DicomTags.PlaneOrientationSequence, orientation);
        dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);

        // The index of a position counts the positions that occur, from 1.
        var positions = frames.Select(f => f.Slice).Distinct().Order().Select((slice, i) => (slice, i)).ToDictionary(p => p.slice, p => p.i + 1);
        dataset.SetSequence(
            DicomTags.PerFrameFunctionalGroupsSequence,
            frames.Select(f => Frame(f.Segment, positions[f.Slice], geometry.Planes[f.Slice], headers)));
    }

    /// <summary>One bit a voxel, low bit first; the frames follow each other without padding.</summary>
    public static byte[] Pack(SeriesGeometry geometry, ReadOnlySpan<byte> labels, List<(int Segment, int Slice)> frames)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var packed = new byte[checked((int)((((long)frames.Count * sliceVoxels) + 7) / 8))];
        var bit = 0L;
        foreach (var (segment, slice) in frames)
        {
            var image = labels.Slice(slice * sliceVoxels, sliceVoxels);
            var i = 0;
            if ((bit & 7) == 0)
            {
                // Whole bytes: 32 voxels at a time.
                var wanted = Vector256.Create((byte)segment);
                for (; i <= image.Length - Vector256<byte>.Count; i += Vector256<byte>.Count, bit += Vector256<byte>.Count)
                {
                    var mask = Vector256.Equals(Vector256.Create(image.Slice(i, Vector256<byte>.Count)), wanted).ExtractMostSignificantBits();
                    BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan((int)(bit >> 3)), mask);
                }
            }

            for (; i < image.Length; i++, bit++)
            {
                if (image[i] == segment)
                {
                    packed[bit >> 3] |= (byte)(1 << (int)(bit & 7));
                }
            }
        }

        return packed;
    }

    /// <summary>One byte a voxel.</summary>
    public static byte[] Join(SeriesGeometry geometry, IReadOnlyList<ReadOnlyMemory<byte>> values, List<(int Segment, int Slice)> frames)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var bytes = new byte[checked((int)((long)frames.Count * sliceVoxels))];
        for (var i = 0; i < frames.Count; i++)
        {
            values[frames[i].Segment - 1].Slice(frames[i].Slice * sliceVoxels, sliceVoxels).CopyTo(bytes.AsMemory(i * sliceVoxels));
        }

        return bytes;
    }

    /// <summary>One or two bytes a voxel, little endian.</summary>
    public static byte[] Join(SeriesGeometry geometry, ReadOnlySpan<ushort> labels, List<(int Segment, int Slice)> frames, int bytesPerVoxel)
    {
        var sliceVoxels = geometry.Rows * geometry.Columns;
        var bytes = new byte[checked((int)((long)frames.Count * sliceVoxels * bytesPerVoxel))];
        var at = 0;
        foreach (var (_, slice) in frames)
        {
            foreach (var label in labels.Slice(slice * sliceVoxels, sliceVoxels))
            {
                bytes[at++] = (byte)label;
                if (bytesPerVoxel == 2)
                {
                    bytes[at++] = (byte)(label >> 8);
                }
            }
        }

        return bytes;
    }

    /// <summary>SOP class and instance of an instance.</summary>
    public static DicomDataset Reference(DicomDataset header)
    {
        var item = new DicomDataset();
        item.Set(DicomTags.ReferencedSOPClassUID, header.GetString(DicomTags.SOPClassUID) ?? "");
        item.Set(DicomTags.ReferencedSOPInstanceUID, header.GetString(DicomTags.SOPInstanceUID) ?? "");
        return item;
    }

    /// <summary>An instance from which the segmentation was made, with that purpose.</summary>
    public static DicomDataset Source(InstanceReference instance)
    {
        var item = DerivedObject.Reference(instance.SopClassUid, instance.SopInstanceUid);
        item.SetSequence(DicomTags.PurposeOfReferenceCodeSequence, SourceImage.ToItem());
        return item;
    }

    private static DicomDataset Frame(int segment, int positionIndex, ImagePlane plane, IReadOnlyList<DicomDataset> headers)
    {
        var content = new DicomDataset();
        content.Set(DicomTags.DimensionIndexValues, segment > 0 ? new long[] { segment, positionIndex } : [positionIndex]);

        var position = new DicomDataset();
        position.Set(DicomTags.ImagePositionPatient, plane.Position.X, plane.Position.Y, plane.Position.Z);

        var header = headers[plane.Instance];
        var source = Reference(header);
        if (header.GetInt32(DicomTags.NumberOfFrames) is > 1)
        {
            source.Set(DicomTags.ReferencedFrameNumber, plane.Frame + 1L);
        }

        source.SetSequence(DicomTags.PurposeOfReferenceCodeSequence, SourceImage.ToItem());
        source.Set(DicomTags.SpatialLocationsPreserved, "YES");
        var derivation = new DicomDataset();
        derivation.SetSequence(DicomTags.DerivationCodeSequence, Segmentation.ToItem());
        derivation.SetSequence(DicomTags.SourceImageSequence, source);

        var groups = new DicomDataset();
        groups.SetSequence(DicomTags.FrameContentSequence, content);
        groups.SetSequence(DicomTags.PlanePositionSequence, position);
        if (segment > 0)
        {
            var identification = new DicomDataset();
            identification.Set(DicomTags.ReferencedSegmentNumber, (long)segment);
            groups.SetSequence(DicomTags.SegmentIdentificationSequence, identification);
        }

        groups.SetSequence(DicomTags.DerivationImageSequence, derivation);
        return groups;
    }
}
