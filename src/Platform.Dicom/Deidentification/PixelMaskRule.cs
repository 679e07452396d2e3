using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Dicom.Deidentification;

/// <summary>A part of a frame, in pixels from its upper left corner.</summary>
/// <param name="Left">First column, from 0.</param>
/// <param name="Top">First row, from 0.</param>
public readonly record struct PixelRectangle(int Left, int Top, int Width, int Height);

/// <summary>
/// Where one device writes text into images of one size. No rule comes with this library: which pixels a device writes on is known to
/// whoever has looked at its images.
/// </summary>
/// <param name="Manufacturer">(0008,0070), without regard to case and spaces at its ends.</param>
/// <param name="Model">(0008,1090), likewise.</param>
/// <param name="Rows">(0028,0010) of the images: a rectangle is right for one size only.</param>
/// <param name="Columns">(0028,0011), likewise.</param>
/// <param name="Masks">What is blackened in every frame.</param>
public sealed record PixelMaskRule(string Manufacturer, string Model, int Rows, int Columns, IReadOnlyList<PixelRectangle> Masks)
{
    private const int MaxFileBytes = 4 << 20;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>(0008,0060); null for any.</summary>
    public string? Modality { get; init; }

    /// <summary>Values of (0018,1020) Software Versions, one of which the image must have; empty for any.</summary>
    public IReadOnlyList<string> SoftwareVersions { get; init; } = [];

    /// <summary>Reads rules: a JSON array of objects with the names of this record, <c>manufacturer</c>, <c>model</c>, <c>rows</c> …</summary>
    /// <exception cref="DicomException">InvalidMaskRule: no such JSON, or a rectangle that is empty or outside its image. Says which rule.</exception>
    public static async Task<IReadOnlyList<PixelMaskRule>> ReadAsync(Stream json, CancellationToken ct)
    {
        List<PixelMaskRule> rules;
        try
        {
            var bytes = new byte[MaxFileBytes];
            var count = await json.ReadAtLeastAsync(bytes, MaxFileBytes, throwOnEndOfStream: false, ct);
            rules = count < MaxFileBytes
                ? JsonSerializer.Deserialize<List<PixelMaskRule>>(bytes.AsSpan(0, count), Json) ?? throw Invalid("there are none")
                : throw DicomException.OverBudget(nameof(MaxFileBytes), MaxFileBytes, null, null);
        }
        catch (JsonException e)
        {
            throw Invalid($"line {e.LineNumber + 1}, {e.Path}: it is no array of rules as documented");
        }

        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i] is not { } rule)
            {
                throw Invalid($"rule {i} is null");
            }

            if (string.IsNullOrWhiteSpace(rule.Manufacturer) || string.IsNullOrWhiteSpace(rule.Model))
            {
                throw Invalid($"rule {i} names no device");
            }

            if (rule.Masks.Count == 0 || !rule.Masks.All(rule.Holds))
            {
                throw Invalid($"rule {i} has no mask, or one that is empty or not within {rule.Columns} x {rule.Rows} pixels");
            }
        }

        return rules;
    }

    /// <summary>The first rule for the device and the size of these images; null if there is none.</summary>
    public static PixelMaskRule? Find(IReadOnlyList<PixelMaskRule> rules, DicomDataset dataset) => rules.FirstOrDefault(r => r.IsFor(dataset));

    private bool IsFor(DicomDataset dataset) =>
        Same(dataset.GetString(DicomTags.Manufacturer), Manufacturer)
        && Same(dataset.GetString(DicomTags.ManufacturerModelName), Model)
        && dataset.GetInt32(DicomTags.Rows) == Rows
        && dataset.GetInt32(DicomTags.Columns) == Columns
        && (Modality is null || Same(dataset.GetString(DicomTags.Modality), Modality))
        && (SoftwareVersions.Count == 0
            || dataset.GetStrings(DicomTags.SoftwareVersions).Any(v => SoftwareVersions.Any(wanted => Same(v, wanted))));

    private bool Holds(PixelRectangle mask) =>
        mask is { Left: >= 0, Top: >= 0, Width: > 0, Height: > 0 } && (long)mask.Left + mask.Width <= Columns && (long)mask.Top + mask.Height <= Rows;

    private static bool Same(string? value, string wanted) =>
        value is not null && value.AsSpan().Trim().Equals(wanted.AsSpan().Trim(), StringComparison.OrdinalIgnoreCase);

    private static DicomException Invalid(string why) => new(DicomError.InvalidMaskRule, $"The mask rules can't be used: {why}");
}
