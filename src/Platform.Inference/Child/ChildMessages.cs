using System.Text.Json.Serialization;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>What worker and compute child say to each other over the child's standard input and output.</summary>
[JsonDerivedType(typeof(ChildSetup), "setup")]
[JsonDerivedType(typeof(ComputeRequest), "compute")]
[JsonDerivedType(typeof(ComputeCancel), "cancel")]
[JsonDerivedType(typeof(ChildReady), "ready")]
[JsonDerivedType(typeof(ComputeProgress), "progress")]
[JsonDerivedType(typeof(ComputeLimit), "limit")]
[JsonDerivedType(typeof(ComputeTurn), "turn")]
[JsonDerivedType(typeof(ComputeAnswer), "answer")]
[JsonDerivedType(typeof(PreviewRequest), "preview")]
[JsonDerivedType(typeof(PreviewAnswer), "preview-answer")]
internal abstract record ChildMessage;

/// <summary>First message to a child. It comes through the pipe because it may hold a secret.</summary>
/// <param name="Provider">Null in a child that makes previews: it loads no models and touches no GPU.</param>
/// <param name="ScratchPath">Folder of this child alone; it is removed with it.</param>
/// <param name="Sessions">What it may keep of models; null keeps all.</param>
internal sealed record ChildSetup(
    BlobOptions Blobs, string? Provider, string? ProviderLibrary, int Threads, string ScratchPath, SessionPolicy? Sessions = null) : ChildMessage;

/// <summary>The child can compute.</summary>
internal sealed record ChildReady(string Device) : ChildMessage;

/// <summary>Asks for one answer about one attempt.</summary>
internal abstract record ChildRequest(Guid AttemptId) : ChildMessage;

/// <summary>The answer to a request.</summary>
internal abstract record ChildAnswer(Guid AttemptId) : ChildMessage;

/// <param name="IsVerified">The model's golden cases have come out on this device in this worker's life.</param>
/// <param name="TakesTurns">It is computed ahead of others: before it infers it asks for its turn.</param>
internal sealed record ComputeRequest(Guid AttemptId, RunManifest Manifest, bool IsVerified, bool TakesTurns = false) : ChildRequest(AttemptId);

/// <param name="Index">Of the strip, where the full-size images are asked for.</param>
internal sealed record PreviewRequest(Guid AttemptId, PreviewManifest Manifest, PreviewIndex? Index) : ChildRequest(AttemptId);

internal sealed record ComputeCancel(Guid AttemptId) : ChildMessage;

internal sealed record ComputeProgress(Guid AttemptId, RunPhase Phase, double Fraction) : ChildMessage;

/// <summary>The model is loaded, and its manifest bounds the run.</summary>
/// <param name="MemoryBytes">Resident memory of the child at which the run is to be stopped.</param>
internal sealed record ComputeLimit(Guid AttemptId, long MemoryBytes) : ChildMessage;

/// <summary>Of the device only as many runs infer at once as there are slots; the parent hands out the turns.</summary>
internal sealed record ComputeTurn(Guid AttemptId, TurnStep Step) : ChildMessage;

internal enum TurnStep
{
    /// <summary>The child has prepared all that it can, and waits.</summary>
    Wanted,

    /// <summary>The parent lets it infer.</summary>
    Granted,

    /// <summary>The child has inferred; what follows needs the device no more. A run that ends gives its turn back unsaid.</summary>
    Over,
}

internal enum ComputeOutcome
{
    Succeeded,

    /// <summary>Input or package cannot be computed.</summary>
    Refused,

    Cancelled,

    /// <summary>The blob store could not be reached; try again elsewhere or later.</summary>
    InfrastructureLost,
}

internal sealed record ComputeAnswer(
    Guid AttemptId,
    ComputeOutcome Outcome,
    string? ResultBlob,
    string? ResultSha256,
    string? ReasonCode,
    string? Reason,
    IReadOnlyList<string> LoadedModels) : ChildAnswer(AttemptId);

internal sealed record PreviewAnswer(
    Guid AttemptId, ComputeOutcome Outcome, string? IndexSha256, string? ReasonCode, string? Reason) : ChildAnswer(AttemptId);
