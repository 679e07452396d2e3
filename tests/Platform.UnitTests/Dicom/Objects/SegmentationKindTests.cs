using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Pixels;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Objects;

/// <summary>Fractional segmentations and label maps, there and back.</summary>
public class SegmentationKindTests
{
    [Theory]
    [InlineData(FractionKind.Probability, "PROBABILITY")]
    [InlineData(FractionKind.Occupancy, "OCCUPANCY")]
    public void Fractions_of_overlapping_segments_come_back_on_the_source_grid(FractionKind kind, string name)
    {
        var (_, geometry) = Source();
        var file = Again(Made.Fractional(kind));

        var read = SegmentationReader.ReadMasksOnto(file, geometry);

        Assert.Equal(Made.Fractions(geometry).Select(f => f.ToArray()), read.Masks);
        Assert.Equal((200, kind), (read.Maximum, read.Fraction));
        Assert.Equal([1, 2], read.Segments.Select(s => s.Number));
        Assert.Equal((name, "YES"), (
            file.Dataset.GetString(DicomTags.SegmentationFractionalType), file.Dataset.GetString(DicomTags.SegmentsOverlap)));
        Assert.Equal(DicomError.UnsupportedPixels, Error(() => SegmentationReader.Read(file)));
    }

    [Fact]
    public void A_fraction_above_its_maximum_is_refused_by_writer_and_reader()
    {
        var (headers, geometry) = Source();
        Assert.Throws<ArgumentException>(() => Write(199, Made.Segments(1, 2)));
        Assert.Throws<ArgumentException>(() => Write(200, Made.Segments(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(256, Made.Segments(1, 2)));

        var file = Write(200, Made.Segments(1, 2));
        file.Dataset.Set(DicomTags.MaximumFractionalValue, 199L);
        Assert.Equal(DicomError.CorruptPixels, Error(() => SegmentationReader.ReadMasks(file)));
        file.Dataset.Set(DicomTags.MaximumFractionalValue, 0L);
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadMasks(file)));
        file.Dataset.Remove(DicomTags.SegmentationFractionalType);
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadMasks(file)));

        DicomFile Write(int maximum, Segment[] segments) => SegmentationWriter.WriteFractional(
            geometry, headers, Made.Fractions(geometry), FractionKind.Probability, maximum, segments, Made.SegmentationOptions);
    }

    [Theory]
    [InlineData(9, false, 8)]
    [InlineData(255, true, 8)]
    [InlineData(300, false, 16)]
    [InlineData(65535, true, 16)]
    public void A_label_map_comes_back_with_its_numbers_and_colours(int greatest, bool inColour, int bits)
    {
        var (_, geometry) = Source();
        var file = Again(Made.LabelMap(greatest, inColour));

        var read = SegmentationReader.ReadWideOnto(file, geometry);

        Assert.Equal(Made.Labels(geometry, 1, 2).Select(l => (ushort)(l == 2 ? greatest : l == 1 ? 7 : 0)), read.Labels);
        Assert.Equal([7, greatest], read.Segments.Select(s => s.Number));
        foreach (var (expected, segment) in Made.Segments(7, greatest).Zip(read.Segments))
        {
            Assert.Equal(expected.Label, segment.Label);
            Assert.InRange(segment.Colour!.Value.Green, 126, 130); // CIELab in 16 bits rounds
            Assert.InRange(segment.Colour.Value.Blue - expected.Colour!.Value.Blue, inColour ? 0 : -2, inColour ? 0 : 2);
        }

        Assert.Equal(bits, file.Dataset.GetInt32(DicomTags.BitsAllocated));
        Assert.Equal(DicomUids.LabelMapSegmentationStorage, file.Dataset.GetUid(DicomTags.SOPClassUID));
        Assert.Equal(inColour, !file.Dataset.GetSequence(DicomTags.SegmentSequence)[1].Contains(DicomTags.RecommendedDisplayCIELabValue));
        if (bits == 8)
        {
            Assert.Equal(read.Labels.Select(l => (byte)l), SegmentationReader.ReadOnto(file, geometry).Labels);
        }
        else
        {
            Assert.Equal(DicomError.UnsupportedPixels, Error(() => SegmentationReader.ReadOnto(file, geometry)));
        }
    }

    [Fact]
    public void A_label_map_describes_its_background_and_has_a_frame_for_each_slice_with_labels()
    {
        var dataset = Made.LabelMap(9, inColour: false).Dataset;

        Assert.Equal([0, 9, 7], dataset.GetSequence(DicomTags.SegmentSequence).Select(s => s.GetInt32(DicomTags.SegmentNumber)));
        Assert.Equal((3, 0, "NO"), (
            dataset.GetInt32(DicomTags.NumberOfFrames), dataset.GetInt32(DicomTags.PixelPaddingValue), dataset.GetString(DicomTags.SegmentsOverlap)));
        Assert.Equal(
            [[1], [2], [3]],
            dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence)
                .Select(f => f.GetSequence(DicomTags.FrameContentSequence)[0].GetInt32s(DicomTags.DimensionIndexValues).ToArray()));
        Assert.DoesNotContain(
            dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence), f => f.Contains(DicomTags.SegmentIdentificationSequence));
    }

    [Fact]
    public void The_colours_of_a_label_map_are_those_of_its_palette()
    {
        var file = Again(Made.LabelMap(9, inColour: true));
        var decoder = new FrameDecoder(file);
        var rgb = new byte[3 * 35];

        decoder.DecodeToRgb(0, rgb);

        Assert.Equal([0, 0, 0], rgb[..3]);
        Assert.Equal([49, 128, 248], rgb[(3 * 5)..(3 * 6)]);
        Assert.Equal([63, 128, 246], rgb[(3 * 15)..(3 * 16)]);
        Assert.Equal("acsp"u8, file.Dataset.GetBytes(DicomTags.ICCProfile).Span.Slice(36, 4));
    }

    [Fact]
    public void Another_background_and_labels_without_a_segment()
    {
        var (_, geometry) = Source();
        var file = Made.LabelMap(9, inColour: false);
        file.Dataset.Set(DicomTags.PixelPaddingValue, 9L);
        Assert.Equal(DicomError.UnsupportedPixels, Error(() => SegmentationReader.Read(file))); // segment 0 would be a segment
        file.Dataset.SetSequence(DicomTags.SegmentSequence, file.Dataset.GetSequence(DicomTags.SegmentSequence).Skip(1).ToList());
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.Read(file))); // 0 has no segment now

        file = Made.LabelMap(9, inColour: false);
        file.Dataset.Remove(DicomTags.PixelPaddingValue);
        Assert.Contains((byte)9, SegmentationReader.ReadOnto(file, geometry).Labels); // 0 is the background where nothing is said
    }

    [Fact]
    public void Every_kind_is_read_as_masks()
    {
        var (_, geometry) = Source();
        byte[] Of(int label) => [.. Made.Labels(geometry, 1, 2).Select(l => (byte)(l == label ? 1 : 0))];

        foreach (var file in new[] { Made.Segmentation(), Made.LabelMap(9, inColour: true) })
        {
            var read = SegmentationReader.ReadMasksOnto(Again(file), geometry);
            Assert.Equal([Of(1), Of(2)], read.Masks);
            Assert.Equal((1, null), (read.Maximum, read.Fraction));
        }
    }

    [Fact]
    public void Volumes_over_the_budget_are_refused_before_they_are_made()
    {
        var file = Made.Segmentation();
        Assert.Equal(DicomError.OverBudget, Error(() => SegmentationReader.Read(file, maxVoxels: 104)));
        Assert.Equal(105, SegmentationReader.Read(file, maxVoxels: 105).Labels.Length);
        Assert.Equal(DicomError.OverBudget, Error(() => SegmentationReader.ReadMasks(file, maxVoxels: 209)));
        Assert.Equal(2, SegmentationReader.ReadMasks(file, maxVoxels: 210).Masks.Count);
    }

    [Fact]
    public void A_frame_of_another_size_direction_or_spacing_is_beside_the_grid()
    {
        var (_, geometry) = Source();
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadOnto(
            Made.Segmentation(), geometry with { Planes = [.. geometry.Planes.Select(p => p with { Rows = 6 })] })));

        var spacing = Made.Segmentation();
        Shared(spacing, DicomTags.PixelMeasuresSequence).Set(DicomTags.PixelSpacing, 0.9, 1.8);
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadOnto(spacing, geometry)));
        var direction = Made.Segmentation();
        Shared(direction, DicomTags.PlaneOrientationSequence).Set(DicomTags.ImageOrientationPatient, 0.0, 1, 0, 1, 0, 0);
        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadOnto(direction, geometry)));

        static DicomDataset Shared(DicomFile file, DicomTag macro) =>
            file.Dataset.GetSequence(DicomTags.SharedFunctionalGroupsSequence)[0].GetSequence(macro)[0];
    }

    [Fact]
    public void Two_segments_of_one_number_are_refused()
    {
        var (headers, geometry) = Source();
        var file = Made.Segmentation();
        file.Dataset.GetSequence(DicomTags.SegmentSequence)[1].Set(DicomTags.SegmentNumber, 1L);

        Assert.Equal(DicomError.InvalidPixels, Error(() => SegmentationReader.ReadMasks(file)));
        Assert.Throws<ArgumentException>(() => SegmentationWriter.WriteLabelMap(
            geometry, headers, new ushort[geometry.VoxelCount], Made.Segments(3, 3), false, Made.SegmentationOptions));
        Assert.Throws<ArgumentException>(() => SegmentationWriter.WriteLabelMap(
            geometry, headers, [.. Enumerable.Repeat((ushort)4, (int)geometry.VoxelCount)], Made.Segments(3), false, Made.SegmentationOptions));
    }

    private static DicomError Error(Action read) => Assert.Throws<DicomException>(read).Error;

    private static DicomFile Again(DicomFile file) => DicomFile.Read(file.ToArray());

    private static (List<DicomDataset> Headers, SeriesGeometry Geometry) Source()
    {
        var headers = Made.Source();
        return (headers, SeriesGeometry.Read(headers).Geometry!);
    }
}
