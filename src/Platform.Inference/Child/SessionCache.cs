using Platform.Contracts;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>
/// Warm sessions, several models in one child, within a budget of measured memory: the one used longest ago goes first. A package is
/// checked, calibrated once for its class of device, and its golden cases come out here, before it is used.
/// </summary>
internal sealed class SessionCache(Device device, int threads, SessionPolicy? policy = null) : IDisposable
{
    private const int LargestBatch = 8;

    private readonly SessionPolicy policy = policy ?? SessionPolicy.KeepAll;
    private readonly CalibrationFiles calibrations = new(policy?.CachePath);
    private readonly List<Warm> sessions = []; // the one used last stands last

    /// <summary>Hashes of the models it holds, the one used last at the end.</summary>
    public IReadOnlyList<string> Loaded => [.. sessions.Select(s => s.Session.Package.Hash)];

    /// <summary>Resident memory that its sessions took when they were measured.</summary>
    public long MemoryBytes => sessions.Sum(s => s.MemoryBytes);

    /// <exception cref="PackageRefusedException">The package is not what the run names, or must not be used here.</exception>
    public Task<ModelSession> GetAsync(ManifestModel model, bool isVerified, AttemptBlobs blobs, CancellationToken ct) =>
        GetAsync(model, isVerified, blobs, (_, _) => { }, ct);

    /// <param name="progress">Told of a calibration, and how far it is.</param>
    /// <exception cref="PackageRefusedException">The package is not what the run names, or must not be used here.</exception>
    public async Task<ModelSession> GetAsync(
        ManifestModel model, bool isVerified, AttemptBlobs blobs, Action<RunPhase, double> progress, CancellationToken ct)
    {
        var warm = sessions.Find(s => s.Session.Package.Hash == model.Hash);
        if (warm is not null)
        {
            sessions.Remove(warm);
        }
        else
        {
            warm = await LoadAsync(model, isVerified, blobs, progress, ct);
        }

        sessions.Add(warm);
        Shrink(0);
        return warm.Session;
    }

    /// <summary>Resident memory at which a run on the model used last is to be stopped, by its manifest's limit; null where it has none.</summary>
    public long? RunLimitBytes()
    {
        if (sessions is not [.., var current] || current.Session.Package.Manifest.Limits?.MemoryMb is not { } own)
        {
            return null;
        }

        // The limit is of a process with this model alone. What others hold, or earlier runs have left, is not its fault.
        var (others, limit) = (MemoryBytes - current.MemoryBytes, (long)own << 20);
        if (ProcessMemory.ResidentBytes > others + (limit / 2))
        {
            ProcessMemory.Release();
        }

        return others + limit;
    }

    public void Dispose() => sessions.ForEach(s => s.Session.Dispose());

    /// <summary>Lets models go, those used longest ago first, until there is room for more bytes beside the rest.</summary>
    private void Shrink(long more)
    {
        while (sessions.Count > (more > 0 ? 0 : 1) && MemoryBytes + more > policy.BudgetBytes)
        {
            sessions[0].Session.Dispose();
            sessions.RemoveAt(0);
        }
    }

    private async Task<Warm> LoadAsync(
        ManifestModel model, bool isVerified, AttemptBlobs blobs, Action<RunPhase, double> progress, CancellationToken ct)
    {
        if (model.Blob != BlobNames.Model(model.Hash))
        {
            throw new PackageRefusedException("model-hash", "The run names a model package by another name than its hash.");
        }

        await using var zip = await blobs.ReadAsync(model.Blob, ct)
            ?? throw new PackageRefusedException("model-missing", "The model package is gone from the blob store; install it again.");
        var package = await ModelPackage.OpenZipAsync(zip, ct);
        if (package.Hash != model.Hash)
        {
            throw new PackageRefusedException("model-hash", "The model package is not the one that the run names; install it again.");
        }

        var known = calibrations.Find(package.Hash, device.Class, ModelSession.RuntimeVersion);
        Shrink(known?.MemoryBytes ?? 0);
        var batch = known?.Batch ?? 1;
        if (known is null && policy.CalibrationLimit > TimeSpan.Zero)
        {
            progress(RunPhase.Calibrate, 0);
            known = Calibrate(package, done => progress(RunPhase.Calibrate, done), ct);
            batch = known.Batch;
        }

        ProcessMemory.Release();
        var before = ProcessMemory.ResidentBytes;
        var session = Open(package, batch);
        try
        {
            if (!isVerified)
            {
                GoldenCheck.ThrowIfDifferent(session, threads, ct);
            }

            ProcessMemory.Release();
            var warm = new Warm(session, Math.Max(ProcessMemory.ResidentBytes - before, session.BoundBytes + package.Model.Length));
            if (known is { MemoryBytes: 0 })
            {
                calibrations.Keep(known with { MemoryBytes = warm.MemoryBytes });
            }

            session = null;
            return warm;
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>Its memory is measured when the session is open that stays.</summary>
    private ModelCalibration Calibrate(ModelPackage package, Action<double> progress, CancellationToken ct)
    {
        // A batch may take an eighth of the budget in tensors: what lies between them inside the graph takes more.
        var tensors = package.Manifest.Channels + package.Manifest.OwnInputs.Count() + 1L;
        var bytes = Math.Max(1, package.Manifest.Window.Patch.Aggregate(sizeof(float) * tensors, (product, n) => product * n));
        var largest = package.Manifest is { IsWhole: true, Input.TakesEveryFrame: false } ? 1 : (int)Math.Clamp(policy.BudgetBytes / 8 / bytes, 1, LargestBatch);
        var (batch, p50, p95) = ModelCalibration.Measure(
            package, size => Open(package, size), largest, policy.CalibrationLimit, progress, ct);
        return new(package.Hash, device.Class, ModelSession.RuntimeVersion, batch, "fp32", p50, p95, MemoryBytes: 0);
    }

    private ModelSession Open(ModelPackage package, int batch) => new(package, device, threads, batch, policy.CachePath);

    private sealed record Warm(ModelSession Session, long MemoryBytes);
}
