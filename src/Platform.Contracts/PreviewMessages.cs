namespace Platform.Contracts;

/// <summary>What a worker makes of a series for looking at it: first the strip and the index, then, when somebody looks, every image.</summary>
public enum PreviewPart
{
    /// <summary>One sprite of small tiles, and the index of all images.</summary>
    Strip,

    /// <summary>Every image in full size, in one pack.</summary>
    Full,
}

/// <summary>The API asks any worker to make a part of a preview. Everything here can be rebuilt from rows.</summary>
/// <param name="PreviewId">A preview is one state of one series; its <see cref="PreviewManifest"/> has a name made of it.</param>
/// <param name="StripAttemptId">The attempt whose index the full images follow; null for the strip.</param>
public sealed record PreviewRequested(Guid TenantId, Guid PreviewId, PreviewPart Part, Guid? StripAttemptId);

/// <summary>How an attempt at a part of a preview ended.</summary>
public enum PreviewOutcome
{
    /// <summary>Its blobs exist and are complete.</summary>
    Made,

    /// <summary>Nothing of the series can be shown; trying again gives the same answer.</summary>
    Impossible,

    /// <summary>The child process died or hung.</summary>
    Crashed,
}

/// <summary>An attempt has ended. The API commits the first valid one of each part and drops the others.</summary>
/// <param name="IndexSha256">Lower-case hex SHA-256 of the part's <see cref="PreviewIndex"/>; null unless made.</param>
/// <param name="ReasonCode">Machine-readable reason; null when made.</param>
/// <param name="Reason">One sentence for a person; never a patient value.</param>
public sealed record PreviewFinished(
    Guid TenantId,
    Guid PreviewId,
    Guid AttemptId,
    PreviewPart Part,
    PreviewOutcome Outcome,
    string? IndexSha256,
    string? ReasonCode,
    string? Reason,
    DateTimeOffset FinishedAt);

/// <summary>The instances of a series that a preview is made of; a JSON blob.</summary>
public sealed record PreviewManifest(Guid TenantId, Guid PreviewId, string SeriesInstanceUid, IReadOnlyList<ManifestInstance> Instances);
