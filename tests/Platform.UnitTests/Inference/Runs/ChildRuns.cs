using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>A folder of blobs, runs on a bright block in it, and real compute children.</summary>
internal sealed class ChildRuns : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("platform-child-").FullName;

    public ChildRuns() => Blobs = new FileBlobStore(BlobsPath, 0, TimeProvider.System);

    public FileBlobStore Blobs { get; }

    /// <summary>For what outlives a child.</summary>
    public string CachePath => Path.Combine(folder, "cache");

    private string BlobsPath => Path.Combine(folder, "blobs");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A child of the program that stands beside the tests.</summary>
    public Task<ComputeChild> StartAsync(SessionPolicy? sessions = null)
    {
        var setup = new ChildSetup(
            new BlobOptions { Provider = BlobProvider.File, Path = BlobsPath }, "cpu", null, 1, Path.Combine(folder, $"scratch-{Guid.CreateVersion7():N}"), sessions);
        return ComputeChild.StartAsync(Path.Combine(AppContext.BaseDirectory, "Platform.Inference.dll"), setup, Ct);
    }

    /// <param name="memoryMb">The limit in the package's manifest; null leaves it as it is.</param>
    public async Task<RunManifest> StoreAsync(string package, int? memoryMb = null)
    {
        const int Columns = 24, Rows = 20, Slices = 6;
        var voxels = new float[Columns * Rows * Slices];
        voxels.AsSpan((3 * Columns * Rows) + (8 * Columns) + 5, 9).Fill(700);
        var series = new ImageSeries
        {
            Modality = "MR",
            Columns = Columns,
            Rows = Rows,
            Slices = Slices,
            Affine = Affine.Axial(1, 1, 2, new Vector3D(0, 0, 0)),
            Voxels = voxels,
            StudyInstanceUid = "2.25.11",
            SeriesInstanceUid = "2.25.12",
            FrameOfReferenceUid = "2.25.13",
            SopInstanceUid = slice => string.Create(CultureInfo.InvariantCulture, $"2.25.{100 + slice}"),
            Attributes = new DicomDataset(),
        };
        var (tenant, run) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var instances = new List<ManifestInstance>();
        foreach (var file in ImageSeriesWriter.Write(series).Select(f => f.ToArray()))
        {
            var name = BlobNames.Instance(tenant, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(name, file);
            instances.Add(new("", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        return new RunManifest(
            tenant, run, series.StudyInstanceUid, 1, [new(series.SeriesInstanceUid, "MR", instances)], await InstallAsync(package, memoryMb),
            new Dictionary<string, string>(), 120);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<ManifestModel> InstallAsync(string package, int? memoryMb)
    {
        var from = TestPackages.Folder(package);
        if (memoryMb is { } limit)
        {
            var changed = Path.Combine(folder, $"{package}-{limit}");
            CopyFolder(from, changed);
            var path = Path.Combine(changed, "manifest.json");
            var manifest = JsonNode.Parse(await File.ReadAllTextAsync(path, Ct))!;
            manifest["limits"]!["memoryMb"] = limit;
            await File.WriteAllTextAsync(path, manifest.ToJsonString(), Ct);
            from = changed;
        }

        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(from, zip, Ct);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        if (await Blobs.GetLengthAsync(BlobNames.Model(hash), Ct) is null)
        {
            await WriteAsync(BlobNames.Model(hash), zip.ToArray());
        }

        return new(package, "1.0.0", hash, BlobNames.Model(hash));
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target, overwrite: true);
        }
    }

    private async Task WriteAsync(string name, byte[] content)
    {
        await using var blob = await Blobs.CreateAsync(name, Ct);
        await blob.WriteAsync(content, Ct);
        await blob.CommitAsync(Ct);
    }
}
