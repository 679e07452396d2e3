using System.ComponentModel.DataAnnotations;

namespace Platform.Local;

/// <summary>Section <c>Local</c>, on the command line <c>--port</c>, <c>--data</c> and <c>--postgres</c>.</summary>
internal sealed class LocalOptions
{
    public const string Section = "Local";

    public static IReadOnlyDictionary<string, string> Switches { get; } = new Dictionary<string, string>
    {
        ["--port"] = $"{Section}:Port",
        ["--data"] = $"{Section}:Data",
        ["--postgres"] = $"{Section}:Postgres",
    };

    [Range(1, 65535)]
    public int Port { get; set; } = 8080;

    /// <summary>Folder that holds everything: database, blobs, credentials.</summary>
    [Required]
    public string Data { get; set; } = "data";

    /// <summary>Folder with PostgreSQL's <c>bin</c>.</summary>
    [Required]
    public string? Postgres { get; set; }

    public Uri Url => new($"http://127.0.0.1:{Port}");
}
