using System.IO.Compression;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary>A model package in memory, checked: limits of the zip, hashes, the manifest's sense, and the graph (without loading it).</summary>
public sealed class ModelPackage
{
    private const int MaxEntries = 10_000;
    private const int MaxRatio = 100;
    private const long FreeOfRatio = 1 << 20; // a few small files may well compress better than 100:1
    private const long MaxBytes = 1L << 30;

    private readonly Dictionary<string, byte[]> files;

    private ModelPackage(string hash, Dictionary<string, byte[]> files)
    {
        this.files = files;
        Hash = hash;
        Manifest = ManifestCheck.Parse(File(ModelPackageZip.ManifestFile));
        Model = File(ModelPackageZip.ModelFile);
        if (Convert.ToHexStringLower(SHA256.HashData(Model)) != Manifest.Model.Sha256)
        {
            throw new PackageRefusedException("model-hash", "model.onnx is not the file that the manifest names.");
        }

        OnnxGraphCheck.ThrowIfRefused(Model);
    }

    /// <summary>Lower-case hex SHA-256 of the package as a zip: its content address.</summary>
    public string Hash { get; }

    /// <summary>What the package declares.</summary>
    public PackageManifest Manifest { get; }

    /// <summary>The bytes of <c>model.onnx</c>; they are what was checked, so load these and no file.</summary>
    public byte[] Model { get; }

    /// <summary>Reads a package zip from a stream; hashes the bytes as they are.</summary>
    /// <param name="zip">Seekable.</param>
    /// <exception cref="PackageRefusedException">Not a usable package.</exception>
    public static async Task<ModelPackage> OpenZipAsync(Stream zip, CancellationToken ct)
    {
        if (zip.Length > MaxBytes)
        {
            throw new PackageRefusedException("package-size", $"The package is over {MaxBytes >> 20} MiB.");
        }

        zip.Position = 0;
        var hash = await ModelPackageZip.HashAsync(zip, ct);
        zip.Position = 0;
        try
        {
            using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
            return new ModelPackage(hash, await ReadEntriesAsync(archive, ct));
        }
        catch (InvalidDataException e)
        {
            throw new PackageRefusedException("not-a-zip", $"The package is not a usable zip: {e.Message}");
        }
    }

    /// <summary>Packs a package folder and reads it like an uploaded one.</summary>
    /// <exception cref="PackageRefusedException">Not a usable package.</exception>
    public static async Task<ModelPackage> OpenFolderAsync(string folder, CancellationToken ct)
    {
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(folder, zip, ct);
        return await OpenZipAsync(zip, ct);
    }

    /// <summary>A tensor of a golden case as float32, its hash checked.</summary>
    /// <exception cref="PackageRefusedException">Absent, changed, of an unknown type or of another size than its shape says.</exception>
    public float[] ReadTensor(GoldenTensor tensor)
    {
        var bytes = File(tensor.File);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != tensor.Sha256)
        {
            throw new PackageRefusedException("golden-hash", "A golden file is not the one that the manifest names.");
        }

        var count = tensor.Shape.Aggregate(1L, (product, n) => checked(product * n));
        var size = tensor.Type switch { "float32" => sizeof(float), "uint16" or "int16" => sizeof(ushort), _ => 0 };
        if (size == 0 || count * size != bytes.Length)
        {
            throw new PackageRefusedException("golden-shape", "A golden file has another size than its shape says, or an unknown type.");
        }

        // Golden files are little-endian, as every platform we run on.
        var values = new float[count];
        if (size == sizeof(float))
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
        }
        else if (tensor.Type == "int16")
        {
            TensorPrimitives.ConvertTruncating<short, float>(MemoryMarshal.Cast<byte, short>(bytes), values);
        }
        else
        {
            TensorPrimitives.ConvertTruncating<ushort, float>(MemoryMarshal.Cast<byte, ushort>(bytes), values);
        }

        return values;
    }

    private static async Task<Dictionary<string, byte[]>> ReadEntriesAsync(ZipArchive archive, CancellationToken ct)
    {
        if (archive.Entries.Count > MaxEntries)
        {
            throw new PackageRefusedException("zip-entries", $"The package has more than {MaxEntries} files.");
        }

        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var total = 0L;
        foreach (var entry in archive.Entries)
        {
            if (!IsExpected(entry.FullName))
            {
                throw new PackageRefusedException(
                    "zip-name", "The package may hold manifest.json, model.onnx, card.md and files under golden/ only.");
            }

            total += entry.Length;
            if (total > MaxBytes || entry.Length > FreeOfRatio + (MaxRatio * entry.CompressedLength))
            {
                throw new PackageRefusedException("zip-ratio", "The package inflates to more than a package may.");
            }

            if (!files.TryAdd(entry.FullName, await ReadAsync(entry, ct)))
            {
                throw new PackageRefusedException("zip-name", "The package holds two files of one name.");
            }
        }

        return files;
    }

    private static async Task<byte[]> ReadAsync(ZipArchiveEntry entry, CancellationToken ct)
    {
        // The declared length only bounds the reading; what arrives is what is kept.
        await using var stream = await entry.OpenAsync(ct);
        using var bytes = new MemoryStream();
        var buffer = new byte[81920];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct)) > 0)
        {
            if (bytes.Length + read > entry.Length)
            {
                throw new PackageRefusedException("zip-ratio", "A file of the package is longer than it declares.");
            }

            await bytes.WriteAsync(buffer.AsMemory(0, read), ct);
        }

        return bytes.ToArray();
    }

    private static bool IsExpected(string name) =>
        name is ModelPackageZip.ManifestFile or ModelPackageZip.ModelFile or ModelPackageZip.CardFile
        || (name.StartsWith(ModelPackageZip.GoldenFolder + "/", StringComparison.Ordinal)
            && !name.Contains("..", StringComparison.Ordinal) && !name.Contains('\\', StringComparison.Ordinal)
            && !name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase));

    private byte[] File(string name) => files.TryGetValue(name, out var bytes)
        ? bytes
        : throw new PackageRefusedException("package-incomplete", "The package lacks a file that it needs: manifest.json, model.onnx or a golden file.");
}
