using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Objects;

public class SegmentationTests
{
    private static readonly CodedConcept Anatomy = new("123037004", "SCT", "Anatomical Structure");
    private static readonly CodedConcept Hippocampus = new("4421005", "SCT", "Hippocampus");

    private static readonly Segment[] Segments =
    [
        new(1, "Anterior", Anatomy, Hippocampus, "hippocampus-volume 1", "front", "2.25.41")
        {
            TypeModifiers = [new("255549009", "SCT", "Anterior")],
            Colour = (200, 30, 90),
        },
        new(2, "后部", Anatomy, Hippocampus, "hippocampus-volume 1"),
    ];

    [Fact]
    public void Labels_and_segments_come_back_on_the_source_grid()
    {
        // 35 voxels a slice: every frame but the first starts inside a byte.
        var (headers, geometry) = Source();
        var labels = Labels(geometry);

        var file = DicomFile.Read(SegmentationWriter.Write(geometry, headers, labels, Segments, Options).ToArray());
        var read = SegmentationReader.ReadOnto(file, geometry);

        Assert.Equal(labels, read.Labels);
        Assert.Equal(["Anterior", "后部"], read.Segments.Select(s => s.Label));
        Assert.Equal(Segments[0] with { TypeModifiers = [], Colour = null }, read.Segments[0] with { TypeModifiers = [], Colour = null });
        Assert.Equal(Segments[0].TypeModifiers, read.Segments[0].TypeModifiers);
        Assert.InRange(read.Segments[0].Colour!.Value.Red, 198, 202);
        Assert.InRange(read.Segments[0].Colour!.Value.Green, 28, 32);
        Assert.InRange(read.Segments[0].Colour!.Value.Blue, 88, 92);
    }

    [Theory]
    [InlineData(16, 20)]
    [InlineData(9, 13)]
    public void Any_labels_come_back_wherever_their_frames_begin(int rows, int columns)
    {
        List<DicomDataset> headers =
            [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x, columns, rows, 6, "CT", Affine.Axial(1, 1, 2, new(0, 0, 0)))).Select(f => f.Dataset)];
        var geometry = SeriesGeometry.Read(headers).Geometry!;
        var random = new Random(rows);
        byte[] labels = [.. Enumerable.Range(0, (int)geometry.VoxelCount).Select(i => (byte)Math.Max(0, random.Next(-3, 3)))];

        var file = DicomFile.Read(SegmentationWriter.Write(geometry, headers, labels, Segments, Options).ToArray());

        Assert.Equal(labels, SegmentationReader.ReadOnto(file, geometry).Labels);
        labels[^1] = 3;
        Assert.Throws<ArgumentException>(() => SegmentationWriter.Write(geometry, headers, labels, Segments, Options));
    }


    [Fact]
    public void Only_slices_that_a_segment_touches_become_frames()
    {
        var (headers, geometry) = Source();

        var dataset = SegmentationWriter.Write(geometry, headers, Labels(geometry), Segments, Options).Dataset;

        // Segment 1 in slices 1 and 2, segment 2 in slice 1.
        Assert.Equal(3, dataset.GetInt32(DicomTags.NumberOfFrames));
        Assert.Equal(
            [[1, 1], [1, 2], [2, 1]],
            dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence)
                .Select(f => f.GetSequence(DicomTags.FrameContentSequence)[0].GetInt32s(DicomTags.DimensionIndexValues).ToArray()));
    }

    [Fact]
    public void Each_frame_names_the_source_instance_it_was_made_from()
    {
        var (headers, geometry) = Source();

        var dataset = SegmentationWriter.Write(geometry, headers, Labels(geometry), Segments, Options).Dataset;

        Assert.Equal(
            ["2.25.3000.2", "2.25.3000.3", "2.25.3000.2"],
            dataset.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence)
                .Select(f => f.GetSequence(DicomTags.DerivationImageSequence)[0].GetSequence(DicomTags.SourceImageSequence)[0]
                    .GetUid(DicomTags.ReferencedSOPInstanceUID)));
    }

    [Fact]
    public void It_lies_in_the_study_of_its_source()
    {
        var (headers, geometry) = Source();
        headers[0].Set(DicomTags.PatientID, "pseudonym-1");
        headers[0].Set(DicomTags.PatientIdentityRemoved, "YES");

        var dataset = SegmentationWriter.Write(geometry, headers, Labels(geometry), Segments, Options).Dataset;

        Assert.Equal(Phantom.StudyUid, dataset.GetUid(DicomTags.StudyInstanceUID));
        Assert.Equal("2.25.52", dataset.GetUid(DicomTags.SeriesInstanceUID));
        Assert.Equal("pseudonym-1", dataset.GetString(DicomTags.PatientID));
        Assert.Equal("YES", dataset.GetString(DicomTags.PatientIdentityRemoved));
        Assert.Equal("SEG", dataset.GetString(DicomTags.Modality));
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes()
    {
        var (headers, geometry) = Source();

        Assert.Equal(
            SegmentationWriter.Write(geometry, headers, Labels(geometry), Segments, Options).ToArray(),
            SegmentationWriter.Write(geometry, headers, Labels(geometry), Segments, Options).ToArray());
    }

    [Fact]
    public void A_result_without_a_single_voxel_is_one_empty_frame()
    {
        var (headers, geometry) = Source();

        var file = SegmentationWriter.Write(geometry, headers, new byte[geometry.VoxelCount], Segments, Options);

        Assert.Equal(1, file.Dataset.GetInt32(DicomTags.NumberOfFrames));
        Assert.DoesNotContain(SegmentationReader.ReadOnto(file, geometry).Labels, l => l != 0);
    }

    [Fact]
    public void Without_its_source_it_spans_the_slices_that_have_frames()
    {
        var (headers, geometry) = Source();
        var labels = new byte[geometry.VoxelCount];
        labels[35] = 1;
        labels[(3 * 35) + 3] = 1;

        var read = SegmentationReader.Read(SegmentationWriter.Write(geometry, headers, labels, Segments, Options));

        Assert.Equal(3, read.Slices);
        Assert.Equal(labels[35..], read.Labels);
        Assert.Equal(geometry.Affine.ToPatient(0, 0, 1), read.Affine.Origin);
        Assert.True((geometry.Affine.SliceStep - read.Affine.SliceStep).Length < 1e-9);
    }

    [Fact]
    public void Labels_without_a_segment_and_wrong_sizes_are_refused()
    {
        var (headers, geometry) = Source();
        var labels = Labels(geometry);
        labels[0] = 3;

        Assert.Throws<ArgumentException>(() => SegmentationWriter.Write(geometry, headers, labels, Segments, Options));
        Assert.Throws<ArgumentException>(() => SegmentationWriter.Write(geometry, headers, new byte[3], Segments, Options));
        Assert.Throws<ArgumentException>(() => SegmentationWriter.Write(geometry, headers, labels, [Segments[1]], Options));
    }

    private static SegmentationOptions Options => new()
    {
        SopInstanceUid = "2.25.51",
        SeriesInstanceUid = "2.25.52",
        ContentDateTime = new(2026, 1, 2, 3, 4, 5),
        Manufacturer = "Platform",
        ManufacturerModelName = "hippocampus-volume",
        DeviceSerialNumber = "1",
        SoftwareVersions = "0.1.0",
    };

    private static (List<DicomDataset> Headers, SeriesGeometry Geometry) Source()
    {
        var headers = ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x)).Select(f => f.Dataset).ToList();
        return (headers, SeriesGeometry.Read(headers).Geometry!);
    }

    private static byte[] Labels(SeriesGeometry geometry)
    {
        var labels = new byte[geometry.VoxelCount];
        labels.AsSpan(40, 9).Fill(1);
        labels.AsSpan(60, 20).Fill(1);
        labels.AsSpan(50, 5).Fill(2);
        return labels;
    }
}
