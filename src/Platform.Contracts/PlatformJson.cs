using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Contracts;

/// <summary>How manifests and results are written as JSON: camelCase, enums as strings, nothing indented.</summary>
public static class PlatformJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        MaxDepth = 64,
    };

    /// <summary>
    /// How a package's manifest is read: names in their own case, numbers as numbers, no member twice, so that every reader of it sees the same.
    /// </summary>
    public static JsonSerializerOptions Manifest { get; } = new(Options)
    {
        AllowDuplicateProperties = false,
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
    };
}
