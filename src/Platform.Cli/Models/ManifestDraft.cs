using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary>
/// A manifest drawn from a graph: what the graph says, what is a guess, and what only the author knows. A place to fill begins with
/// <see cref="PackageManifest.Unfilled"/>, and no service takes a package that still has one.
/// </summary>
internal sealed class ManifestDraft
{
    private const int UsualPatch = 96;
    private const int Float32 = 1;
    private const int MostFurtherInputs = 15;

    private readonly List<string> _guesses = [];

    private ManifestDraft(JsonObject manifest) => Manifest = manifest;

    public JsonObject Manifest { get; }

    /// <summary>Paths of values that were guessed, each with the reason to look at it.</summary>
    public IReadOnlyList<string> Guesses => _guesses;

    /// <summary>Paths that the author must fill.</summary>
    public IEnumerable<string> Unfilled => Places(Manifest, "");

    /// <exception cref="UsageException">The graph takes or gives nothing that a manifest can describe.</exception>
    public static ManifestDraft Of(string name, byte[] model, OnnxSummary graph, MonaiBundle? bundle)
    {
        var input = graph.Inputs.FirstOrDefault(i => i.ElementType is Float32 && i.Shape?.Count is 4 or 5)
            ?? throw new UsageException("The graph has no float32 input [batch, channel, z, y, x] or [batch, channel, y, x].");
        var isBySlice = input.Shape!.Count == 4 && graph.Outputs.Any(o => o.ElementType is Float32 && o.Shape?.Count == 4)
            && !graph.Outputs.Any(o => o.ElementType is Float32 && o.Shape?.Count == 2);
        var isPlanar = input.Shape!.Count == 4 && !isBySlice;
        var output = isBySlice ? graph.Outputs.First(o => o.ElementType is Float32 && o.Shape?.Count == 4) : graph.Outputs.FirstOrDefault(o => o.ElementType is Float32 && o.Shape?.Count == (isPlanar ? 2 : 5))
            ?? graph.Outputs.FirstOrDefault(o => o.ElementType is Float32 && o.Shape?.Count == 2)
            ?? throw new UsageException(isPlanar
                ? "The graph has no float32 output [batch, class]."
                : "The graph has no float32 output [batch, class, z, y, x] or [batch, class].");
        var isWhole = output.Shape!.Count == 2;

        var draft = new ManifestDraft(new JsonObject
        {
            ["schema"] = PackageManifest.KnownSchema,
            ["name"] = name,
            ["version"] = bundle?.Version ?? "1.0.0",
            ["title"] = bundle?.Title ?? Fill("a title for people"),
            ["description"] = bundle?.Description ?? Fill("what the model does, in a sentence"),
            ["intendedUse"] = bundle?.IntendedUse ?? Fill("who may use it for what, and for what not"),
            ["limitations"] = new JsonArray(Fill("what it was not trained for or fails at")),
            ["licence"] = new JsonObject { ["weights"] = Fill("SPDX identifier"), ["code"] = Fill("SPDX identifier") },
            ["model"] = new JsonObject
            {
                ["file"] = "model.onnx",
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(model)),
                ["bytes"] = model.Length,
                ["opset"] = graph.Opset,
            },
        });
        draft.Manifest["input"] = isPlanar ? draft.ImageInput(input, bundle) : draft.VolumeInput(input, bundle);
        if (input.Shape.Count == 5 && draft.FurtherInputs(graph, input, bundle) is { Count: > 0 } further)
        {
            draft.Manifest["input"]!["acquisition"] = Acquisition();
            draft.Manifest["furtherInputs"] = further;
        }

        if (!isWhole)
        {
            draft.Manifest["window"] = draft.Window(input, bundle);
        }
        else if (!isPlanar)
        {
            draft.Manifest["input"]!["size"] = draft.Lengths("input.size", bundle?.Shape is { Count: 3 } told ? told : [.. input.Shape!.Skip(2)]);
            draft.Guess("input.size", "the middle of the volume is cropped or padded to it; without spacingMm see fit");
        }

        draft.Manifest["outputs"] = new JsonArray(isWhole ? draft.Classification(output, bundle) : draft.Segmentation(output, bundle));
        draft.Manifest["limits"] = new JsonObject { ["seconds"] = 600, ["memoryMb"] = 4000 };
        draft.Guess("limits", "time and memory of one run on two CPU cores; measure them");
        return draft;
    }

    private JsonObject VolumeInput(OnnxTensorType input, MonaiBundle? bundle)
    {
        Guess("input.minSlices", "the fewest slices of a usable series");
        Guess("input.spacingMm", "x, y, z in mm of the volumes that the model learned on; leave it out to keep the scan's");
        Guess("input.intensity", bundle?.IntensityHint ?? "the transforms of the training, in their order");
        if (bundle is null)
        {
            Guess("input.orientation", "where x, y and z grow to; LPS is DICOM's own");
        }
        else
        {
            Guess("input.orientation", "MONAI's own is RAS with x first, which is SAR here: z, y, x are its third, second and first letter");
        }

        return new JsonObject
        {
            ["name"] = input.Name,
            ["modality"] = bundle?.Modality ?? Fill("DICOM modality, such as CT or MR"),
            ["bodyParts"] = new JsonArray(Fill("DICOM Body Part Examined, such as CHEST; an empty list takes every one")),
            ["bodyPartRequired"] = false,
            ["minSlices"] = 16,
            ["spacingMm"] = new JsonArray(1, 1, 1),
            ["orientation"] = bundle is null ? "LPS" : "SAR",
            ["axisOrder"] = "zyx",
            ["interpolation"] = "linear",
            ["intensity"] = new JsonArray(new JsonObject { ["op"] = bundle?.IsFromZeroToOne == true ? "minMax" : "zScore" }),
        };
    }

    /// <summary>Each further channel of the first input, and each further input of the graph.</summary>
    private JsonArray FurtherInputs(OnnxSummary graph, OnnxTensorType input, MonaiBundle? bundle)
    {
        var channels = Enumerable.Range(2, (int)Math.Clamp((input.Shape![1] ?? 1) - 1, 0, MostFurtherInputs))
            .Select(c => (Name: string.Create(CultureInfo.InvariantCulture, $"channel-{c}"), As: "channel"));
        var own = graph.Inputs.Where(i => i.Name != input.Name && i.ElementType is Float32 && i.Shape?.Count == 5).Select(i => (i.Name, As: "input"));
        return new JsonArray([.. channels.Concat(own).Select((further, i) =>
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"furtherInputs[{i}]");
            Guess($"{path}.from", "study is another series of the study, prior the patient's last one, run the segmentation of another model");
            Guess($"{path}.intensity", bundle?.IntensityHint ?? "the transforms of the training, in their order");
            return new JsonObject
            {
                ["name"] = further.Name,
                ["from"] = "study",
                ["modality"] = bundle?.Modality ?? Fill("DICOM modality, such as CT or MR"),
                ["acquisition"] = Acquisition(),
                ["minSlices"] = 16,
                ["as"] = further.As,
                ["interpolation"] = "linear",
                ["intensity"] = new JsonArray(new JsonObject { ["op"] = bundle?.IsFromZeroToOne == true ? "minMax" : "zScore" }),
            };
        })]);
    }

    private static JsonObject Acquisition() =>
        new() { ["words"] = new JsonArray(Fill("a word of its description such as T2, or rather echoTimeMs")) };

    private JsonObject ImageInput(OnnxTensorType input, MonaiBundle? bundle)
    {
        Guess("input.values", "display is 0 black to 1 white as the sender wanted it shown; modality are the values themselves");
        Guess("input.fit", "what becomes of an image of another shape: crop, pad or stretch");
        Guess("input.intensity", bundle?.IntensityHint ?? "the transforms of the training, in their order");
        var size = bundle?.Shape is { Count: 2 } told ? told : [.. input.Shape!.Skip(2)];
        var isRgb = input.Shape![1] == 3;
        if (isRgb)
        {
            Guess("input.colour", "rgb is red, green, blue from 0 to 1; what the training did to each of them by itself belongs into the graph");
        }

        return new JsonObject
        {
            ["name"] = input.Name,
            ["modality"] = bundle?.Modality ?? Fill("DICOM modality, such as DX"),
            ["bodyParts"] = new JsonArray(Fill("DICOM Body Part Examined, such as CHEST; an empty list takes every one")),
            ["bodyPartRequired"] = false,
            ["minSlices"] = 1,
            ["dimensions"] = 2,
            ["size"] = new JsonArray([.. size.Select((n, i) => JsonValue.Create(Length(n, 224, $"input.size[{i}]")))]),
            ["fit"] = "crop",
            ["values"] = "display",
            ["colour"] = isRgb ? "rgb" : null,
            ["intensity"] = new JsonArray(),
        };
    }

    private JsonObject Window(OnnxTensorType input, MonaiBundle? bundle)
    {
        var patch = bundle?.Shape is { Count: 3 } told ? told : [.. input.Shape!.Skip(2)];
        var isBySlice = patch.Count == 2;
        if (isBySlice)
        {
            Guess("window.slices", "neighbouring slices that the graph takes as channels, the labelled one in their middle; an odd number");
        }

        Guess("window.overlap", "fraction that neighbouring patches share; more is slower and smoother");
        return new JsonObject
        {
            ["patch"] = Lengths("window.patch", isBySlice ? [1, .. patch] : patch),
            ["slices"] = isBySlice ? (input.Shape![1] ?? 1) : null,
            ["overlap"] = 0.25,
            ["blend"] = "gaussian",
            ["sigmaScale"] = 0.125,
            ["padValue"] = 0,
        };
    }

    private JsonObject Segmentation(OnnxTensorType output, MonaiBundle? bundle)
    {
        var classes = Classes(output, bundle);
        Guess("outputs[0].activation", "none if the graph ends in a softmax of its own");
        return new JsonObject
        {
            ["name"] = output.Name,
            ["type"] = "segmentation",
            ["activation"] = "softmax",
            ["background"] = 0,
            ["segments"] = new JsonArray([.. Enumerable.Range(1, Math.Max(1, classes - 1)).Select(label => new JsonObject
            {
                ["label"] = label,
                ["name"] = bundle?.Channel(label) ?? Fill("what the structure is called"),
                ["concept"] = Concept(bundle?.Channel(label)),
                ["keepLargest"] = false,
            })]),
            ["measurements"] = new JsonArray([.. Enumerable.Range(1, Math.Max(1, classes - 1)).Select(label => new JsonObject
            {
                ["finding"] = Concept(bundle?.Channel(label)),
                ["concept"] = Code("118565006", "SCT", "Volume"),
                ["unit"] = Code("mm3", "UCUM", "cubic millimeter"),
                ["of"] = new JsonArray(label),
            })]),
        };
    }

    private JsonObject Classification(OnnxTensorType output, MonaiBundle? bundle)
    {
        var classes = Classes(output, bundle);
        Guess("outputs[0].activation", "softmax if the classes exclude each other, none if the graph gives probabilities");
        Guess("outputs[0].classes[].threshold", "the operating point of each class, from your validation");
        return new JsonObject
        {
            ["name"] = output.Name,
            ["type"] = "classification",
            ["activation"] = "sigmoid",
            ["classes"] = new JsonArray([.. Enumerable.Range(0, classes).Select(label => new JsonObject
            {
                ["label"] = label,
                ["name"] = bundle?.Channel(label) ?? Fill("what the class is called"),
                ["concept"] = Concept(bundle?.Channel(label)),
                ["threshold"] = 0.5,
                ["above"] = Code("52101004", "SCT", "Present"),
                ["below"] = Code("2667000", "SCT", "Absent"),
            })]),
        };
    }

    private int Classes(OnnxTensorType output, MonaiBundle? bundle)
    {
        if (output.Shape![1] is { } fixedNumber and <= 256)
        {
            return (int)fixedNumber;
        }

        Guess("outputs[0]", "the graph does not say how many classes it gives");
        return bundle?.OutputChannels ?? 2;
    }

    private JsonArray Lengths(string path, IReadOnlyList<long?> told) =>
        new([.. told.Select((n, i) => JsonValue.Create(Length(n, UsualPatch, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))))]);

    private int Length(long? told, int usual, string path)
    {
        if (told is >= 1 and <= 4096)
        {
            return (int)told;
        }

        Guess(path, "the graph takes any length here; choose what fits into memory");
        return usual;
    }

    private void Guess(string path, string reason) => _guesses.Add($"{path}: {reason}");

    private static string Fill(string what) => PackageManifest.Unfilled + what;

    private static JsonObject Concept(string? called) => Code(Fill("code, of SNOMED CT if you can"), "SCT", called ?? Fill("the code's meaning"));

    private static JsonObject Code(string value, string scheme, string meaning) =>
        new() { ["value"] = value, ["scheme"] = scheme, ["meaning"] = meaning };

    private static IEnumerable<string> Places(JsonNode? node, string path) => node switch
    {
        JsonObject members => members.SelectMany(m => Places(m.Value, path.Length == 0 ? m.Key : $"{path}.{m.Key}")),
        JsonArray items => items.SelectMany((item, i) => Places(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))),
        JsonValue value when value.TryGetValue<string>(out var text) && text.StartsWith(PackageManifest.Unfilled, StringComparison.Ordinal) =>
            [$"{path}: {text[PackageManifest.Unfilled.Length..]}"],
        _ => [],
    };
}
