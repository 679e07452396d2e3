using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Platform.Dicom;

namespace Platform.Api.Dicomweb;

/// <summary>What a search answers with: one data set a study, series or instance.</summary>
internal enum QidoLevel
{
    Study,
    Series,
    Instance,
}

/// <summary>A search request (PS3.18 §8.3.4): matching keys, fields to include, a page.</summary>
internal sealed class QidoQuery
{
    public const int DefaultLimit = 200;
    public const int MaxLimit = 5000;

    private static readonly string[] Others = ["accept", "charset"];

    private readonly List<(DicomTag Tag, string[] Values)> matches = [];
    private readonly List<string> ignored = [];

    /// <summary>Keys with their values; several values only where a list is allowed (PS3.4 §C.2.2.2.2).</summary>
    public IReadOnlyList<(DicomTag Tag, string[] Values)> Matches => matches;

    public HashSet<DicomTag> IncludeFields { get; } = [];

    public bool IncludeAll { get; private set; }

    public int Limit { get; private set; } = DefaultLimit;

    public int Offset { get; private set; }

    /// <summary>Parameters that the standard knows and this server does not match; they go into a Warning header.</summary>
    public IReadOnlyList<string> Ignored => ignored;

    public bool FuzzyMatchingAsked { get; private set; }

    /// <summary>Reads the query string; false with a sentence for the client when it can't be a search.</summary>
    public static bool TryParse(
        IQueryCollection query, [NotNullWhen(true)] out QidoQuery? parsed, [NotNullWhen(false)] out string? problem)
    {
        var result = new QidoQuery();
        parsed = null;
        foreach (var (name, values) in query)
        {
            problem = result.Take(name, [.. values.Where(value => value is not null)!]);
            if (problem is not null)
            {
                return false;
            }
        }

        parsed = result;
        problem = null;
        return true;
    }

    /// <summary>Moves a key that this level can't match to the ignored ones.</summary>
    public void Ignore(DicomTag tag) => ignored.Add(NameOf(tag));

    private static string NameOf(DicomTag tag) => DicomDictionary.FindKeyword(tag) ?? tag.ToString();

    private string? Take(string name, string[] values)
    {
        switch (name.ToLowerInvariant())
        {
            case "limit":
                if (values is not [var limit]
                    || !int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1)
                {
                    return "limit must be a number of at least 1.";
                }

                Limit = Math.Min(count, MaxLimit);
                return null;
            case "offset":
                if (values is not [var offset]
                    || !int.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var start))
                {
                    return "offset must be a number of at least 0.";
                }

                Offset = start;
                return null;
            case "fuzzymatching":
                FuzzyMatchingAsked = values.Contains("true", StringComparer.OrdinalIgnoreCase);
                return null;
            case "includefield":
                return values.SelectMany(value => value.Split(',')).Select(Include).FirstOrDefault(error => error is not null);
            case var other when Others.Contains(other):
                return null;
            default:
                return Match(name, values);
        }
    }

    private string? Include(string field)
    {
        if (field.Equals("all", StringComparison.OrdinalIgnoreCase))
        {
            IncludeAll = true;
            return null;
        }

        // A path into a sequence includes the whole sequence.
        if (!DicomTag.TryParse(field.Split('.')[0], out var tag))
        {
            return "includefield must be \"all\", a keyword of the standard or a tag of eight hexadecimal digits.";
        }

        IncludeFields.Add(tag);
        return null;
    }

    private string? Match(string name, string[] values)
    {
        var path = name.Split('.');
        if (!path.All(step => DicomTag.TryParse(step, out _)))
        {
            return "A search parameter is neither an attribute's keyword or tag nor limit, offset, includefield or fuzzymatching.";
        }

        _ = DicomTag.TryParse(path[0], out var tag);
        if (path.Length > 1)
        {
            ignored.Add(string.Join('.', path.Select(step => NameOf(DicomTag.Parse(step)))));
            return null;
        }

        if (matches.Exists(match => match.Tag == tag))
        {
            return "A search parameter is given twice, once by keyword and once by tag.";
        }

        // Universal matching: an empty value or a single asterisk matches everything and is a return key (PS3.4 §C.2.2.2.3).
        IncludeFields.Add(tag);
        var wanted = values.SelectMany(value => value.Split(',', '\\')).Select(value => value.Trim(' ', '\0')).ToArray();
        if (!wanted.All(value => value is "" or "*"))
        {
            matches.Add((tag, wanted));
        }

        return null;
    }
}
