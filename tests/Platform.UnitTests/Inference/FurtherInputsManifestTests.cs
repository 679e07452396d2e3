using System.Text.Json.Nodes;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

/// <summary>What a package with further inputs may not say, and what its graph must have.</summary>
public class FurtherInputsManifestTests
{
    public static TheoryData<string, string, string> Wrong => new()
    {
        { "difference", """{ "window": { "patch": [1, 8, 8], "slices": 3, "overlap": 0 } }""", "window.slices" },
        { "difference", """{ "furtherInputs": [] }""", "1 to 15" },
        { "difference", """{ "furtherInputs": [{ "name": "image", "modality": "MR" }] }""", "a name of its own" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR" }, { "name": "a", "modality": "MR" }] }""", "a name of its own" },
        { "difference", """{ "furtherInputs": [{ "name": "a" }] }""", "modality is needed" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "from": "elsewhere" }] }""", "from must be" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "model": "threshold" }] }""", "need from run" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "from": "run" }] }""", "must name the model" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "from": "run", "model": "x", "modality": "SEG" }] }""", "are labels" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "maxOffsetMm": 5 }] }""", "with frameOfReference any" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "minCoverage": 1.5 }] }""", "minCoverage" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "acquisition": { "echoTimeMs": [5, 1] } }] }""", "acquisition" },
        { "difference", """{ "furtherInputs": [{ "name": "a", "modality": "MR", "intensity": [{ "op": "clip" }] }] }""", "intensity" },
        { "sides", """{ "furtherInputs": [{ "name": "a", "modality": "DX" }] }""", "input.dimensions 2" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_manifest_that_cannot_be_followed_says_what_is_wrong(string package, string members, string said)
    {
        var refusal = await Assert.ThrowsAsync<PackageRefusedException>(() => TestPackages.OpenAsync(package, manifest =>
        {
            foreach (var (name, value) in JsonNode.Parse(members)!.AsObject())
            {
                manifest[name] = value?.DeepClone();
            }
        }));

        Assert.Equal("manifest", refusal.Code);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("difference", """[{ "name": "a", "modality": "MR" }, { "name": "b", "modality": "MR" }]""", "3 channels")]
    [InlineData("difference", """[{ "name": "t2", "modality": "MR", "as": "input" }]""", "The graph's inputs are image; the manifest names image, t2")]
    [InlineData("change", """[{ "name": "before", "modality": "MR", "as": "input" }]""", "now, before, organ")]
    [InlineData("change", """[{ "name": "before", "modality": "MR", "as": "input" }, { "name": "organ", "modality": "MR" }]""", "now, before, organ")]
    public async Task Inputs_that_the_graph_does_not_have_are_refused_before_it_is_loaded(string package, string further, string said)
    {
        var refusal = await Assert.ThrowsAsync<PackageRefusedException>(() => TestPackages.OpenAsync(package, manifest =>
        {
            manifest["furtherInputs"] = JsonNode.Parse(further);
            manifest["golden"] = new JsonArray();
        }));

        Assert.Equal("model-tensors", refusal.Code);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_golden_case_gives_every_input_that_it_needs()
    {
        foreach (var change in new Action<JsonNode>[] { g => g.AsObject().Remove("furtherInputs"), g => g["furtherInputs"]!.AsObject().Remove("organ") })
        {
            var refusal = await Assert.ThrowsAsync<PackageRefusedException>(() => TestPackages.OpenAsync("change", m => change(m["golden"]![0]!)));
            Assert.Contains("golden.furtherInputs", refusal.Message, StringComparison.Ordinal);
        }
    }
}
