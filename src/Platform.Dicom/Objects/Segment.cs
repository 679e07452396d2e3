namespace Platform.Dicom.Objects;

/// <summary>One segment of a segmentation (PS3.3 §C.8.20.4).</summary>
/// <param name="Number">The label volume's value: 1 to 255, in a wide label volume to 65,535.</param>
/// <param name="Label">At most 64 characters.</param>
/// <param name="Category">Segmented Property Category, e.g. (123037004, SCT, "Anatomical Structure").</param>
/// <param name="Type">Segmented Property Type, e.g. (4421005, SCT, "Hippocampus").</param>
/// <param name="AlgorithmName">What segmented it: name and version of the model.</param>
/// <param name="TrackingId">Identifier of the tracked finding, with <paramref name="TrackingUid"/>; both or neither.</param>
public sealed record Segment(
    int Number,
    string Label,
    CodedConcept Category,
    CodedConcept Type,
    string AlgorithmName,
    string? TrackingId = null,
    string? TrackingUid = null)
{
    /// <summary>Modifiers of the type, e.g. laterality.</summary>
    public IReadOnlyList<CodedConcept> TypeModifiers { get; init; } = [];

    /// <summary>Where in the body, where the type does not say it.</summary>
    public CodedConcept? AnatomicRegion { get; init; }

    /// <summary>Recommended display colour as sRGB; null for one chosen by number.</summary>
    public (byte Red, byte Green, byte Blue)? Colour { get; init; }

    /// <summary>The colour that is written and shown: <see cref="Colour"/>, or the one of its number.</summary>
    public (byte Red, byte Green, byte Blue) DisplayColour => Colour ?? CieLab.OfSegment(Number);
}
