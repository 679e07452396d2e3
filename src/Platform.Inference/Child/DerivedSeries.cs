using System.Globalization;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>What an image-to-image model made of a series, as a series of its own that says in every image that it is AI's work.</summary>
internal static class DerivedSeries
{
    /// <summary>UIDs depend on the run alone; the images are made one by one.</summary>
    /// <param name="further">Instances that the model also read, beside the series that is made anew.</param>
    public static IEnumerable<(string Name, DicomFile File)> Write(
        RunManifest run,
        PackageManifest model,
        SeriesInput input,
        IReadOnlyList<InstanceReference> further,
        ReadOnlyMemory<float> values,
        DateTimeOffset at)
    {
        var title = model.Title ?? model.Name;
        return DerivedImageSeriesWriter.Write(
                input.Geometry,
                input.Headers,
                values,
                slice => Findings.DerivedUid(run.RunId, string.Create(CultureInfo.InvariantCulture, $"image {slice + 1}")),
                ResultObjects.Options(run, model, "image", 1004, at) with { SeriesDescription = ResultObjects.Shortened($"AI-enhanced: {title}") },
                $"AI-enhanced by {model.Name} {model.Version}; for evaluation. The original images are in the series that this one references.",
                further)
            .Select((file, slice) => (string.Create(CultureInfo.InvariantCulture, $"image-{slice + 1}.dcm"), file));
    }
}
