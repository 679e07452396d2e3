using Platform.Dicom.Volumes;

namespace Platform.Dicom.Objects;

/// <summary>An instance that a report speaks of, with where it lies.</summary>
public sealed record InstanceReference(string StudyInstanceUid, string SeriesInstanceUid, string SopClassUid, string SopInstanceUid)
{
    /// <summary>Of an instance's header.</summary>
    public static InstanceReference Of(DicomDataset header) => new(
        header.GetString(DicomTags.StudyInstanceUID) ?? "",
        header.GetString(DicomTags.SeriesInstanceUID) ?? "",
        header.GetString(DicomTags.SOPClassUID) ?? "",
        header.GetString(DicomTags.SOPInstanceUID) ?? "");
}

/// <summary>What computed a measurement (PS3.16 TID 4019).</summary>
public sealed record AlgorithmIdentification(string Name, string Version)
{
    /// <summary>What else says which algorithm it was and how it was set, each a text.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];
}

/// <summary>A number with what it measures and its UCUM unit (PS3.16 TID 1419).</summary>
public sealed record ReportedMeasurement(CodedConcept Name, double Value, CodedConcept Unit);

/// <summary>A finding that has a code in place of a number, such as a grade.</summary>
public sealed record QualitativeEvaluation(CodedConcept Name, CodedConcept Value);

/// <summary>One finding: what, where, how large, and by which name it is followed (PS3.16 TID 1410, 1411, 1501).</summary>
/// <param name="TrackingId">For people; the same in later studies.</param>
/// <param name="TrackingUid">For machines; the same in later studies.</param>
public sealed record MeasurementGroup(string TrackingId, string TrackingUid, CodedConcept Finding)
{
    public CodedConcept? Category { get; init; }

    /// <summary>Where in the body.</summary>
    public CodedConcept? Site { get; init; }

    public CodedConcept? Laterality { get; init; }

    /// <summary>The segmentation that outlines it, and its segment there, from 1. With it the group follows TID 1411.</summary>
    public (InstanceReference Instance, int Number)? Segment { get; init; }

    /// <summary>Where it lies, in millimetres of the frame of reference, where nothing outlines it. With it the group follows TID 1410.</summary>
    public (Vector3D Point, string FrameOfReferenceUid)? Centre { get; init; }

    /// <summary>The series from which the segmentation was made; needed beside <see cref="Segment"/>.</summary>
    public string? SourceSeriesUid { get; init; }

    /// <summary>The images that show it, each with its frame (from 1) or all of them, where nothing outlines it.</summary>
    public IReadOnlyList<(InstanceReference Image, int? Frame)> SourceImages { get; init; } = [];

    public AlgorithmIdentification? Algorithm { get; init; }

    public IReadOnlyList<ReportedMeasurement> Measurements { get; init; } = [];

    public IReadOnlyList<QualitativeEvaluation> Evaluations { get; init; } = [];
}

/// <summary>The device that observed (PS3.16 TID 1004).</summary>
public sealed record ObserverDevice(string Uid)
{
    public string? Name { get; init; }

    public string? Manufacturer { get; init; }

    public string? Model { get; init; }

    public string? SerialNumber { get; init; }
}

/// <summary>An imaging measurement report (PS3.16 TID 1500).</summary>
public sealed record MeasurementReport(CodedConcept Procedure, ObserverDevice Observer)
{
    public CodedConcept Language { get; init; } = new("en", "RFC5646", "English");

    /// <summary>Every image that the report rests on; they make its image library and its evidence.</summary>
    public IReadOnlyList<InstanceReference> Images { get; init; } = [];

    public IReadOnlyList<MeasurementGroup> Groups { get; init; } = [];
}
