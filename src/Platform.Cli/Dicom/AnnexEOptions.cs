using System.CommandLine;
using Platform.Dicom.Deidentification;

namespace Platform.Cli.Dicom;

/// <summary>The options of PS3.15 Annex E as a command line names them.</summary>
internal static class AnnexEOptions
{
    private static readonly Dictionary<string, DeidentificationOptions> Names = Enum.GetValues<DeidentificationOptions>()
        .Where(o => o != DeidentificationOptions.None).ToDictionary(NameOf, StringComparer.Ordinal);

    public static Option<string> Create() =>
        new("--options") { Description = $"Options of Annex E, with commas between: {string.Join(", ", Names.Keys)}." };

    /// <exception cref="UsageException">A name that is none of them.</exception>
    public static DeidentificationOptions Parse(string? text)
    {
        var chosen = DeidentificationOptions.None;
        foreach (var name in text?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [])
        {
            chosen |= Names.TryGetValue(name, out var option)
                ? option
                : throw new UsageException($"There is no option {name}; there are {string.Join(", ", Names.Keys)}.");
        }

        return chosen;
    }

    /// <summary>RetainUids is <c>retain-uids</c>.</summary>
    private static string NameOf(DeidentificationOptions option) => string.Concat(
        option.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
