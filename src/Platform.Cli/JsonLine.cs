using System.Text.Encodings.Web;
using System.Text.Json;

namespace Platform.Cli;

/// <summary>One JSON object a line, for scripts.</summary>
internal static class JsonLine
{
    // Lines go to a terminal or a pipe, not into HTML; control characters are escaped all the same.
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);
}
