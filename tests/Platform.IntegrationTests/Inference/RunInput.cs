using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Hosting.Blobs;
using Platform.IntegrationTests.Services;

namespace Platform.IntegrationTests.Inference;

/// <summary>A generated series, a package and the manifest of a run, put into a blob store as the API does.</summary>
public sealed class RunInput
{
    private static readonly DicomDataset Nobody = new();

    /// <summary>A bright block of 6 × 5 × 4 voxels in darkness; voxels of 1 × 1 × 2 mm.</summary>
    public static readonly (int Columns, int Rows, int Slices) BlockSize = (40, 36, 12);

    public required string Package { get; init; }

    public string Modality { get; init; } = "MR";

    public ImageSeries Series { get; init; } = Block("MR");

    public int TimeLimitSeconds { get; init; } = 120;

    /// <summary>Changes the files before they are stored.</summary>
    public Func<List<byte[]>, IEnumerable<byte[]>> Change { get; init; } = files => files;

    public static ImageSeries Block(string modality)
    {
        var (columns, rows, slices) = BlockSize;
        var voxels = new float[columns * rows * slices];
        for (var z = 4; z < 8; z++)
        {
            for (var y = 10; y < 15; y++)
            {
                voxels.AsSpan((((z * rows) + y) * columns) + 20, 6).Fill(1000);
            }
        }

        return Of(modality, columns, rows, slices, Affine.Axial(1, 1, 2, new Vector3D(-20, -18, -12)), voxels);
    }

    public static ImageSeries Of(string modality, int columns, int rows, int slices, Affine affine, float[] voxels) => new()
    {
        Modality = modality,
        Columns = columns,
        Rows = rows,
        Slices = slices,
        Affine = affine,
        Voxels = voxels,
        StudyInstanceUid = "2.25.1001",
        SeriesInstanceUid = "2.25.1002",
        FrameOfReferenceUid = "2.25.1003",
        SopInstanceUid = slice => string.Create(CultureInfo.InvariantCulture, $"2.25.{2000 + slice}"),
        Attributes = Nobody,
    };

    public static string PackageFolder(string name)
    {
        var trained = Path.Combine(Checkout.Root, "src", "models", name);
        return Directory.Exists(trained) ? trained : Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages", name);
    }

    /// <summary>Stores everything; returns the run.</summary>
    public async Task<RunManifest> StoreAsync(BlobStore blobs, CancellationToken ct)
    {
        var (tenantId, runId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var files = Change([.. ImageSeriesWriter.Write(Series).Select(file => file.ToArray())]).ToList();
        var instances = new List<ManifestInstance>();
        foreach (var file in files)
        {
            var name = BlobNames.Instance(tenantId, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(blobs, name, file, ct);
            instances.Add(new("", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        var manifest = new RunManifest(
            tenantId, runId, Series.StudyInstanceUid, 1, [new(Series.SeriesInstanceUid, Modality, instances)],
            await InstallAsync(blobs, Package, ct), new Dictionary<string, string>(), TimeLimitSeconds);
        await WriteAsync(
            blobs, BlobNames.Manifest(tenantId, runId), JsonSerializer.SerializeToUtf8Bytes(manifest, PlatformJson.Options), ct);
        return manifest;
    }

    public static async Task WriteAsync(BlobStore blobs, string name, byte[] content, CancellationToken ct)
    {
        await using var blob = await blobs.CreateAsync(name, ct);
        await blob.WriteAsync(content, ct);
        await blob.CommitAsync(ct);
    }

    private static async Task<ManifestModel> InstallAsync(BlobStore blobs, string package, CancellationToken ct)
    {
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(PackageFolder(package), zip, ct);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        try
        {
            await WriteAsync(blobs, BlobNames.Model(hash), zip.ToArray(), ct);
        }
        catch (BlobExistsException)
        {
            // Another run of the same store has installed it.
        }

        return new(package, "1.0.0", hash, BlobNames.Model(hash));
    }
}
