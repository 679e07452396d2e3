using System.Text.Json;

namespace Platform.Contracts;

/// <summary>What the API reads of an input that a model takes beside its first series; the worker reads all of it.</summary>
/// <param name="Name">By which the run's manifest calls it.</param>
/// <param name="From"><c>study</c> (when null): another series of the study. <c>prior</c>: a series of the newest earlier study of the same patient that
/// has one. <c>run</c>: the segmentation of another model on the same study.</param>
/// <param name="Modality">DICOM modality; null of a run.</param>
/// <param name="Required">False: the model does without it.</param>
/// <param name="Model">Of a run: the other model's name.</param>
public sealed record FurtherInput(
    string Name,
    string? From,
    string? Modality,
    IReadOnlyList<string>? Modalities,
    IReadOnlyList<string>? BodyParts,
    bool BodyPartRequired,
    int MinSlices,
    Acquisition? Acquisition,
    bool? Required,
    string? Model)
{
    /// <summary>Whether the model cannot do without it.</summary>
    public bool IsRequired => Required != false;

    /// <summary>Whether it comes from an earlier study.</summary>
    public bool IsPrior => From == "prior";

    /// <summary>Whether it is another model's result.</summary>
    public bool IsOfRun => From == "run";

    /// <summary>The series that it is, as conditions.</summary>
    public ModelInput ToInput() => new(Modality ?? "", BodyParts, BodyPartRequired, MinSlices) { Modalities = Modalities, Acquisition = Acquisition };

    /// <summary>Of a package's manifest; empty where the model takes one series.</summary>
    /// <exception cref="InvalidDataException">Not JSON as expected.</exception>
    public static IReadOnlyList<FurtherInput> Parse(string manifest)
    {
        try
        {
            return JsonSerializer.Deserialize<Holder>(manifest, PlatformJson.Manifest)?.FurtherInputs ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The manifest is not as expected: {e.Message}", e);
        }
    }

    private sealed record Holder(IReadOnlyList<FurtherInput>? FurtherInputs);
}
