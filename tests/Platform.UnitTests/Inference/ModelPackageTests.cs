using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Platform.Contracts;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

public class ModelPackageTests
{
    [Fact]
    public async Task A_folder_packs_to_the_same_hash_each_time()
    {
        var first = await TestPackages.OpenAsync("threshold");
        var second = await TestPackages.OpenAsync("threshold");

        Assert.Equal(first.Hash, second.Hash);
        Assert.Equal("threshold", first.Manifest.Name);
    }

    [Theory]
    [InlineData("manifest", "schema", "platform-model/2")]
    [InlineData("manifest", "input.intensity", "[{\"op\":\"sharpen\"}]")]
    [InlineData("manifest", "input.orientation", "LLS")]
    [InlineData("manifest", "input.spacingMm", "[1,1]")]
    [InlineData("manifest", "window.overlap", "1")]
    [InlineData("manifest", "window.patch", "[0,64,64]")]
    [InlineData("manifest", "outputs", "[]")]
    [InlineData("manifest", "outputs", "not json")]
    [InlineData("manifest", "outputs", "[null]")]
    [InlineData("manifest", "outputs.0.segments", "[null]")]
    [InlineData("model-hash", "model.sha256", "0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task A_manifest_that_cannot_be_followed_is_refused(string code, string path, string value) =>
        Assert.Equal(code, await RefusalOf(await ChangedManifestAsync("threshold", path, value)));

    [Theory]
    [InlineData("outputs.0.type", "segmentation")]
    [InlineData("outputs.0.type", "classification")]
    [InlineData("outputs.0.activation", "tanh")]
    [InlineData("outputs.0.detection", "null")]
    [InlineData("outputs.0.detection.threshold", "1")]
    [InlineData("outputs.0.detection.score", "median")]
    [InlineData("outputs.0.detection.minProbability", "1.5")]
    [InlineData("outputs.0.detection.minDiameterMm", "-1")]
    [InlineData("outputs.0.detection.maxFindings", "0")]
    [InlineData("outputs.0.detection.maxFindings", "256")]
    [InlineData("outputs.0.segments", "[]")]
    [InlineData("outputs.0.segments.0.keepLargest", "true")]
    [InlineData("outputs.0.measurements", "[]")]
    [InlineData("outputs.0.measurements.0.measure", "longestDiameter")]
    [InlineData("outputs.0.measurements.1.measure", "equivalentDiameter")]
    public async Task A_detection_that_cannot_be_followed_is_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("chest-ct-nodule", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "chest-ct-nodule"));
    }

    [Theory]
    [InlineData("input.dimensions", "1")]
    [InlineData("input.dimensions", "null")]
    [InlineData("input.size", "[0,8]")]
    [InlineData("input.size", "null")]
    [InlineData("input.fit", "squeeze")]
    [InlineData("input.values", "raw")]
    [InlineData("input.orientation", "LPS")]
    [InlineData("window", "{}")]
    [InlineData("outputs.0.type", "segmentation")]
    [InlineData("outputs.0.segments", "[null]")]
    [InlineData("outputs.0.classes", "[]")]
    [InlineData("outputs.0.classes.0.threshold", "1")]
    [InlineData("outputs.0.classes.0.threshold", "null")]
    [InlineData("outputs.0.classes.0.above", "null")]
    [InlineData("outputs.0.classes.1.label", "0")]
    [InlineData("outputs.0.classes.1.concept", "null")]
    [InlineData("outputs.0.activation", "none")]
    [InlineData("outputs.0.calibration.method", "isotonic")]
    [InlineData("outputs.0.calibration.slope", "[]")]
    [InlineData("outputs.0.heatMap.label", "9")]
    [InlineData("outputs.0.heatMap.from", "1")]
    [InlineData("golden.1.expectedProbabilities", "[0.5]")]
    public async Task A_classification_that_cannot_be_followed_is_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("sides", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "sides"));
    }

    [Theory]
    [InlineData("outputs.0.activation", "softmax")]
    [InlineData("outputs.0.values", "[]")]
    [InlineData("outputs.0.values.0.unit", "null")]
    [InlineData("outputs.0.values.0.slope", "0")]
    [InlineData("outputs.0.values.0.low", "400")]
    [InlineData("outputs.0.classes", "[]")]
    [InlineData("golden.0.expectedValues", "[1,2]")]
    [InlineData("quality.minSnr", "0")]
    [InlineData("quality.maxClippedShare", "1.5")]
    [InlineData("quality.outOfDistribution.maxScore", "0")]
    [InlineData("quality.outOfDistribution.features", "[]")]
    [InlineData("quality.outOfDistribution.features.0.name", "colour")]
    [InlineData("quality.outOfDistribution.features.0.deviation", "0")]
    public async Task A_regression_or_a_quality_bar_that_cannot_be_followed_is_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("brightness", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "brightness"));
    }

    [Theory]
    [InlineData("window", "{}")]
    [InlineData("input.size", "null")]
    [InlineData("input.size", "[8,8]")]
    [InlineData("input.size", "[1024,1024,1024]")]
    [InlineData("input.fit", "stretch")]
    [InlineData("input.views", "[]")]
    [InlineData("input.dimensions", "2")]
    [InlineData("outputs.0.type", "segmentation")]
    [InlineData("outputs.0.heatMap", "{\"name\":\"heat\",\"label\":9}")]
    [InlineData("golden.0.kind", "image")]
    [InlineData("golden.0.expectedProbabilities", "[0.5]")]
    [InlineData("golden.0.absoluteTolerance", "null")]
    public async Task A_classification_of_a_volume_that_cannot_be_followed_is_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("lobes", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "lobes"));
    }

    [Theory]
    [InlineData("input.frames", "some")]
    [InlineData("input.frames", "first")]
    [InlineData("input.maxFrames", "0")]
    [InlineData("input.maxFrames", "5000")]
    [InlineData("input.colour", "red")]
    [InlineData("input.values", "modality")]
    [InlineData("input.several", "first")]
    [InlineData("input.dimensions", "null")]
    [InlineData("outputs.0.acrossFrames", "null")]
    [InlineData("outputs.0.acrossFrames", "last")]
    public async Task Frames_that_cannot_be_followed_are_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("cine", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "cine"));
    }

    [Theory]
    [InlineData("window.slices", "2")]
    [InlineData("window.slices", "0")]
    [InlineData("window.slices", "65")]
    [InlineData("window.patch", "[2,16,16]")]
    [InlineData("window.flips", "[\"z\"]")]
    public async Task Slices_that_cannot_be_followed_are_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("between", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "between"));
    }

    [Theory]
    [InlineData("input.modality", "US")]
    [InlineData("outputs.0.activation", "softmax")]
    [InlineData("outputs.0.image", "null")]
    [InlineData("outputs.0.image.slope", "0")]
    [InlineData("outputs.0.segments", "[{}]")]
    public async Task An_image_to_image_output_that_cannot_be_followed_is_refused(string path, string value)
    {
        var change = await ChangedManifestAsync("half", path, value);
        Assert.Equal("manifest", await RefusalOf(change, "half"));
    }

    private static async Task<Action<ZipArchive>> ChangedManifestAsync(string package, string path, string value)
    {
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(TestPackages.Folder(package), "manifest.json"), TestContext.Current.CancellationToken))!;
        var parts = path.Split('.');
        var parent = parts.SkipLast(1).Aggregate(manifest, (node, part) => int.TryParse(part, out var index) ? node[index]! : node[part]!);
        var changed = value[0] is '[' or '{' or '-' or (>= '0' and <= '9') && value.Length < 60 || value is "null" or "true"
            ? JsonNode.Parse(value)
            : JsonValue.Create(value);
        parent[parts[^1]] = changed;
        return zip => Replace(zip, "manifest.json", manifest.ToJsonString());
    }

    [Fact]
    public async Task A_changed_model_is_refused() =>
        Assert.Equal("model-hash", await RefusalOf(zip => Replace(zip, "model.onnx", "changed")));

    [Fact]
    public async Task A_missing_model_is_refused() =>
        Assert.Equal("package-incomplete", await RefusalOf(zip => zip.GetEntry("model.onnx")!.Delete()));

    [Fact]
    public async Task A_changed_golden_file_is_refused()
    {
        var package = await TestPackages.OpenAsync("threshold");
        var golden = package.Manifest.Golden![0].Input with { Sha256 = Convert.ToHexStringLower(SHA256.HashData("other"u8)) };

        Assert.Equal("golden-hash", Assert.Throws<PackageRefusedException>(() => package.ReadTensor(golden)).Code);
    }

    private static void Replace(ZipArchive zip, string name, string content)
    {
        zip.GetEntry(name)?.Delete();
        using var writer = new StreamWriter(zip.CreateEntry(name).Open());
        writer.Write(content);
    }

    private static async Task<string> RefusalOf(Action<ZipArchive> change, string package = "threshold")
    {
        using var stream = new MemoryStream();
        await ModelPackageZip.WriteAsync(TestPackages.Folder(package), stream, CancellationToken.None);
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            change(zip);
        }

        var refusal = await Assert.ThrowsAsync<PackageRefusedException>(() => ModelPackage.OpenZipAsync(stream, CancellationToken.None));
        return refusal.Code;
    }
}
