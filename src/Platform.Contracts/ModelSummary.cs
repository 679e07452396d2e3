using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Contracts;

/// <summary>What the API reads of a package's manifest; the worker reads all of it.</summary>
/// <param name="Name">Lower-case identifier, e.g. <c>hippocampus-volume</c>.</param>
/// <param name="Title">For people; null when the name will do.</param>
/// <param name="Limits">Null takes the platform's own.</param>
public sealed record ModelSummary(string Name, string Version, string? Title, ModelInput Input, ModelLimits? Limits)
{
    /// <summary>Reads a summary from the manifest's text; members it does not name are left alone.</summary>
    /// <exception cref="InvalidDataException">Not JSON, or without name, version or an input modality.</exception>
    public static ModelSummary Parse(string manifest)
    {
        ModelSummary? summary;
        try
        {
            summary = JsonSerializer.Deserialize<ModelSummary>(manifest, PlatformJson.Manifest);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The manifest is not as expected: {e.Message}", e);
        }

        return summary is { Name.Length: > 0, Version.Length: > 0, Input.Modality.Length: > 0 }
            ? summary
            : throw new InvalidDataException("The manifest needs name, version and input.modality.");
    }
}

/// <summary>The series that a model takes.</summary>
/// <param name="Modality">DICOM modality, e.g. <c>MR</c>.</param>
/// <param name="BodyParts">Body parts by PS3.16 Annex L, any of which (or a part within it) will do; empty or null takes every one.</param>
/// <param name="BodyPartRequired">False also takes a series whose body part nobody stated.</param>
/// <param name="MinSlices">The fewest instances of a usable series; 0 when it does not matter.</param>
public sealed record ModelInput(string Modality, IReadOnlyList<string>? BodyParts, bool BodyPartRequired, int MinSlices)
{
    /// <summary>Other modalities that will do as well.</summary>
    public IReadOnlyList<string>? Modalities { get; init; }

    /// <summary>How the series must have been acquired; null takes every one. Not written where null: rules that stand are compared by their text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Acquisition? Acquisition { get; init; }

    /// <summary>Whether a series of a modality will do.</summary>
    public bool Takes(string modality) => modality == Modality || Modalities?.Contains(modality) == true;
}

/// <summary>What one run of a model may use.</summary>
/// <param name="Seconds">Wall time; null takes the platform's own limit.</param>
public sealed record ModelLimits(int? Seconds);
