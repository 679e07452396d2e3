using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Platform.Inference.Previews;
using Xunit;

namespace Platform.UnitTests.Inference.Previews;

/// <summary>A folder of blobs and the program that a preview child runs, in this process.</summary>
internal sealed class PreviewStore : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("platform-previews-").FullName;
    private readonly FileBlobStore blobs;
    private readonly PreviewComputation previews;

    public PreviewStore()
    {
        blobs = new FileBlobStore(Path.Combine(folder, "blobs"), 0, TimeProvider.System);
        previews = new PreviewComputation(blobs, Path.Combine(folder, "scratch"));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Stores files as one series.</summary>
    public async Task<PreviewManifest> StoreAsync(IReadOnlyList<byte[]> files)
    {
        var tenant = Guid.CreateVersion7();
        var (instances, writers) = (new List<ManifestInstance>(), new List<BlobWriter>());
        foreach (var file in files)
        {
            var name = BlobNames.Instance(tenant, RandomNumberGenerator.GetHexString(32, lowercase: true));
            var blob = await blobs.CreateAsync(name, Ct);
            await blob.WriteAsync(file, Ct);
            writers.Add(blob);
            instances.Add(new($"2.25.{instances.Count + 1}", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        await blobs.CommitAllAsync(writers, Ct);
        writers.ForEach(w => w.Dispose());
        return new PreviewManifest(tenant, Guid.CreateVersion7(), "2.25.9", instances);
    }

    public async Task<(PreviewAnswer Answer, PreviewIndex? Index)> MakeAsync(PreviewManifest manifest, PreviewIndex? strip = null)
    {
        var attempt = Guid.CreateVersion7();
        var answer = await previews.RunAsync(new PreviewRequest(attempt, manifest, strip), Ct);
        var file = strip is null ? BlobNames.PreviewIndexFile : BlobNames.PreviewFullFile;
        return (answer, answer.Outcome == ComputeOutcome.Succeeded
            ? JsonSerializer.Deserialize<PreviewIndex>(await ReadAsync(manifest, attempt, file), PlatformJson.Options)
            : null);
    }

    public async Task<byte[]> ReadAsync(PreviewManifest manifest, Guid attempt, string file)
    {
        await using var blob = await blobs.OpenReadAsync(BlobNames.Preview(manifest.TenantId, manifest.PreviewId, attempt, file), Ct);
        using var bytes = new MemoryStream();
        await blob!.CopyToAsync(bytes, Ct);
        return bytes.ToArray();
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
