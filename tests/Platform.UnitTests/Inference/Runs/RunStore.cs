using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>A folder of blobs and the program that a compute child runs, in this process.</summary>
internal sealed class RunStore : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("platform-runs-").FullName;
    private readonly FileBlobStore blobs;
    private readonly SessionCache sessions = new(Device.Cpu, threads: 1);
    private readonly RunComputation runs;

    public RunStore()
    {
        blobs = new FileBlobStore(Path.Combine(folder, "blobs"), 0, TimeProvider.System);
        runs = new RunComputation(blobs, sessions, Path.Combine(folder, "scratch"), threads: 1, TimeProvider.System);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Stores files as one series, and the package.</summary>
    /// <param name="change">Changes its manifest before; null leaves it as it is.</param>
    /// <param name="model">A graph in place of its own.</param>
    public async Task<RunManifest> StoreAsync(
        string package, string modality, IReadOnlyList<DicomFile> files, Action<JsonNode>? change = null, byte[]? model = null)
    {
        var tenant = Guid.CreateVersion7();
        var instances = await InstancesAsync(tenant, files);
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(await ChangedAsync(package, change, model), zip, Ct);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        if (await blobs.GetLengthAsync(BlobNames.Model(hash), Ct) is null)
        {
            await WriteAsync(BlobNames.Model(hash), zip.ToArray());
        }

        var header = files[0].Dataset;
        return new RunManifest(
            tenant,
            Guid.CreateVersion7(),
            header.GetUid(DicomTags.StudyInstanceUID)!,
            1,
            [new(header.GetUid(DicomTags.SeriesInstanceUID)!, modality, instances)],
            new(package, "1.0.0", hash, BlobNames.Model(hash)),
            new Dictionary<string, string>(),
            60);
    }

    /// <summary>The run with another series, as a further input of its package.</summary>
    public async Task<RunManifest> WithSeriesAsync(RunManifest run, string input, IReadOnlyList<DicomFile> files)
    {
        var header = files[0].Dataset;
        var series = new ManifestSeries(
            header.GetUid(DicomTags.SeriesInstanceUID)!, header.GetString(DicomTags.Modality)!, await InstancesAsync(run.TenantId, files));
        return run with { Series = [.. run.Series, series with { Input = input }] };
    }

    /// <summary>The run with the result of another one: the objects that it wrote.</summary>
    public async Task<RunManifest> WithResultAsync(RunManifest run, string model, params IReadOnlyList<DicomFile> objects)
    {
        var instances = await InstancesAsync(run.TenantId, objects);
        return run with { Inputs = [.. run.Inputs, new ManifestInput(Guid.CreateVersion7(), model, "1.0.0", instances)] };
    }

    public async Task<(ComputeAnswer Answer, RunResult? Result)> RunAsync(RunManifest run)
    {
        var answer = await runs.RunAsync(new ComputeRequest(Guid.CreateVersion7(), run, IsVerified: false), (_, _) => { }, Ct);
        return (answer, answer.ResultBlob is { } blob
            ? JsonSerializer.Deserialize<RunResult>(await ReadAsync(blob), PlatformJson.Options)
            : null);
    }

    /// <summary>The result of a run that must succeed.</summary>
    public async Task<RunResult> ResultAsync(RunManifest run)
    {
        var (answer, result) = await RunAsync(run);
        Assert.Equal((ComputeOutcome.Succeeded, null), (answer.Outcome, answer.ReasonCode));
        return result!;
    }

    /// <summary>The object of a result whose file in the attempt has a name.</summary>
    public async Task<DicomFile> ObjectAsync(RunResult result, string name) =>
        DicomFile.Read(await ReadAsync(result.Objects.Single(o => o.Blob.EndsWith("/" + name, StringComparison.Ordinal)).Blob));

    public async Task<RunOutlines> OutlinesAsync(RunResult result) =>
        JsonSerializer.Deserialize<RunOutlines>(await ReadAsync(result.Outlines!.Blob), PlatformJson.Options)!;

    public async Task<byte[]> ReadAsync(string name)
    {
        await using var blob = await blobs.OpenReadAsync(name, Ct);
        using var bytes = new MemoryStream();
        await blob!.CopyToAsync(bytes, Ct);
        return bytes.ToArray();
    }

    private async Task<string> ChangedAsync(string package, Action<JsonNode>? change, byte[]? model)
    {
        var from = TestPackages.Folder(package);
        if (change is null)
        {
            return from;
        }

        var to = Path.Combine(folder, "packages", Guid.CreateVersion7().ToString("N"));
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(to, "manifest.json"), Ct))!;
        change(manifest);
        if (model is not null)
        {
            await File.WriteAllBytesAsync(Path.Combine(to, "model.onnx"), model, Ct);
            manifest["model"]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(model));
            manifest["model"]!["bytes"] = model.Length;
        }

        await File.WriteAllTextAsync(Path.Combine(to, "manifest.json"), manifest.ToJsonString(), Ct);
        return to;
    }

    public void Dispose()
    {
        sessions.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<List<ManifestInstance>> InstancesAsync(Guid tenant, IReadOnlyList<DicomFile> files)
    {
        var instances = new List<ManifestInstance>();
        foreach (var file in files)
        {
            var bytes = file.ToArray();
            var name = BlobNames.Instance(tenant, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(name, bytes);
            var sopClass = file.Dataset.GetUid(DicomTags.SOPClassUID) ?? "";
            instances.Add(new("", sopClass, "", name, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        }

        return instances;
    }

    private async Task WriteAsync(string name, byte[] content)
    {
        await using var blob = await blobs.CreateAsync(name, Ct);
        await blob.WriteAsync(content, Ct);
        await blob.CommitAsync(Ct);
    }
}
