namespace Platform.Contracts;

/// <summary>The dispatcher asks any free worker to compute one attempt of a run. Everything here can be rebuilt from rows.</summary>
/// <param name="TenantId">Owner; consumers read it again from the row before they trust it.</param>
/// <param name="RunId">The run (one model version on one study version).</param>
/// <param name="ManifestBlob">Name of the <see cref="RunManifest"/> blob.</param>
/// <param name="Lane">Urgency lane, for the worker's log only; the dispatcher has already chosen.</param>
public sealed record RunRequested(Guid TenantId, Guid RunId, string ManifestBlob, string Lane);

/// <summary>A worker has claimed a delivery; confirmed by the broker before computing starts.</summary>
public sealed record RunStarted(Guid TenantId, Guid RunId, Guid AttemptId, Guid WorkerId, string WorkerName, DateTimeOffset StartedAt);

/// <summary>How an attempt ended.</summary>
public enum RunOutcome
{
    /// <summary>The result blob exists and is complete.</summary>
    Succeeded,

    /// <summary>The input cannot be computed; trying again gives the same answer.</summary>
    Failed,

    /// <summary>The child process died or hung; three of these quarantine the run.</summary>
    Crashed,

    /// <summary>The worker stopped it because the API asked.</summary>
    Cancelled,
}

/// <summary>An attempt has ended. The API commits the first valid one and drops the others.</summary>
/// <param name="ResultBlob">Name of the <see cref="RunResult"/> JSON blob; null unless succeeded.</param>
/// <param name="ResultSha256">Lower-case hex SHA-256 of that blob; null unless succeeded.</param>
/// <param name="ReasonCode">Machine-readable reason, e.g. <c>series-gap</c>; null when succeeded.</param>
/// <param name="Reason">One sentence for a person that says what to do; never a patient value.</param>
public sealed record RunFinished(
    Guid TenantId,
    Guid RunId,
    Guid AttemptId,
    Guid WorkerId,
    RunOutcome Outcome,
    string? ResultBlob,
    string? ResultSha256,
    string? ReasonCode,
    string? Reason,
    DateTimeOffset FinishedAt)
{
    /// <summary>Wall seconds of computing times the devices that the attempt held; 0 when it came to none.</summary>
    public double ComputeSeconds { get; init; }

    /// <summary>Execution provider and device class that computed; null when none did.</summary>
    public string? Device { get; init; }
}

/// <summary>Sent by every worker each five seconds, and at once when a slot frees; feeds the dispatcher and the reconciler.</summary>
/// <param name="WorkerId">Incarnation: a UUIDv7 made when the worker process starts.</param>
/// <param name="Device">Execution provider and device class, e.g. <c>cpu-avx2</c>.</param>
/// <param name="Slots">Places in which a run can be computed or decoded ahead.</param>
/// <param name="Running">Every run that has been delivered to this worker and not acknowledged.</param>
/// <param name="IsDraining">The worker takes no further run and leaves when it has finished.</param>
public sealed record WorkerBeat(
    Guid WorkerId,
    string WorkerName,
    string Device,
    int Slots,
    IReadOnlyList<RunningRun> Running,
    IReadOnlyList<string> LoadedModels,
    long MemoryBytes,
    double Utilisation,
    bool IsDraining,
    DateTimeOffset At)
{
    /// <summary>Null where the machine tells of none.</summary>
    public IReadOnlyList<GpuFacts>? Gpus { get; init; }
}

/// <summary>What a GPU's driver says of it; null where it does not say.</summary>
/// <param name="Utilisation">0 to 1: share of the driver's last sample with work on the GPU.</param>
public sealed record GpuFacts(int Index, string Name, long? MemoryTotalBytes, long? MemoryUsedBytes, double? Utilisation, double? TemperatureCelsius);

/// <summary>One delivered run in a worker's beat.</summary>
public sealed record RunningRun(Guid TenantId, Guid RunId, Guid AttemptId, string Phase, double Progress);

/// <summary>Sent to every worker's own temporary queue: stop the run if you have it.</summary>
public sealed record CancelRequested(Guid TenantId, Guid RunId);
