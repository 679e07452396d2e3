using Platform.Contracts;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>Warm sessions of the models used last. A package is checked, and its golden cases come out here, before it is used.</summary>
internal sealed class SessionCache(Device device, int threads) : IDisposable
{
    private const int MaxSessions = 4;

    private readonly List<ModelSession> sessions = []; // the one used last stands last

    public IReadOnlyList<string> Loaded => [.. sessions.Select(s => s.Package.Hash)];

    /// <exception cref="PackageRefusedException">The package is not what the run names, or must not be used here.</exception>
    public async Task<ModelSession> GetAsync(ManifestModel model, bool isVerified, AttemptBlobs blobs, CancellationToken ct)
    {
        var session = sessions.Find(s => s.Package.Hash == model.Hash);
        if (session is null)
        {
            session = await LoadAsync(model, isVerified, blobs, ct);
        }
        else
        {
            sessions.Remove(session);
        }

        sessions.Add(session);
        if (sessions.Count > MaxSessions)
        {
            sessions[0].Dispose();
            sessions.RemoveAt(0);
        }

        return session;
    }

    public void Dispose() => sessions.ForEach(s => s.Dispose());

    private async Task<ModelSession> LoadAsync(ManifestModel model, bool isVerified, AttemptBlobs blobs, CancellationToken ct)
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

        var session = new ModelSession(package, device, threads);
        try
        {
            if (!isVerified)
            {
                GoldenCheck.ThrowIfDifferent(session, threads, ct);
            }

            var usable = session;
            session = null;
            return usable;
        }
        finally
        {
            session?.Dispose();
        }
    }
}
