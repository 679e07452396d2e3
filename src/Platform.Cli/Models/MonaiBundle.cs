using System.Globalization;
using System.Text.Json;

namespace Platform.Cli.Models;

/// <summary>What <c>configs/metadata.json</c> of a MONAI bundle says about its model; members that it lacks are null.</summary>
internal sealed class MonaiBundle
{
    private readonly JsonElement _all;
    private readonly JsonElement _input;
    private readonly JsonElement _output;

    private MonaiBundle(JsonElement all)
    {
        _all = all;
        _input = First(Member(Member(all, "network_data_format"), "inputs"));
        _output = First(Member(Member(all, "network_data_format"), "outputs"));
    }

    public string? Version => TextOf(Member(_all, "version"));

    public string? Title => TextOf(Member(_all, "name")) ?? TextOf(Member(_all, "task"));

    public string? Description => TextOf(Member(_all, "description"));

    public string? IntendedUse => TextOf(Member(_all, "intended_use"));

    /// <summary>As DICOM has it.</summary>
    public string? Modality => TextOf(Member(_input, "modality"))?.ToUpperInvariant() switch
    {
        "CT" => "CT",
        "MR" or "MRI" => "MR",
        "CR" or "DX" or "XR" => "DX",
        "US" or "MG" or "PT" or "NM" => TextOf(Member(_input, "modality"))!.ToUpperInvariant(),
        _ => null,
    };

    /// <summary>Numbers of <c>spatial_shape</c>; null for one that is an expression.</summary>
    public IReadOnlyList<long?>? Shape => Member(_input, "spatial_shape") is { ValueKind: JsonValueKind.Array } shape
        ? [.. shape.EnumerateArray().Select(n => n.ValueKind == JsonValueKind.Number && n.TryGetInt64(out var length) ? (long?)length : null)]
        : null;

    public bool IsFromZeroToOne => Range is [0, 1];

    /// <summary>What the values of the input are, as far as the bundle says.</summary>
    public string? IntensityHint => Range is [var low, var high]
        ? string.Create(CultureInfo.InvariantCulture, $"the bundle's network takes {low} to {high}; how it gets there is in configs/inference.json")
        : null;

    public int? OutputChannels => Member(_output, "num_channels") is { ValueKind: JsonValueKind.Number } n && n.TryGetInt32(out var count) ? count : null;

    private double[]? Range => Member(_input, "value_range") is { ValueKind: JsonValueKind.Array } range
        && range.EnumerateArray().All(n => n.ValueKind == JsonValueKind.Number) ? [.. range.EnumerateArray().Select(n => n.GetDouble())] : null;

    /// <summary>Name of an output's channel.</summary>
    public string? Channel(int number) => TextOf(Member(Member(_output, "channel_def"), number.ToString(CultureInfo.InvariantCulture)));

    /// <exception cref="UsageException">No bundle with a metadata file.</exception>
    public static async Task<MonaiBundle> ReadAsync(string folder, CancellationToken ct)
    {
        var path = Path.Combine(folder, "configs", "metadata.json");
        if (!File.Exists(path))
        {
            throw new UsageException($"{folder}: no MONAI bundle, since it has no configs/metadata.json.");
        }

        try
        {
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(path, ct), new JsonDocumentOptions { MaxDepth = 64 });
            return new MonaiBundle(json.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: no JSON at line {e.LineNumber + 1}.");
        }
    }

    private static JsonElement Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var member) ? member : default;

    private static JsonElement First(JsonElement of) => of.ValueKind == JsonValueKind.Object ? of.EnumerateObject().FirstOrDefault().Value : default;

    private static string? TextOf(JsonElement of) => of.ValueKind == JsonValueKind.String && of.GetString() is { Length: > 0 } text ? text : null;
}
