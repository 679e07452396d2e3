using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Volumes;

public class DicomVolumeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void A_written_series_comes_back_voxel_by_voxel()
    {
        var series = Phantom.Series((x, y, z) => x + (10 * y) + (100 * z));
        var files = ImageSeriesWriter.Write(series).Select(f => DicomFile.Read(f.ToArray())).Reverse().ToList();

        var volume = DicomVolume.Build(files, Ct).Volume!;

        Assert.Equal(series.Voxels.ToArray(), volume.Voxels);
        Assert.Equal(series.Affine, volume.Geometry.Affine);
    }

    [Fact]
    public void Hounsfield_units_come_back_from_signed_values()
    {
        var series = Phantom.Series((x, y, z) => x == 0 ? -1024 : 40 * z, modality: "CT");

        var volume = DicomVolume.Build([.. ImageSeriesWriter.Write(series)], Ct).Volume!;

        Assert.Equal(series.Voxels.ToArray(), volume.Voxels);
    }

    [Fact]
    public void Fractions_come_back_within_half_a_step_of_sixteen_bits()
    {
        var series = Phantom.Series((x, y, z) => (x * 0.37f) - (y * 1.1f) + (z * 0.013f));

        var volume = DicomVolume.Build([.. ImageSeriesWriter.Write(series)], Ct).Volume!;

        var range = series.Voxels.ToArray().Max() - series.Voxels.ToArray().Min() + 1;
        Assert.All(series.Voxels.ToArray().Zip(volume.Voxels), p => Assert.Equal(p.First, p.Second, range / 65535));
    }

    [Fact]
    public async Task Headers_first_and_pixels_later_give_the_same_volume()
    {
        var series = Phantom.Series((x, y, z) => x * y * z);
        var bytes = ImageSeriesWriter.Write(series).Select(f => f.ToArray()).ToList();
        var options = new DicomReadOptions { StopBeforePixelData = true };
        var geometry = SeriesGeometry.Read([.. bytes.Select(b => DicomFile.Read(b, options).Dataset)]).Geometry!;

        var result = await DicomVolume.LoadAsync(geometry, (i, _) => ValueTask.FromResult(DicomFile.Read(bytes[i])), 2, Ct);

        Assert.Equal(series.Voxels.ToArray(), result.Volume!.Voxels);
    }

    [Fact]
    public void A_slice_whose_pixels_are_cut_off_refuses_the_volume()
    {
        var files = ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x)).ToList();
        files[2].Dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[10]);

        var result = DicomVolume.Build(files, Ct);

        Assert.Equal(VolumeRefusal.Undecodable, result.Refusal);
        Assert.Null(result.Volume);
    }

    [Fact]
    public void A_slice_without_pixels_refuses_the_volume()
    {
        var files = ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x)).ToList();
        files[1].Dataset.Remove(DicomTags.PixelData);

        Assert.Equal(VolumeRefusal.NoPixels, DicomVolume.Build(files, Ct).Refusal);
    }

    [Fact]
    public void An_enhanced_image_is_placed_and_rescaled_frame_by_frame()
    {
        var volume = DicomVolume.Build([Enhanced([20, 0, 10])], Ct).Volume!;

        Assert.Equal(3, volume.Geometry.Slices);
        Assert.Equal([1, 2, 0], volume.Geometry.Planes.Select(p => p.Frame));

        // Frame f holds f + 1 and is rescaled by f + 2, minus 5.
        Assert.Equal([(2 * 3) - 5, (3 * 4) - 5, (1 * 2) - 5], volume.Voxels.Where((_, i) => i % 24 == 0));
    }

    private static DicomFile Enhanced(double[] positions)
    {
        var dataset = Phantom.Header(default);
        dataset.Remove(DicomTags.ImagePositionPatient);
        dataset.Remove(DicomTags.ImageOrientationPatient);
        dataset.Remove(DicomTags.PixelSpacing);
        dataset.Set(DicomTags.SOPClassUID, DicomUids.EnhancedMRImageStorage);
        dataset.Set(DicomTags.NumberOfFrames, (long)positions.Length);
        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.BitsAllocated, 16L);
        dataset.Set(DicomTags.BitsStored, 12L);
        dataset.Set(DicomTags.HighBit, 11L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);

        var shared = new DicomDataset();
        shared.SetSequence(DicomTags.PixelMeasuresSequence, Item(i => i.Set(DicomTags.PixelSpacing, 0.75, 0.5)));
        shared.SetSequence(DicomTags.PlaneOrientationSequence, Item(i => i.Set(DicomTags.ImageOrientationPatient, 1.0, 0, 0, 0, 1, 0)));
        dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);
        dataset.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, positions.Select((z, frame) => Item(groups =>
        {
            groups.SetSequence(DicomTags.PlanePositionSequence, Item(i => i.Set(DicomTags.ImagePositionPatient, 0.0, 0, z)));
            groups.SetSequence(DicomTags.PixelValueTransformationSequence, Item(i =>
            {
                i.Set(DicomTags.RescaleSlope, frame + 2.0);
                i.Set(DicomTags.RescaleIntercept, -5.0);
            }));
        })));

        var cells = new byte[24 * 2 * positions.Length];
        for (var i = 0; i < cells.Length; i += 2)
        {
            cells[i] = (byte)((i / 48) + 1);
        }

        dataset.Set(DicomTags.PixelData, DicomVr.OW, cells);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);

        static DicomDataset Item(Action<DicomDataset> set)
        {
            var item = new DicomDataset();
            set(item);
            return item;
        }
    }
}
