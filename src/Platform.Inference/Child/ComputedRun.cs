using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;

namespace Platform.Inference.Child;

/// <summary>What was computed of a run's input and is not yet written.</summary>
/// <param name="Source">The header from which result objects take patient and study.</param>
/// <param name="Evidence">Of each finding, in their order.</param>
/// <param name="Objects">File names within the attempt, and what they hold.</param>
internal sealed record ComputedRun(
    DicomDataset Source,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<FindingEvidence> Evidence,
    string ResultHash,
    IReadOnlyList<string> Notes,
    RunOutlines Outlines,
    QualityRecord Quality,
    IReadOnlyList<(string Name, DicomFile File)> Objects,
    ComputeSeconds Seconds)
{
    /// <summary>The images of a derived series; made one by one as they are written.</summary>
    public IEnumerable<(string Name, DicomFile File)> Images { get; init; } = [];

    /// <summary>Of each frame what the model says; null where it was not asked by frames.</summary>
    public IReadOnlyList<FrameResult>? Frames { get; init; }

    /// <summary>Images on which findings rest as a whole, beside those that their evidence names.</summary>
    public IReadOnlyList<InstanceReference> Basis { get; init; } = [];
}

/// <summary>What shows a finding.</summary>
/// <param name="TrackingId">For people.</param>
/// <param name="Image">The image that shows it best; null where it is said of all of them together.</param>
/// <param name="Frame">Of that image, from 1; null where it has one only.</param>
/// <param name="Segment">Segmentation and number of the segment that outlines it; null where none does alone.</param>
internal sealed record FindingEvidence(
    string TrackingId, InstanceReference? Image, int? Frame, (InstanceReference Instance, int Number)? Segment);

/// <summary>Wall seconds of what lies between fetching and writing.</summary>
internal sealed record ComputeSeconds(double Decode, double Prepare, double Infer, double Post);
