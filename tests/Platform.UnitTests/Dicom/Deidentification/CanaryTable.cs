using System.Reflection;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.UnitTests.Dicom.Deidentification;

/// <summary>What Table E.1-1 asks of an attribute under some options, from a table of the tests' own.</summary>
internal enum Demand
{
    /// <summary>X, Z, D, U or a choice of them: the value is gone.</summary>
    Gone,

    /// <summary>K: the value is there, byte for byte.</summary>
    Kept,

    /// <summary>C: the value is gone, what it said beside it may stay.</summary>
    Cleaned,
}

/// <summary>A row of the tests' copy of Table E.1-1.</summary>
internal sealed record CanaryRow(DicomTag Tag, string Basic, IReadOnlyDictionary<DeidentificationOptions, string> Columns)
{
    public bool IsPrivate => (Tag.Group & 1) == 1;

    public DicomVr Vr => IsPrivate ? DicomVr.LO : DicomDictionary.FindVr(Tag);

    public Demand Under(DeidentificationOptions options)
    {
        var said = Columns.Where(c => (options & c.Key) != 0).Select(c => c.Value).ToList();
        return said.Contains("C") ? Demand.Cleaned : said.Contains("K") ? Demand.Kept : Demand.Gone;
    }

    public bool CleansUnder(DeidentificationOptions options, DeidentificationOptions option) =>
        (options & option) != 0 && Columns.GetValueOrDefault(option) == "C";
}

/// <summary>Reads ConfidentialityTable.tsv, which the product does not have.</summary>
internal static class CanaryTable
{
    public static IReadOnlyList<CanaryRow> Rows { get; } = Read();

    public static string[] Lines()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("ConfidentialityTable.tsv")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<CanaryRow> Read()
    {
        var lines = Lines();
        var options = lines[1].Split('\t')[2..].Select(Enum.Parse<DeidentificationOptions>).ToArray();
        var rows = new List<CanaryRow>();
        foreach (var line in lines[2..])
        {
            var cells = line.Split('\t');

            // A group of the repeating ones, and a private element behind a creator that nobody knows.
            var tag = cells[0] == "ggggeeee" ? "00191001" : cells[0].Replace("XXXXXX", "022000", StringComparison.OrdinalIgnoreCase)
                .Replace("XX", "02", StringComparison.OrdinalIgnoreCase);
            rows.Add(new CanaryRow(
                DicomTag.Parse(tag),
                cells[1],
                options.Zip(cells[2..]).Where(c => c.Second.Length > 0).ToDictionary(c => c.First, c => c.Second)));
        }

        return rows;
    }
}
