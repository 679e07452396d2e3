using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model golden</c>: adds a golden case to a package's folder: noise, and what the graph makes of it on this processor.</summary>
internal static class Golden
{
    private const string InputFile = ModelPackageZip.GoldenFolder + "/noise.input.bin";
    private const string FurtherFile = ModelPackageZip.GoldenFolder + "/noise.further";
    private const string ExpectedFile = ModelPackageZip.GoldenFolder + "/noise.expected.bin";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "The package's folder, its manifest filled." };
        var tolerance = new Option<double>("--tolerance")
        {
            Description = "Greatest difference of any number elsewhere.",
            DefaultValueFactory = _ => 1e-3,
        };
        var command = new Command("golden", "Adds a golden case: noise, and what the model makes of it here. Every class of device must give the same.") { folder, tolerance };
        command.SetAction((parsed, ct) => AddAsync(
            parsed.GetRequiredValue(folder), parsed.GetValue(tolerance), parsed.InvocationConfiguration, ct));
        return command;
    }

    private static async Task<int> AddAsync(string folder, double tolerance, InvocationConfiguration io, CancellationToken ct)
    {
        var manifestPath = Path.Combine(folder, ModelPackageZip.ManifestFile);
        if (!File.Exists(manifestPath))
        {
            throw new UsageException($"{folder}: no folder of a package. platform model new makes one.");
        }

        if (!(tolerance > 0))
        {
            throw new UsageException("--tolerance is a number above 0.");
        }

        try
        {
            // Cases that are there need not come out: they may be what is to be replaced.
            var package = await ModelPackage.OpenFolderAsync(folder, ct);
            using var session = new ModelSession(package, Device.Cpu, Environment.ProcessorCount);
            long[] shape = [1, .. session.InputShape.Skip(1)];
            var values = Noise(shape, 1);
            var output = package.Manifest.Outputs[0];
            long[] one = [1, 1, .. shape[2..]];
            var others = package.Manifest.OwnInputs.Select((f, i) => (f.Name, Values: Noise(one, i + 2))).ToList();
            var expected = session.Run(values, shape, output.Name, others.ToDictionary(o => o.Name, o => (o.Values, one)));
            if (Array.Exists(expected, v => !float.IsFinite(v)))
            {
                throw new PackageRefusedException("not-finite-output", "The model makes values of noise that are no numbers; give it a case of its own.");
            }

            long[] expectedShape = [1, session.Classes, .. output.IsVector ? [] : shape[2..]];
            Directory.CreateDirectory(Path.Combine(folder, ModelPackageZip.GoldenFolder));
            var golden = new JsonObject
            {
                ["kind"] = "tensor",
                ["input"] = await WriteAsync(folder, InputFile, values, shape, ct),
                ["output"] = output.Name,
                ["expected"] = await WriteAsync(folder, ExpectedFile, expected, expectedShape, ct),
                ["absoluteTolerance"] = tolerance,
            };
            if (others.Count > 0)
            {
                var written = new JsonObject();
                foreach (var (name, noise) in others)
                {
                    written[name] = await WriteAsync(folder, string.Create(CultureInfo.InvariantCulture, $"{FurtherFile}-{written.Count + 1}.bin"), noise, one, ct);
                }

                golden["furtherInputs"] = written;
            }

            await ReplaceAsync(manifestPath, golden, ct);
            await io.Output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"added  {InputFile} [{string.Join(", ", shape)}] and {ExpectedFile}, within {tolerance}"));
            await io.Output.WriteLineAsync("It shows that a device computes as this one does. That a series is prepared as in training, only a case of kind volume or image shows.");
            return ExitCode.Ok;
        }
        catch (PackageRefusedException e)
        {
            await io.Error.WriteLineAsync(PackageFile.Refusal(folder, e));
            return ExitCode.SomeRefused;
        }
    }

    /// <summary>0 to 1, the same each time.</summary>
    private static float[] Noise(long[] shape, int seed)
    {
        var random = new Random(seed);
        var values = new float[shape.Aggregate(1L, (product, n) => checked(product * n))];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle();
        }

        return values;
    }

    private static async Task<JsonObject> WriteAsync(string folder, string name, float[] values, long[] shape, CancellationToken ct)
    {
        var bytes = MemoryMarshal.AsBytes<float>(values).ToArray();
        await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes, ct);
        return new JsonObject
        {
            ["file"] = name,
            ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            ["type"] = "float32",
            ["shape"] = new JsonArray([.. shape.Select(n => JsonValue.Create(n))]),
        };
    }

    /// <summary>In place of an earlier one of its own, behind the author's.</summary>
    private static async Task ReplaceAsync(string manifestPath, JsonObject golden, CancellationToken ct)
    {
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(manifestPath, ct))!.AsObject();
        var others = (manifest["golden"]?.AsArray() ?? []).Where(g => g?["input"]?["file"]?.GetValue<string>() != InputFile).Select(g => g!.DeepClone());
        manifest["golden"] = new JsonArray([.. others, golden]);
        await File.WriteAllTextAsync(manifestPath, manifest.ToJsonString(Indented) + "\n", ct);
    }
}
