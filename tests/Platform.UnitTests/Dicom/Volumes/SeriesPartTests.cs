using Platform.Dicom;
using Platform.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Dicom.Volumes;

/// <summary>Series that hold several volumes, as single frames and as enhanced multi-frame objects.</summary>
public class SeriesPartTests
{
    [Fact]
    public void A_series_that_is_one_volume_is_one_part()
    {
        var part = Assert.Single(SeriesGeometry.ReadAll(Phantom.Headers([0, 5, 10])));

        Assert.Equal(("", 3), (part.Distinction, part.Result.Geometry!.Slices));
    }

    [Fact]
    public void Points_in_time_of_an_enhanced_image_are_parts_in_their_order()
    {
        // Frame by frame: place 0 at time 2, place 0 at time 1, …; ten points, so that text would sort them wrongly.
        var header = Enhanced([.. Enumerable.Range(0, 30).Select(i => ((i / 10) * 4.0, 10 - (i % 10)))], (content, time) =>
            content.Set(DicomTags.TemporalPositionIndex, (long)time));

        var whole = SeriesGeometry.Read([header]);
        var parts = SeriesGeometry.ReadAll([header]);

        Assert.Equal((VolumeRefusal.RepeatedPosition, "The images differ in temporal position (10)."), (whole.Refusal, whole.Detail));
        Assert.Equal(Enumerable.Range(1, 10).Select(t => $"temporal position {t} of 10"), parts.Select(p => p.Distinction));
        Assert.Equal([9, 19, 29], parts[0].Result.Geometry!.Planes.Select(p => p.Frame));
        Assert.Equal([0, 10, 20], parts[9].Result.Geometry!.Planes.Select(p => p.Frame));
        Assert.All(parts, p => Assert.Equal(4, p.Result.Geometry!.Affine.SpacingMm.Z, 9));
    }

    [Fact]
    public void Stacks_of_different_directions_are_parts()
    {
        var header = Enhanced([(0, 1), (5, 1), (10, 1), (0, 2), (3, 2)], (content, stack) => content.Set(DicomTags.StackID, $"{stack}"));
        foreach (var frame in header.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence).Skip(3))
        {
            var orientation = new DicomDataset();
            orientation.Set(DicomTags.ImageOrientationPatient, 1.0, 0, 0, 0, 0.8, 0.6);
            frame.SetSequence(DicomTags.PlaneOrientationSequence, orientation);
        }

        var whole = SeriesGeometry.Read([header]);
        var parts = SeriesGeometry.ReadAll([header]);

        Assert.Equal((VolumeRefusal.MixedOrientation, "The images differ in stack (2)."), (whole.Refusal, whole.Detail));
        Assert.Equal(["stack 1 of 2", "stack 2 of 2"], parts.Select(p => p.Distinction));
        Assert.Equal([3, 2], parts.Select(p => p.Result.Geometry!.Slices));
    }

    [Fact]
    public void Cardiac_phases_and_echoes_divide_one_after_the_other()
    {
        var header = Enhanced([.. Enumerable.Range(0, 12).Select(i => (i % 3 * 2.0, i / 3))], (_, _) => { });
        var frames = header.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence);
        for (var i = 0; i < frames.Count; i++)
        {
            var (cardiac, echo) = (new DicomDataset(), new DicomDataset());
            cardiac.Set(DicomTags.NominalCardiacTriggerDelayTime, i / 6 * 400.0);
            echo.Set(DicomTags.EffectiveEchoTime, i / 3 % 2 == 0 ? 4.6 : 2.3);
            frames[i].SetSequence(DicomTags.CardiacSynchronizationSequence, cardiac);
            frames[i].SetSequence(DicomTags.MREchoSequence, echo);
        }

        var parts = SeriesGeometry.ReadAll([header]);

        Assert.Equal(
            [
                "cardiac phase 1 of 2, echo time 1 of 2", "cardiac phase 1 of 2, echo time 2 of 2",
                "cardiac phase 2 of 2, echo time 1 of 2", "cardiac phase 2 of 2, echo time 2 of 2",
            ],
            parts.Select(p => p.Distinction));
        Assert.Equal([3, 4, 5], parts[0].Result.Geometry!.Planes.Select(p => p.Frame));
        Assert.Equal("The images differ in cardiac phase (2), echo time (2).", SeriesGeometry.Read([header]).Detail);
    }

    [Fact]
    public void Echoes_of_single_frames_are_parts_and_a_trigger_time_of_each_slice_divides_nothing()
    {
        var headers = Phantom.Headers([0, 5, 10]).Concat(Phantom.Headers([0, 5, 10])).ToList();
        for (var i = 0; i < headers.Count; i++)
        {
            headers[i].Set(DicomTags.SOPInstanceUID, $"2.25.7.{i}");
            headers[i].Set(DicomTags.EchoTime, i < 3 ? 20.0 : 80.0);
            headers[i].Set(DicomTags.TriggerTime, 100.0 + i);
        }

        var parts = SeriesGeometry.ReadAll(headers);

        Assert.Equal(["echo time 1 of 2", "echo time 2 of 2"], parts.Select(p => p.Distinction));
        Assert.Equal([3, 4, 5], parts[1].Result.Geometry!.Planes.Select(p => p.Instance));
    }

    [Fact]
    public void What_nothing_divides_is_refused_whole_and_a_part_that_is_no_volume_by_itself()
    {
        var twice = Phantom.Headers([0, 5]).Concat(Phantom.Headers([0, 5])).ToList();
        for (var i = 0; i < twice.Count; i++)
        {
            twice[i].Set(DicomTags.SOPInstanceUID, $"2.25.7.{i}");
        }

        Assert.Equal(("", VolumeRefusal.RepeatedPosition), Assert.Single(SeriesGeometry.ReadAll(twice)) is var p ? (p.Distinction, p.Result.Refusal) : default);
        Assert.Equal(VolumeRefusal.NoInstances, Assert.Single(SeriesGeometry.ReadAll([])).Result.Refusal);

        // The second point in time lacks a slice.
        var gap = Enhanced([(0, 1), (5, 1), (10, 1), (15, 1), (0, 2), (5, 2), (15, 2), (20, 2)], (content, time) =>
            content.Set(DicomTags.TemporalPositionIndex, (long)time));
        Assert.Equal([null, VolumeRefusal.SeriesGap], SeriesGeometry.ReadAll([gap]).Select(x => x.Result.Refusal));
    }

    [Fact]
    public void Instances_of_one_enhanced_image_are_one_volume()
    {
        // A concatenation (PS3.3 §C.7.6.16.1.3): the frames of one image in two instances.
        var geometry = SeriesGeometry.Read([Enhanced([(10, 1), (0, 1)], (_, _) => { }), Enhanced([(5, 1), (15, 1)], (_, _) => { })]).Geometry!;

        Assert.Equal([(0, 1), (1, 0), (0, 0), (1, 1)], geometry.Planes.Select(p => (p.Instance, p.Frame)));
    }

    private static DicomDataset Enhanced((double Z, int Key)[] frames, Action<DicomDataset, int> setContent)
    {
        var header = Phantom.Header(default);
        header.Remove(DicomTags.ImagePositionPatient);
        header.Remove(DicomTags.ImageOrientationPatient);
        header.Remove(DicomTags.PixelSpacing);
        header.Set(DicomTags.SOPClassUID, DicomUids.EnhancedMRImageStorage);
        header.Set(DicomTags.NumberOfFrames, (long)frames.Length);
        var (measures, orientation, shared) = (new DicomDataset(), new DicomDataset(), new DicomDataset());
        measures.Set(DicomTags.PixelSpacing, 0.75, 0.5);
        orientation.Set(DicomTags.ImageOrientationPatient, 1.0, 0, 0, 0, 1, 0);
        shared.SetSequence(DicomTags.PixelMeasuresSequence, measures);
        shared.SetSequence(DicomTags.PlaneOrientationSequence, orientation);
        header.SetSequence(DicomTags.SharedFunctionalGroupsSequence, shared);
        header.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, frames.Select(frame =>
        {
            var (groups, position, content) = (new DicomDataset(), new DicomDataset(), new DicomDataset());
            position.Set(DicomTags.ImagePositionPatient, 0.0, 0, frame.Z);
            setContent(content, frame.Key);
            groups.SetSequence(DicomTags.PlanePositionSequence, position);
            groups.SetSequence(DicomTags.FrameContentSequence, content);
            return groups;
        }));
        return header;
    }
}
