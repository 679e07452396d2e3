using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Cli;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Inference.Packages;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Inference;
using Xunit;

namespace Platform.UnitTests.Cli;

/// <summary><c>platform model new|golden|check|pack|key|sign</c>: from a graph to a package that a service takes.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("platform-model-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_a_graph_to_a_signed_package_that_is_checked()
    {
        var (package, zip, key) = (At("bright"), At("bright.zip"), At("key.pem"));
        var (code, output, _) = await RunAsync("model", "new", Path.Combine(TestPackages.Folder("threshold"), "model.onnx"), "--out", package);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("fill   input.modality: ", output, StringComparison.Ordinal);
        Assert.Contains("guess  window.overlap: ", output, StringComparison.Ordinal);

        (code, output, _) = await RunAsync("model", "check", package, "--json");
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Equal("manifest-unfilled", Refusal(output));

        await FillAsync(package);
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "check", package)).Code);

        (code, output, _) = await RunAsync("model", "pack", package, "--out", zip);
        var hash = output.Trim();
        var first = await File.ReadAllBytesAsync(zip, Ct);
        Assert.Equal((ExitCode.Ok, 64), (code, hash.Length));
        File.SetLastWriteTimeUtc(Path.Combine(package, "model.onnx"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Equal(hash, (await RunAsync("model", "pack", package, "--out", zip)).Output.Trim());
        Assert.Equal(first, await File.ReadAllBytesAsync(zip, Ct));

        (code, output, _) = await RunAsync("model", "key", "--out", key);
        var keyId = output.Trim();
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "key", "--out", key)).Code);
        Assert.Equal("unsigned", Refusal((await RunAsync("model", "check", zip, "--trust", At("key.pub.pem"), "--json")).Output));
        Assert.Equal($"{hash} signed by {keyId}", (await RunAsync("model", "sign", zip, "--key", key)).Output.Trim());
        (code, output, _) = await RunAsync("model", "check", zip, "--trust", At("key.pub.pem"), "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal((ExitCode.Ok, keyId), (code, json.RootElement.GetProperty("signer").GetString()));
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "sign", zip, "--key", At("key.pub.pem"))).Code);

        await RunAsync("model", "key", "--out", At("other.pem"));
        Assert.Equal("signature-untrusted", Refusal((await RunAsync("model", "check", zip, "--trust", At("other.pub.pem"), "--json")).Output));
    }

    [Theory]
    [InlineData("threshold")]
    [InlineData("lobes")]
    [InlineData("sides")]
    public async Task A_golden_case_is_what_this_machine_makes_of_noise_and_is_replaced_by_the_next(string model)
    {
        await RunAsync("model", "new", Path.Combine(TestPackages.Folder(model), "model.onnx"), "--out", At(model));
        Assert.Equal("manifest-unfilled", Refusal((await RunAsync("model", "check", At(model), "--json")).Output));
        Assert.Equal(ExitCode.SomeRefused, (await RunAsync("model", "golden", At(model))).Code);
        await FillAsync(At(model));

        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "golden", At(model))).Code);
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "golden", At(model), "--tolerance", "0.01")).Code);

        var (code, output, _) = await RunAsync("model", "check", At(model), "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal((ExitCode.Ok, 1), (code, json.RootElement.GetProperty("golden").GetArrayLength()));
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(At(model), "manifest.json"), Ct))!;
        Assert.Equal(0.01, manifest["golden"]![0]!["absoluteTolerance"]!.GetValue<double>());
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "golden", At("nowhere"))).Code);
    }

    [Fact]
    public async Task A_graph_that_says_numbers_of_a_volume_becomes_a_classification()
    {
        var (code, output, _) = await RunAsync("model", "new", Path.Combine(TestPackages.Folder("lobes"), "model.onnx"), "--out", At("halves"));

        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("guess  input.size: ", output, StringComparison.Ordinal);
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(At("halves"), "manifest.json"), Ct))!;
        Assert.Equal(("[6,8,10]", "classification"), (manifest["input"]!["size"]!.ToJsonString(), Text(manifest["outputs"]![0]!["type"])));
        await FillAsync(At("halves"));
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "check", At("halves"))).Code);
    }

    [Fact]
    public async Task A_graph_that_labels_slices_becomes_a_segmentation_slice_by_slice()
    {
        var (code, output, _) = await RunAsync("model", "new", Path.Combine(TestPackages.Folder("between"), "model.onnx"), "--out", At("slices"));

        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("guess  window.slices: ", output, StringComparison.Ordinal);
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(At("slices"), "manifest.json"), Ct))!;
        Assert.Equal(("[1,96,96]", "3", "segmentation"), (
            manifest["window"]!["patch"]!.ToJsonString(), manifest["window"]!["slices"]!.ToJsonString(), Text(manifest["outputs"]![0]!["type"])));
        await FillAsync(At("slices"));
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "check", At("slices"))).Code);
    }

    [Fact]
    public async Task Further_inputs_are_drawn_from_the_graph_and_have_noise_of_their_own()
    {
        var (code, output, _) = await RunAsync("model", "new", Path.Combine(TestPackages.Folder("change"), "model.onnx"), "--out", At("change"));
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains("fill   furtherInputs[0].modality: ", output, StringComparison.Ordinal);
        await RunAsync("model", "new", Path.Combine(TestPackages.Folder("difference"), "model.onnx"), "--out", At("difference"));
        Assert.Equal("manifest-unfilled", Refusal((await RunAsync("model", "check", At("change"), "--json")).Output));
        await FillAsync(At("change"));

        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "golden", At("change"))).Code);
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "golden", At("change"))).Code);
        (code, output, _) = await RunAsync("model", "check", At("change"), "--json");

        using var json = JsonDocument.Parse(output);
        Assert.Equal((ExitCode.Ok, 1), (code, json.RootElement.GetProperty("golden").GetArrayLength()));
        var drawn = new List<string>();
        foreach (var name in new[] { "change", "difference" })
        {
            var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(At(name), "manifest.json"), Ct))!;
            drawn.AddRange(manifest["furtherInputs"]!.AsArray().Select(f => $"{Text(f!["name"])} {Text(f["as"])}"));
        }

        Assert.Equal(["before input", "organ input", "channel-2 channel"], drawn);
    }

    [Fact]
    public async Task Several_folders_are_one_run()
    {
        var study = Series("study", 10, 20);
        WriteSeries("study", 100, 5);
        var (code, output, error) = await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", study, "--out", At("one"));
        Assert.True(code == ExitCode.Ok, error);
        var (apart, other) = (Series("apart", 10, 20), Series("other", 100, 5));
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", apart, "--input", $"t2={other}", "--out", At("two"))).Code);

        Assert.Equal(await HashAsync("one"), await HashAsync("two"));
        var made = Directory.EnumerateFiles(At("two"), "image-*.dcm").Select(path => DicomFile.Read(File.ReadAllBytes(path)));
        Assert.All(DicomVolume.Build([.. made], Ct).Volume!.Voxels, voxel => Assert.Equal(15, voxel, 1e-3));
        Assert.Equal(ExitCode.SomeRefused, (await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", apart, "--out", At("three"))).Code);
        (code, _, error) = await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", apart, "--input", $"flair={other}", "--out", At("three"));
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains("it has t2", error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", apart, "--input", other, "--out", At("three"))).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", $"t2={other}", "--out", At("three"))).Code);
        Assert.Equal(
            ExitCode.Usage,
            (await RunAsync("model", "run", TestPackages.Folder("difference"), "--input", apart, "--input", $"t2={other}", "--input", $"t2={other}", "--out", At("three"))).Code);
    }

    [Fact]
    public async Task What_one_package_wrote_is_an_input_of_the_next()
    {
        var (now, before) = (Series("now", 10, 900, bright: true), Series("before", 10, 0, study: "2.25.78"));
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "run", TestPackages.Folder("threshold"), "--input", now, "--out", At("organ"))).Code);

        var (code, output, error) = await RunAsync(
            "model", "run", TestPackages.Folder("change"), "--input", now, "--input", $"before={before}", "--input", $"organ={At("organ")}", "--out", At("made"));

        Assert.True(code == ExitCode.Ok, error);
        Assert.Contains("Brighter than before: 16 mm3", output, StringComparison.Ordinal); // 2 × 2 × 4 voxels of 1 mm³
    }

    /// <summary>A folder with a series of 8 × 8 × 4 voxels.</summary>
    private string Series(string name, double echoTimeMs, float value, bool bright = false, string study = Phantom.StudyUid)
    {
        Directory.CreateDirectory(At(name));
        WriteSeries(name, echoTimeMs, value, bright, study);
        return At(name);
    }

    private void WriteSeries(string name, double echoTimeMs, float value, bool bright = false, string study = Phantom.StudyUid)
    {
        var attributes = new DicomDataset();
        attributes.Set(DicomTags.EchoTime, echoTimeMs);
        var series = string.Create(CultureInfo.InvariantCulture, $"2.25.{echoTimeMs}");
        var files = ImageSeriesWriter.Write(
            Phantom.Series((x, y, _) => !bright || (x is 3 or 4 && y is 3 or 4) ? value : 0, 8, 8, 4, affine: Affine.Axial(1, 1, 1, new(0, 0, 0))) with
            {
                StudyInstanceUid = study,
                SeriesInstanceUid = series,
                SopInstanceUid = slice => $"{series}.{slice + 1}",
                Attributes = attributes,
            });
        foreach (var (file, i) in files.Select((f, i) => (f, i)))
        {
            File.WriteAllBytes(Path.Combine(At(name), string.Create(CultureInfo.InvariantCulture, $"{echoTimeMs}-{i}.dcm")), file.ToArray());
        }
    }

    private async Task<string> HashAsync(string name)
    {
        using var result = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(At(name), "result.json"), Ct));
        return result.RootElement.GetProperty("resultHash").GetString()!;
    }

    [Fact]
    public async Task A_bundle_of_monai_fills_what_it_knows_and_the_rest_is_listed()
    {
        var bundle = Directory.CreateDirectory(At("bundle")).FullName;
        Directory.CreateDirectory(Path.Combine(bundle, "configs"));
        Directory.CreateDirectory(Path.Combine(bundle, "models"));
        File.Copy(Path.Combine(TestPackages.Folder("threshold"), "model.onnx"), Path.Combine(bundle, "models", "model.onnx"));
        await File.WriteAllTextAsync(
            Path.Combine(bundle, "configs", "metadata.json"),
            """
            {
              "version": "0.5.3", "monai_version": "1.3.0", "task": "Segmentation of bright regions", "description": "Finds what is bright.",
              "intended_use": "An example, not to be used for diagnosis.",
              "network_data_format": {
                "inputs": { "image": {
                  "type": "image", "format": "hounsfield", "modality": "CT", "num_channels": 1, "spatial_shape": [96, "16*n", 32],
                  "dtype": "float32", "value_range": [0, 1], "is_patch_data": true, "channel_def": { "0": "image" } } },
                "outputs": { "pred": {
                  "type": "image", "format": "segmentation", "num_channels": 2, "spatial_shape": [96, 96, 32], "dtype": "float32",
                  "value_range": [0, 1], "is_patch_data": true, "channel_def": { "0": "background", "1": "bright region" } } }
              }
            }
            """,
            Ct);

        var (code, output, _) = await RunAsync("model", "new", "--monai", bundle, "--out", At("imported"));

        Assert.Equal(ExitCode.Ok, code);
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(At("imported"), "manifest.json"), Ct))!;
        Assert.Equal(("0.5.3", "Segmentation of bright regions"), (Text(manifest["version"]), Text(manifest["title"])));
        Assert.Equal(("CT", "SAR"), (Text(manifest["input"]!["modality"]), Text(manifest["input"]!["orientation"])));
        Assert.Equal("minMax", Text(manifest["input"]!["intensity"]![0]!["op"]));
        Assert.Equal("[96,96,32]", manifest["window"]!["patch"]!.ToJsonString());
        Assert.Equal("bright region", Text(manifest["outputs"]![0]!["segments"]![0]!["name"]));
        foreach (var unknown in new[] { "guess  window.patch[1]: ", "guess  input.spacingMm: ", "guess  input.intensity: ", "fill   outputs[0].segments[0].concept.value: " })
        {
            Assert.Contains(unknown, output, StringComparison.Ordinal);
        }

        await FillAsync(At("imported"));
        Assert.Equal(ExitCode.Ok, (await RunAsync("model", "check", At("imported"))).Code);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("model new")]
    [InlineData("model new no-such.onnx --out nowhere")]
    [InlineData("model new --monai no-such --out nowhere")]
    [InlineData("model check no-such.zip")]
    [InlineData("model pack no-such --out x.zip")]
    [InlineData("model sign no-such.zip --key no-such.pem")]
    [InlineData("model run no-such.zip --input . --out x")]
    public async Task Wrong_usage_is_told_with_its_code(string line)
    {
        var (code, _, error) = await RunAsync(line.Split(' '));
        Assert.True(code == ExitCode.Usage, $"{code}: {error}");
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_graph_gets_no_package_and_a_hostile_package_no_signature()
    {
        var (model, zip) = (At("hostile.onnx"), At("hostile.zip"));
        await File.WriteAllBytesAsync(model, HostileModels.Graphs().First().Model, Ct);
        await File.WriteAllBytesAsync(zip, HostileModels.Packages().First().Package, Ct);
        await RunAsync("model", "key", "--out", At("key.pem"));

        var (code, _, error) = await RunAsync("model", "new", model, "--out", At("made"));
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains("refused (external-data): ", error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.SomeRefused, (await RunAsync("model", "sign", zip, "--key", At("key.pem"))).Code);
        Assert.False(Directory.Exists(At("made")));
        Assert.False(File.Exists(zip + ".sig"));
    }

    [Fact]
    public async Task A_link_in_a_packages_folder_is_not_followed()
    {
        var package = Directory.CreateDirectory(At("linked")).FullName;
        File.Copy(Path.Combine(TestPackages.Folder("threshold"), "manifest.json"), Path.Combine(package, "manifest.json"));
        File.CreateSymbolicLink(Path.Combine(package, "model.onnx"), "/etc/passwd");

        Assert.Equal("folder-link", Refusal((await RunAsync("model", "check", package, "--json")).Output));
        File.Delete(Path.Combine(package, "model.onnx"));
        File.Copy(Path.Combine(TestPackages.Folder("threshold"), "model.onnx"), Path.Combine(package, "model.onnx"));
        Directory.CreateSymbolicLink(Path.Combine(package, "golden"), "/etc");
        Assert.Equal("folder-link", Refusal((await RunAsync("model", "check", package, "--json")).Output));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>What an author does by hand.</summary>
    private static async Task FillAsync(string package)
    {
        var path = Path.Combine(package, "manifest.json");
        var text = await File.ReadAllTextAsync(path, Ct);
        var manifest = JsonNode.Parse(text.Replace(PackageManifest.Unfilled, "", StringComparison.Ordinal))!;
        manifest["input"]!["modality"] = "MR";
        manifest["input"]!["bodyParts"] = new JsonArray();
        foreach (var further in manifest["furtherInputs"]?.AsArray() ?? [])
        {
            further!["modality"] = "MR";
        }

        await File.WriteAllTextAsync(path, manifest.ToJsonString(), Ct);
    }

    private string At(string name) => Path.Combine(folder, name);

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static string? Refusal(string json)
    {
        using var parsed = JsonDocument.Parse(json);
        return parsed.RootElement.GetProperty("refusal").GetString();
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await PlatformCommand.RunAsync(arguments, output, error, Ct);
        return (code, output.ToString(), error.ToString());
    }
}
