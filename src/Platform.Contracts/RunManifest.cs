namespace Platform.Contracts;

/// <summary>Everything a worker needs to compute one run; a JSON blob, immutable, written by the dispatcher.</summary>
/// <param name="StudyInstanceUid">UID as stored (after de-identification); results stay in this study.</param>
/// <param name="Series">The series that the rule chose, with all instances of the study version: the model's first input, then its further ones by name.</param>
/// <param name="Model">Which package computes.</param>
/// <param name="Parameters">Named parameters of the run; empty when the package's defaults hold.</param>
/// <param name="TimeLimitSeconds">Wall time after which the worker stops the child.</param>
public sealed record RunManifest(
    Guid TenantId,
    Guid RunId,
    string StudyInstanceUid,
    int StudyVersion,
    IReadOnlyList<ManifestSeries> Series,
    ManifestModel Model,
    IReadOnlyDictionary<string, string> Parameters,
    int TimeLimitSeconds)
{
    /// <summary>Results of other runs on the same study that this one builds on, in the order of its rule; mostly none.</summary>
    public IReadOnlyList<ManifestInput> Inputs { get; init; } = [];
}

/// <summary>The result of another run as an input.</summary>
/// <param name="Objects">Its DICOM objects (segmentation, structured report …) as stored.</param>
public sealed record ManifestInput(Guid RunId, string ModelName, string ModelVersion, IReadOnlyList<ManifestInstance> Objects);

/// <summary>One input series.</summary>
public sealed record ManifestSeries(string SeriesInstanceUid, string Modality, IReadOnlyList<ManifestInstance> Instances)
{
    /// <summary>The further input of the package that it is; null for the first.</summary>
    public string? Input { get; init; }
}

/// <summary>One input instance as stored.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of the stored bytes; the worker checks it while reading.</param>
public sealed record ManifestInstance(
    string SopInstanceUid, string SopClassUid, string TransferSyntaxUid, string Blob, long Length, string Sha256);

/// <summary>The model package of a run.</summary>
/// <param name="Hash">Lower-case hex SHA-256 of the package zip; also its content address.</param>
/// <param name="Blob">Name of the package zip in the blob store.</param>
public sealed record ManifestModel(string Name, string Version, string Hash, string Blob);
