using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

/// <summary>docs/model-package.schema.json says the same of a manifest as the engine does; another implementation of JSON Schema reads it.</summary>
public partial class ManifestSchemaTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>What no schema of this kind can say: the value of one member bounds another.</summary>
    private static readonly string[] BeyondSchema =
    [
        "intensity[0].low", "intensity[0].high", "measurements[0].of[0]", "window.patch", "segments[0].label", "segments[0] = left out", "golden[0].kind",
        "calibration.", "heatMap.label", "classes[0].label", "classes[0] = left out", "expectedProbabilities", "values[0].high", "values[0] = left out", "values[0].low", "expectedValues",
        "furtherInputs = ", "furtherInputs[0] = left out", "furtherInputs[0].name", "furtherInputs[0].as", "golden[0].furtherInputs",
    ];

    /// <summary>For people: the schema helps to write them, the engine does not read them.</summary>
    private static readonly string[] Prose = ["description", "intendedUse", "limitations", "licence"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_manifest_of_this_repository_fits_the_schema()
    {
        var manifests = Committed().Select(path => JsonNode.Parse(File.ReadAllText(path))!.ToJsonString()).ToList();
        Assert.True(manifests.Count >= 5);
        Assert.All(await VerdictsAsync(manifests), Assert.True);
    }

    [Fact]
    public async Task Schema_and_engine_agree_on_manifests_of_which_one_member_is_wrong()
    {
        // One of each kind of output: the others differ in values alone.
        var kinds = Committed().GroupBy(KindOf).Select(k => k.First());
        var mutants = kinds.SelectMany(Mutants).DistinctBy(m => m.Json).ToList();
        var verdicts = await VerdictsAsync([.. mutants.Select(m => m.Json)]);

        var differ = new List<string>();
        var (taken, refused) = (0, 0);
        foreach (var ((what, json), schemaTakes) in mutants.Zip(verdicts))
        {
            var engineTakes = Takes(json);
            taken += engineTakes ? 1 : 0;
            refused += engineTakes ? 0 : 1;
            if (engineTakes != schemaTakes && !(schemaTakes && BeyondSchema.Any(b => what.Contains(b, StringComparison.Ordinal))))
            {
                differ.Add($"{what}: {(engineTakes ? "the engine takes it" : "the schema takes it")}");
            }
        }

        Assert.True(differ.Count == 0, string.Join('\n', differ.Take(60)));
        Assert.True(taken > 50 && refused > 100, $"{taken} taken, {refused} refused");
    }

    [Fact]
    public void Every_code_of_a_refusal_has_its_paragraph_in_the_guide()
    {
        var source = Path.Combine(Root, "src");
        var given = new[] { "Platform.Inference.Packages", "Platform.Inference/Engine", "Platform.Inference/Child" }
            .SelectMany(part => Directory.EnumerateFiles(Path.Combine(source, part), "*.cs"))
            .SelectMany(path => Refusal().Matches(File.ReadAllText(path)))
            .Select(m => m.Groups["code"].Value);
        var explained = Paragraph().Matches(File.ReadAllText(Path.Combine(Root, "docs", "model-packages.md"))).Select(m => m.Groups["code"].Value);

        Assert.Equal(given.Distinct().Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    private static string Root => Path.GetFullPath(Path.Combine(TestPackages.Folder("threshold"), "..", "..", "..", ".."));

    [GeneratedRegex("""(PackageRefusedException( \w+\(.*\) => new)?|PackageRefusedException \w+\(\) =>\s+new)\(\s*"(?<code>[a-z-]+)",""")]
    private static partial Regex Refusal();

    [GeneratedRegex(@"\*\*`(?<code>[a-z-]+)`\*\*")]
    private static partial Regex Paragraph();

    private static IEnumerable<string> Committed()
    {
        var root = Directory.GetParent(TestPackages.Folder("hippocampus-volume"))!;
        var tests = Directory.GetParent(TestPackages.Folder("threshold"))!;
        return new[] { root, tests }
            .SelectMany(d => d.EnumerateDirectories())
            .Select(d => Path.Combine(d.FullName, "manifest.json"))
            .Where(File.Exists)
            .Order(StringComparer.Ordinal);
    }

    private static string KindOf(string path)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        return $"{manifest["outputs"]![0]!["type"]} {manifest["input"]!["dimensions"]} {manifest["input"]!["frames"]} {manifest["window"]?["slices"]} {manifest["furtherInputs"]?.AsArray().Count} {manifest["input"]!["colour"]}";
    }

    /// <summary>A manifest with one member left out or of another type or value; of a list the first item stands for all.</summary>
    private static IEnumerable<(string What, string Json)> Mutants(string path)
    {
        var text = File.ReadAllText(path);
        var name = Path.GetFileName(Path.GetDirectoryName(path));
        foreach (var place in Places(JsonNode.Parse(text)!, "").ToList())
        {
            foreach (var value in new[] { null, "null", "\"x\"", "-1", "0.5", "[]", "{}" })
            {
                var manifest = JsonNode.Parse(text)!;
                Put(manifest, place, value);
                yield return ($"{name} {place} = {value ?? "left out"}", manifest.ToJsonString());
            }
        }
    }

    private static IEnumerable<string> Places(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.Where(m => !Prose.Contains(m.Key)).SelectMany(m => Places(m.Value, $"{path}.{m.Key}").Prepend($"{path}.{m.Key}")),
        JsonArray { Count: > 0 } items => Places(items[0], $"{path}[0]").Prepend($"{path}[0]"),
        _ => [],
    };

    private static void Put(JsonNode manifest, string place, string? value)
    {
        var parts = place.Replace("[0]", ".0", StringComparison.Ordinal).Split('.', StringSplitOptions.RemoveEmptyEntries);
        var parent = parts.SkipLast(1).Aggregate(manifest, (node, part) => node is JsonArray ? node[0]! : node[part]!);
        switch (parent)
        {
            case JsonArray items when value is null:
                items.RemoveAt(0);
                break;
            case JsonArray items:
                items[0] = JsonNode.Parse(value);
                break;
            case var members when value is null:
                members.AsObject().Remove(parts[^1]);
                break;
            default:
                parent[parts[^1]] = JsonNode.Parse(value);
                break;
        }
    }

    private static bool Takes(string json)
    {
        try
        {
            ManifestCheck.Parse(Encoding.UTF8.GetBytes(json));
            return true;
        }
        catch (PackageRefusedException)
        {
            return false;
        }
    }

    private static async Task<List<bool>> VerdictsAsync(List<string> manifests)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Inference", "manifest_schema.py");
        var schema = Path.Combine(Root, "docs", "model-package.schema.json");
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", [script, schema])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        foreach (var manifest in manifests)
        {
            await process.StandardInput.WriteLineAsync(manifest.AsMemory(), limit.Token);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, await errors);
        var verdicts = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line == "1").ToList();
        Assert.Equal(manifests.Count, verdicts.Count);
        return verdicts;
    }
}
