namespace Platform.Contracts;

/// <summary>What a succeeded attempt found; a JSON blob beside its DICOM objects.</summary>
/// <param name="ResultHash">SHA-256 over label volume and canonical findings: same input, package and CPU instruction set, same hash.</param>
/// <param name="Device">Execution provider and device class that computed it.</param>
public sealed record RunResult(
    Guid TenantId,
    Guid RunId,
    Guid AttemptId,
    string ModelName,
    string ModelVersion,
    string ModelHash,
    string ResultHash,
    string Device,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<ResultObject> Objects,
    PhaseSeconds Seconds,
    IReadOnlyList<string> Notes)
{
    /// <summary>The <see cref="RunOutlines"/> of the segmentation; null where there is none.</summary>
    public ResultFile? Outlines { get; init; }

    /// <summary>The quality record; null from workers that wrote none.</summary>
    public QualityRecord? Quality { get; init; }

    /// <summary>What the model says of each frame, where it was asked by frames; null elsewhere.</summary>
    public IReadOnlyList<FrameResult>? Frames { get; init; }
}

/// <summary>What a model of images says of one frame.</summary>
/// <param name="SopInstanceUid">UID as stored of the source image.</param>
/// <param name="Frame">From 1.</param>
/// <param name="Numbers">Probabilities of the classes, or values, in the order of the package's manifest.</param>
public sealed record FrameResult(string SopInstanceUid, int Frame, IReadOnlyList<double> Numbers);

/// <summary>How good the images were that a run rests on, and whether they miss a bar of its package.</summary>
/// <param name="IsLimited">They do: the findings are to be taken with reserve, and the images be taken again.</param>
/// <param name="Codes">The measures that miss their bar; for each the portal has advice.</param>
public sealed record QualityRecord(bool IsLimited, IReadOnlyList<string> Codes, IReadOnlyList<QualityMeasure> Measures);

/// <summary>One estimate.</summary>
/// <param name="Name"><c>noise</c>: range of values over the noise's deviation. <c>blur</c>: the steepest places against the range.
/// <c>clipping</c>: share of burnt-out or black pixels. <c>unlike-training</c>: distance from the images that the model learned from.</param>
/// <param name="Least">The package's bar; null where it has none.</param>
/// <param name="Greatest">Likewise.</param>
public sealed record QualityMeasure(string Name, double Value, double? Least, double? Greatest);

/// <summary>A file of the attempt that is no DICOM object.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of the blob.</param>
public sealed record ResultFile(string Blob, long Length, string Sha256);

/// <summary>A coded observation with its measurements in patient space.</summary>
/// <param name="TrackingUid">Unique identifier of the finding (2.25 UID).</param>
/// <param name="SegmentNumber">Segment in the SEG object, or of the heat map, that shows it; null when there is none.</param>
/// <param name="CentreMm">Centre in patient coordinates, LPS, millimetres: x, y, z.</param>
/// <param name="BoxMm">Axis-aligned box in LPS millimetres: minimum x, y, z, maximum x, y, z.</param>
/// <param name="Probability">0 to 1, where the model gives one.</param>
public sealed record Finding(
    string TrackingUid,
    string SeriesInstanceUid,
    Code Concept,
    Code? Laterality,
    int? SegmentNumber,
    IReadOnlyList<Measurement> Measurements,
    IReadOnlyList<double>? CentreMm,
    IReadOnlyList<double>? BoxMm,
    double? Probability)
{
    /// <summary>What the model says of the concept, e.g. (52101004, SCT, "Present"); null where finding it is all it says.</summary>
    public Code? Evaluation { get; init; }

    /// <summary>The probability from which on it says so; null where there is none.</summary>
    public double? Threshold { get; init; }
}

/// <summary>A coded value with its unit.</summary>
public sealed record Measurement(Code Concept, double Value, Code Unit);

/// <summary>A code of a coding scheme: value, designator (SCT, DCM, RADLEX, UCUM …), meaning.</summary>
public sealed record Code(string Value, string Scheme, string Meaning);

/// <summary>A DICOM object that the attempt wrote: stored as an instance of the same study when the result is committed.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of the blob.</param>
public sealed record ResultObject(
    string SopClassUid, string SopInstanceUid, string SeriesInstanceUid, string TransferSyntaxUid, string Blob, long Length, string Sha256);

/// <summary>Wall seconds by phase.</summary>
public sealed record PhaseSeconds(double Fetch, double Decode, double Prepare, double Infer, double Post, double Write);
