using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Corpus;

/// <summary>A model that others made and published (MeshNet of brainchop: white and grey matter on T1 MR) becomes a package by its manifest alone.</summary>
public sealed class ForeignModelTests : IDisposable
{
    private const int Side = 48;

    // FreeSurfer's conform: 1 mm, first axis to the left, second to the feet, third to the front, and the first is the slowest in memory.
    private const string Manifest =
        """
        {
          "schema": "platform-model/1", "name": "brain-tissue", "version": "5.0.0",
          "model": { "file": "model.onnx", "sha256": "$model" },
          "input": {
            "name": "volume", "modality": "MR", "minSlices": 20,
            "spacingMm": [1, 1, 1], "orientation": "AIL", "axes": "patient", "axisOrder": "zyx", "interpolation": "linear",
            "intensity": [{ "op": "minMax" }]
          },
          "window": { "patch": [48, 48, 48], "overlap": 0, "padValue": 0 },
          "outputs": [{
            "name": "logits", "type": "segmentation", "activation": "softmax", "background": 0,
            "segments": [
              { "label": 1, "name": "White matter", "concept": { "value": "WHITE-MATTER", "scheme": "99PLATFORM", "meaning": "White matter" } },
              { "label": 2, "name": "Grey matter", "concept": { "value": "GREY-MATTER", "scheme": "99PLATFORM", "meaning": "Grey matter" } }
            ]
          }],
          "golden": [{
            "kind": "tensor", "output": "logits", "absoluteTolerance": 0.001, "labelAgreement": 1,
            "input": { "file": "golden/input.raw", "sha256": "$input", "type": "float32", "shape": [1, 1, 48, 48, 48] },
            "expected": { "file": "golden/output.raw", "sha256": "$output", "type": "float32", "shape": [1, 3, 48, 48, 48] }
          }]
        }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("platform-foreign-").FullName;

    [Fact]
    public async Task Somebody_elses_model_gives_its_reference_output_by_manifest_alone()
    {
        if (CorpusFiles.Path("models/brainchop-gw") is not { } corpus)
        {
            return;
        }

        var (input, output) = (Npy(Path.Combine(corpus, "ref_input_48.npy")), Npy(Path.Combine(corpus, "ref_output_48.npy")));
        using var session = new ModelSession(await PackageAsync(corpus, input, output), Device.Cpu, 1);

        var difference = Assert.Single(GoldenCheck.ThrowIfDifferent(session, 1, TestContext.Current.CancellationToken));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"greatest difference {difference.GreatestAbsolute:0.0e0}"));
        Assert.InRange(difference.GreatestAbsolute, 0, 1e-3);
    }

    [Fact]
    public async Task Its_conform_step_is_what_the_manifest_says()
    {
        if (CorpusFiles.Path("models/brainchop-gw") is not { } corpus)
        {
            return;
        }

        var (input, output) = (Npy(Path.Combine(corpus, "ref_input_48.npy")), Npy(Path.Combine(corpus, "ref_output_48.npy")));
        using var session = new ModelSession(await PackageAsync(corpus, input, output), Device.Cpu, 1);

        // The reference as a scanner would have given it: axial slices, other units; two voxels give it the range that minMax leaves as it is.
        var tensor = session.Package.ReadTensor(session.Package.Manifest.Golden![0].Input);
        (tensor[0], tensor[^1]) = (0, 1);
        var scan = new float[tensor.Length];
        for (var i = 0; i < scan.Length; i++)
        {
            var (left, feet, front) = (i / (Side * Side), i / Side % Side, i % Side);
            scan[((((Side - 1 - feet) * Side) + Side - 1 - front) * Side) + left] = (1200 * tensor[i]) - 100;
        }

        var grid = new Grid(Side, Side, Side, Affine.Axial(1, 1, 1, new Vector3D(-20, -30, 5)));
        var found = SegmentationEngine.Run(new Volume(grid, scan), session, 1, (_, _) => { }, TestContext.Current.CancellationToken);

        var expected = session.Run(tensor, [1, 1, Side, Side, Side], "logits");
        var differ = 0;
        for (var i = 0; i < scan.Length; i++)
        {
            var (left, feet, front) = (i / (Side * Side), i / Side % Side, i % Side);
            var classes = new[] { expected[i], expected[scan.Length + i], expected[(2 * scan.Length) + i] };
            var label = found.SourceLabels[((((Side - 1 - feet) * Side) + Side - 1 - front) * Side) + left];
            differ += Array.IndexOf(classes, classes.Max()) == label ? 0 : 1;
        }

        // Only where two classes are within rounding of each other.
        Assert.InRange(differ, 0, 5);
        Assert.True(found.SourceLabels.Distinct().Count() == 3, "All classes occur.");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<ModelPackage> PackageAsync(string corpus, byte[] input, byte[] output)
    {
        var ct = TestContext.Current.CancellationToken;
        var model = await File.ReadAllBytesAsync(Path.Combine(corpus, "model5_gw_ae.onnx"), ct);
        Directory.CreateDirectory(Path.Combine(folder, "golden"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), model, ct);
        await File.WriteAllBytesAsync(Path.Combine(folder, "golden", "input.raw"), input, ct);
        await File.WriteAllBytesAsync(Path.Combine(folder, "golden", "output.raw"), output, ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "card.md"), "# brain-tissue\n\nMeshNet of brainchop, MIT licence.\n", ct);
        var manifest = Manifest.Replace("$model", Hash(model), StringComparison.Ordinal)
            .Replace("$input", Hash(input), StringComparison.Ordinal).Replace("$output", Hash(output), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest, ct);
        return await ModelPackage.OpenFolderAsync(folder, ct);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The values of a NumPy file (version 1) of little-endian float32 in C order.</summary>
    private static byte[] Npy(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var header = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        Assert.Contains("'descr': '<f4', 'fortran_order': False", Encoding.ASCII.GetString(bytes, 10, header), StringComparison.Ordinal);
        return bytes[(10 + header)..];
    }
}
