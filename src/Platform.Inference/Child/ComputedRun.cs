using Platform.Contracts;
using Platform.Dicom;

namespace Platform.Inference.Child;

/// <summary>What was computed of a run's input and is not yet written.</summary>
/// <param name="Source">The header from which result objects take patient and study.</param>
/// <param name="Objects">File names within the attempt, and what they hold.</param>
internal sealed record ComputedRun(
    DicomDataset Source,
    IReadOnlyList<Finding> Findings,
    string ResultHash,
    IReadOnlyList<string> Notes,
    RunOutlines? Outlines,
    IReadOnlyList<(string Name, DicomFile File)> Objects,
    ComputeSeconds Seconds);

/// <summary>Wall seconds of what lies between fetching and writing.</summary>
internal sealed record ComputeSeconds(double Decode, double Prepare, double Infer, double Post);
