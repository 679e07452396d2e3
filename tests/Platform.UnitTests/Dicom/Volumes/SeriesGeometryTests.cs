using Platform.Dicom;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Volumes;

public class SeriesGeometryTests
{
    [Fact]
    public void Slices_are_sorted_by_position_whatever_their_order()
    {
        var geometry = Read(Phantom.Headers([30, 10, 20, 40])).Geometry!;

        Assert.Equal([1, 2, 0, 3], geometry.Planes.Select(p => p.Instance));
        Assert.Equal(new Vector3D(0, 0, 10), geometry.Affine.SliceStep);
        Assert.Equal(new Vector3D(-100, -90, 10), geometry.Affine.Origin);
        Assert.Equal(0, geometry.TiltDegrees);
    }

    [Fact]
    public void Spacing_comes_from_positions_and_not_from_slice_thickness()
    {
        var headers = Phantom.Headers([0, 2.5, 5]);
        foreach (var header in headers)
        {
            header.Set(DicomTags.SliceThickness, 5.0);
        }

        Assert.Equal(2.5, Read(headers).Geometry!.Affine.SpacingMm.Z, 9);
    }

    [Fact]
    public void Pixel_spacing_is_rows_first_and_the_index_is_columns_first()
    {
        var affine = Read(Phantom.Headers([0, 1])).Geometry!.Affine;

        Assert.Equal(new Vector3D(0.5, 0, 0), affine.ColumnStep);
        Assert.Equal(new Vector3D(0, 0.75, 0), affine.RowStep);
        Assert.Equal(new Vector3D(-100 + 1.5, -90 + 1.5, 1), affine.ToPatient(3, 2, 1));
    }

    [Fact]
    public void An_oblique_stack_maps_points_there_and_back()
    {
        var angle = 0.4;
        double[] orientation = [Math.Cos(angle), Math.Sin(angle), 0, -Math.Sin(angle) * 0.8, Math.Cos(angle) * 0.8, -0.6];
        var row = new Vector3D(orientation[0], orientation[1], orientation[2]);
        var column = new Vector3D(orientation[3], orientation[4], orientation[5]);
        var normal = row.Cross(column);
        var headers = Enumerable.Range(0, 5).Select(i => Phantom.Header(normal * (3 * i), orientation)).ToList();

        var affine = Read(headers).Geometry!.Affine;
        var index = affine.ToIndex(affine.ToPatient(7, 3, 2.5));

        Assert.True((index - new Vector3D(7, 3, 2.5)).Length < 1e-9);
        Assert.True((affine.Inverse().ToPatient(1, 2, 3) - affine.ToIndex(new(1, 2, 3))).Length < 1e-9);
        Assert.True(affine.SignedVoxelVolumeMm3 > 0);
    }

    [Theory]
    [InlineData(new double[] { 0, 5, 10, 20, 25 }, VolumeRefusal.SeriesGap)]
    [InlineData(new double[] { 0, 5, 20, 25, 30 }, VolumeRefusal.SeriesGap)]
    [InlineData(new double[] { 0, 5, 11, 16, 21.5 }, VolumeRefusal.UnevenSpacing)]
    [InlineData(new double[] { 0, 5, 5, 10 }, VolumeRefusal.RepeatedPosition)]
    [InlineData(new double[] { 7 }, VolumeRefusal.SingleSlice)]
    public void Positions_that_make_no_volume_are_refused(double[] positions, VolumeRefusal refusal)
    {
        Assert.Equal(refusal, Read(Phantom.Headers(positions)).Refusal);
    }

    [Fact]
    public void A_gap_says_how_many_slices_are_missing()
    {
        Assert.Equal("2 of 6 slices are missing.", Read(Phantom.Headers([0, 5, 20, 25])).Detail);
    }

    [Fact]
    public void Positions_with_the_rounding_of_a_scanner_are_one_spacing()
    {
        var geometry = Read(Phantom.Headers([0, 1.2, 2.5, 3.7, 5.0])).Refusal;
        var close = Read(Phantom.Headers([0, 3.33, 6.67, 10.0])).Geometry!;

        Assert.Equal(VolumeRefusal.UnevenSpacing, geometry);
        Assert.Equal(10.0 / 3, close.Affine.SpacingMm.Z, 9);
    }

    [Fact]
    public void A_slice_sent_twice_is_one_slice()
    {
        var headers = Phantom.Headers([0, 5, 10]);

        var geometry = Read([.. headers, headers[1]]).Geometry!;

        Assert.Equal(3, geometry.Slices);
        Assert.Equal(1, geometry.DuplicatesDropped);
    }

    [Fact]
    public void A_tilted_gantry_shears_the_affine_and_is_reported()
    {
        var headers = Enumerable.Range(0, 4).Select(i => Phantom.Header(new(0, Math.Tan(Math.PI / 12) * 5 * i, 5 * i))).ToList();

        var geometry = Read(headers).Geometry!;

        Assert.Equal(15, geometry.TiltDegrees, 6);
        Assert.Equal(Math.Tan(Math.PI / 12) * 5, geometry.Affine.SliceStep.Y, 9);
        Assert.Equal(0.5 * 0.75 * 5, geometry.Affine.SignedVoxelVolumeMm3, 9);
    }

    [Fact]
    public void Slices_that_wander_sideways_are_no_stack()
    {
        var headers = new[] { 0.0, 8, -4, 9 }.Select((y, i) => Phantom.Header(new(0, y, 5 * i))).ToList();

        Assert.Equal(VolumeRefusal.NotAStack, Read(headers).Refusal);
    }

    [Fact]
    public void What_differs_between_images_is_named()
    {
        Assert.Equal(VolumeRefusal.MixedOrientation, With(h => h.Set(DicomTags.ImageOrientationPatient, 0.0, 1, 0, 0, 0, -1)));
        Assert.Equal(VolumeRefusal.MixedSize, With(h => h.Set(DicomTags.Rows, 5L)));
        Assert.Equal(VolumeRefusal.MixedSpacing, With(h => h.Set(DicomTags.PixelSpacing, 0.6, 0.6)));
        Assert.Equal(VolumeRefusal.MixedFrameOfReference, With(h => h.Set(DicomTags.FrameOfReferenceUID, "2.25.99")));
        Assert.Equal(VolumeRefusal.MissingGeometry, With(h => h.Remove(DicomTags.ImagePositionPatient)));
        Assert.Equal(VolumeRefusal.InvalidGeometry, With(h => h.Set(DicomTags.ImageOrientationPatient, 1.0, 0, 0, 1, 0, 0)));
        Assert.Equal(VolumeRefusal.Colour, With(h => h.Set(DicomTags.SamplesPerPixel, 3L)));
        Assert.Equal(VolumeRefusal.Mosaic, With(h => h.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC")));

        static VolumeRefusal? With(Action<DicomDataset> change)
        {
            var headers = Phantom.Headers([0, 5, 10]);
            change(headers[1]);
            return Read(headers).Refusal;
        }
    }

    [Fact]
    public void Localizers_beside_a_stack_are_left_out()
    {
        var headers = Phantom.Headers([0, 5, 10]);
        var localizer = Phantom.Header(new(0, 0, 0), [0, 1, 0, 0, 0, -1]);
        localizer.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY", "LOCALIZER");

        Assert.Equal(1, Read([localizer, .. headers]).Geometry!.LocalizersDropped);
        Assert.Equal(VolumeRefusal.LocalizerOnly, Read([localizer]).Refusal);
    }

    [Fact]
    public void An_empty_series_and_one_without_images_are_refused()
    {
        Assert.Equal(VolumeRefusal.NoInstances, Read([]).Refusal);
        Assert.Equal(VolumeRefusal.NoPixels, Read([new DicomDataset()]).Refusal);
    }

    [Fact]
    public void Frames_without_functional_groups_have_no_place()
    {
        var header = Phantom.Header(default);
        header.Set(DicomTags.NumberOfFrames, 3L);

        Assert.Equal(VolumeRefusal.MissingGeometry, Read([header]).Refusal);
    }

    [Fact]
    public void A_declared_number_of_frames_allocates_nothing()
    {
        var header = Phantom.Header(default);
        header.Set(DicomTags.NumberOfFrames, (long)int.MaxValue);
        header.SetSequence(DicomTags.SharedFunctionalGroupsSequence, new DicomDataset());

        Assert.Equal(VolumeRefusal.MissingGeometry, Read([header]).Refusal);
    }

    [Fact]
    public void Every_refusal_has_a_sentence_and_a_code()
    {
        foreach (var refusal in Enum.GetValues<VolumeRefusal>())
        {
            Assert.EndsWith(".", refusal.Sentence(), StringComparison.Ordinal);
            Assert.Matches("^[a-z]+(-[a-z]+)*$", refusal.Code());
        }
    }

    private static GeometryResult Read(IReadOnlyList<DicomDataset> headers) => SeriesGeometry.Read(headers);
}
