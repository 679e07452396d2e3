using System.Text.Json;

namespace Platform.Api.AiModels;

/// <summary>What a package's manifest says to people. Its author may leave any of it out.</summary>
/// <param name="Licence">Of the weights.</param>
internal sealed record PackageText(string? Title, string? Description, string? IntendedUse, IReadOnlyList<string> Limitations, string? Licence)
{
    /// <summary>A member of another kind than text is left out: nothing depends on it.</summary>
    public static PackageText Parse(string manifest)
    {
        using var document = JsonDocument.Parse(manifest);
        var root = document.RootElement;
        return new PackageText(
            TextOf(root, "title"),
            TextOf(root, "description"),
            TextOf(root, "intendedUse"),
            root.TryGetProperty("limitations", out var all) && all.ValueKind == JsonValueKind.Array
                ? [.. all.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)]
                : [],
            root.TryGetProperty("licence", out var licence) && licence.ValueKind == JsonValueKind.Object ? TextOf(licence, "weights") : null);
    }

    private static string? TextOf(JsonElement element, string member) =>
        element.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
