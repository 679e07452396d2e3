using Platform.Contracts;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>What all DICOM objects of a run have in common.</summary>
internal static class ResultObjects
{
    /// <summary>UIDs depend on the run and the name alone, so every attempt of a run makes the same object.</summary>
    public static DerivedObjectOptions Options(RunManifest run, PackageManifest model, string name, int seriesNumber, DateTimeOffset at) => new()
    {
        SopInstanceUid = Findings.DerivedUid(run.RunId, name),
        SeriesInstanceUid = Findings.DerivedUid(run.RunId, $"{name} series"),
        ContentDateTime = at.UtcDateTime,
        Manufacturer = "Platform",
        ManufacturerModelName = model.Name,
        DeviceSerialNumber = run.Model.Hash,
        SoftwareVersions = model.Version,
        SeriesNumber = seriesNumber,
        SeriesDescription = Shortened(model.Title ?? model.Name),
    };

    /// <summary>Of the values of a regression those that the model cannot measure, each in a sentence.</summary>
    public static IEnumerable<string> Unreported(IReadOnlyList<double> numbers, OutputSpec output) => (output.Values ?? []).Zip(numbers)
        .Where(v => v.Second < v.First.Low || v.Second > v.First.High)
        .Select(v => $"{v.First.Name}: the value lies outside of what the model can measure, and is not reported.");

    public static CodedConcept Coded(Code code) => new(code.Value, code.Scheme, code.Meaning);

    /// <summary>Long String: 64 characters (PS3.5 §6.2).</summary>
    public static string Shortened(string text) => text.Length <= 64 ? text : text[..64];
}
