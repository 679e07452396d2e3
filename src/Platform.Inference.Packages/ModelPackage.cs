using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary>A model package in memory, checked: limits of the zip, hashes, the manifest's sense, and the graph (without loading it).</summary>
public sealed class ModelPackage
{
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

        Graph = OnnxSummary.Read(Model);
        if (Graph.Inputs.All(i => i.Name != Manifest.Input.Name) || Manifest.Outputs.Any(o => Graph.Outputs.All(g => g.Name != o.Name)))
        {
            throw new PackageRefusedException("model-tensors", "The graph has no input or no output of the name that the manifest gives.");
        }

        if (Manifest.FurtherInputs is not null)
        {
            CheckInputs();
        }

        foreach (var tensor in (Manifest.Golden ?? []).SelectMany(g => new[] { g.Input, g.Expected }.Concat(g.FurtherInputs?.Values ?? [])).OfType<GoldenTensor>())
        {
            CheckTensor(tensor);
        }
    }

    /// <summary>Lower-case hex SHA-256 of the package as a zip: its content address.</summary>
    public string Hash { get; }

    /// <summary>What the package declares.</summary>
    public PackageManifest Manifest { get; }

    /// <summary>The text of <c>manifest.json</c> as the author wrote it.</summary>
    public string ManifestText => Encoding.UTF8.GetString(File(ModelPackageZip.ManifestFile));

    /// <summary>The bytes of <c>model.onnx</c>; they are what was checked, so load these and no file.</summary>
    public byte[] Model { get; }

    /// <summary>What the graph takes and gives.</summary>
    public OnnxSummary Graph { get; }

    /// <summary>Reads a package zip from a stream; hashes the bytes as they are.</summary>
    /// <param name="zip">Seekable.</param>
    /// <exception cref="PackageRefusedException">Not a usable package.</exception>
    public static async Task<ModelPackage> OpenZipAsync(Stream zip, CancellationToken ct)
    {
        if (zip.Length > PackageZip.MaxBytes)
        {
            throw new PackageRefusedException("package-size", $"The package is over {PackageZip.MaxBytes >> 20} MiB.");
        }

        zip.Position = 0;
        var hash = await ModelPackageZip.HashAsync(zip, ct);
        return new ModelPackage(hash, await PackageZip.ReadAsync(zip, ct));
    }

    /// <summary>Packs a package folder and reads it like an uploaded one.</summary>
    /// <exception cref="PackageRefusedException">Not a usable package.</exception>
    public static async Task<ModelPackage> OpenFolderAsync(string folder, CancellationToken ct)
    {
        using var zip = new MemoryStream();
        try
        {
            await ModelPackageZip.WriteAsync(folder, zip, ct);
        }
        catch (InvalidDataException e)
        {
            throw new PackageRefusedException("folder-link", e.Message);
        }

        return await OpenZipAsync(zip, ct);
    }

    /// <summary>A tensor of a golden case as float32, its hash checked.</summary>
    /// <exception cref="PackageRefusedException">Absent, changed, of an unknown type or of another size than its shape says.</exception>
    public float[] ReadTensor(GoldenTensor tensor)
    {
        var bytes = CheckTensor(tensor);
        var count = bytes.Length / SizeOf(tensor);

        // Golden files are little-endian, as every platform we run on.
        var values = new float[count];
        if (tensor.Type == "float32")
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

    /// <summary>Of several inputs each is one of the graph, or a channel of the first; and the graph has no others.</summary>
    private void CheckInputs()
    {
        string[] named = [Manifest.Input.Name, .. Manifest.OwnInputs.Select(f => f.Name)];
        if (Graph.Inputs.Count != named.Length || named.Any(name => Graph.Inputs.All(i => i.Name != name)))
        {
            throw new PackageRefusedException(
                "model-tensors",
                $"The graph's inputs are {string.Join(", ", Graph.Inputs.Select(i => i.Name))}; the manifest names {string.Join(", ", named)}. Each of furtherInputs is an input of the graph (as: input) or a channel of the first.");
        }

        foreach (var input in Graph.Inputs)
        {
            var channels = input.Name == Manifest.Input.Name ? Manifest.Channels : 1;
            if (input.ElementType != 1 || input.Shape is { Count: not 5 } || (input.Shape?[1] ?? channels) != channels
                || Enumerable.Range(0, 3).Any(i => input.Shape?[2 + i] is > 0 and var length && length != Manifest.Window.Patch[i]))
            {
                throw new PackageRefusedException(
                    "model-tensors", $"The graph's input {input.Name} must be float32 [batch, {channels}, z, y, x] with z, y, x of the manifest's patch or size, or open: the manifest gives it {channels} channels.");
            }
        }
    }

    private byte[] CheckTensor(GoldenTensor tensor)
    {
        var bytes = files.GetValueOrDefault(tensor.File)
            ?? throw new PackageRefusedException("golden-missing", "The package lacks a golden file that its manifest names.");
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != tensor.Sha256)
        {
            throw new PackageRefusedException("golden-hash", "A golden file is not the one that the manifest names.");
        }

        var left = SizeOf(tensor) > 0 ? (long)bytes.Length : -1;
        foreach (var length in tensor.Shape)
        {
            // Divided, not multiplied: no shape is too large for that.
            left = length > 0 && left >= 0 && left % length == 0 ? left / length : -1;
        }

        return left == SizeOf(tensor)
            ? bytes
            : throw new PackageRefusedException("golden-shape", "A golden file has another size than its shape says, or an unknown type.");
    }

    private static int SizeOf(GoldenTensor tensor) => tensor.Type switch { "float32" => sizeof(float), "uint16" or "int16" => sizeof(ushort), _ => 0 };

    private byte[] File(string name) => files.TryGetValue(name, out var bytes)
        ? bytes
        : throw new PackageRefusedException("package-incomplete", "The package lacks a file that it needs: manifest.json or model.onnx.");
}
