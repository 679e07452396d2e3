using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Peers;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Runs of an image-to-image model: a series of its own that says that it is AI's work.</summary>
public sealed class DerivedSeriesTests : IDisposable
{
    private readonly RunStore store = new();

    public void Dispose() => store.Dispose();

    [Fact]
    public async Task The_values_come_back_on_the_grid_of_the_source()
    {
        // Oblique, and larger than a patch along every axis.
        var affine = new Affine(new(0, 0.9, 0.1), new(0, 0.1, -0.9), new(-2, 0, 0), new(30, -20, 40));
        List<DicomFile> given = [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => (40 * x) + (7 * y) + z, 21, 18, 6, affine: affine))];
        var before = given.Select(f => f.ToArray()).ToList();

        var result = await store.ResultAsync(await store.StoreAsync("half", "MR", given));

        Assert.Empty(result.Findings);
        Assert.Empty(result.Notes);
        Assert.Equal(6, result.Objects.Count);
        var files = new List<DicomFile>();
        foreach (var item in result.Objects)
        {
            files.Add(DicomFile.Read(await store.ReadAsync(item.Blob)));
        }

        var (source, made) = (DicomVolume.Build(given, Ct).Volume!, DicomVolume.Build(files, Ct).Volume!);
        Assert.Equal(source.Voxels.Select(v => (0.5f * v) + 250), made.Voxels, (a, b) => Math.Abs(a - b) < 0.6); // stored as whole numbers
        Assert.Equal(source.Geometry.Affine.Origin, made.Geometry.Affine.Origin);
        Assert.Equal(source.Geometry.Affine.SliceStep, made.Geometry.Affine.SliceStep);
        Assert.Equal(before, given.Select(f => f.ToArray()));
    }

    [Fact]
    public async Task Every_image_says_that_it_is_derived_by_what_and_from_which()
    {
        List<DicomFile> given = [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => 100 * x, 9, 8, 3))];
        var run = await store.StoreAsync("half", "MR", given);

        var (first, again) = (await store.ResultAsync(run), await store.ResultAsync(run));

        Assert.Equal(first.ResultHash, again.ResultHash);
        Assert.Equal(first.Objects.Select(o => o.SopInstanceUid), again.Objects.Select(o => o.SopInstanceUid));
        var image = (await store.ObjectAsync(first, "image-2.dcm"));
        Assert.Equal(["DERIVED", "SECONDARY", "OTHER"], image.Dataset.GetStrings(DicomTags.ImageType));
        Assert.StartsWith("AI-enhanced", image.Dataset.GetString(DicomTags.SeriesDescription), StringComparison.Ordinal);
        Assert.StartsWith("AI-enhanced by half 1.0.0", image.Dataset.GetString(DicomTags.DerivationDescription), StringComparison.Ordinal);
        Assert.Equal(Phantom.StudyUid, image.Dataset.GetUid(DicomTags.StudyInstanceUID));
        Assert.NotEqual(Phantom.SeriesUid, image.Dataset.GetUid(DicomTags.SeriesInstanceUID));
        Assert.Equal(
            given[1].Dataset.GetUid(DicomTags.SOPInstanceUID),
            Assert.Single(image.Dataset.GetSequence(DicomTags.SourceImageSequence)).GetUid(DicomTags.ReferencedSOPInstanceUID));
        var (_, said) = await PeerProgram.RunAsync("dciodvfy", "dicom3tools", image.ToArray());
        var errors = string.Join('\n', said.Split('\n').Where(line => line.StartsWith("Error", StringComparison.Ordinal)));
        Assert.True(errors.Length == 0, errors);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
