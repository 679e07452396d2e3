namespace Platform.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchmarkOptions(
    IReadOnlyList<string> Groups, bool IsQuick, string? Corpus, string? Api, string? Baseline, string? WriteTo)
{
    public const string Usage =
        """
        Platform.Benchmarks [all|dicom|stow|wado|qido|engine|worker|xray …] [--quick] [--corpus DIR] [--api DIR] [--baseline DIR] [--write FILE]
          --quick         fewer repetitions and instances, a smaller archive: two minutes instead of ten
          --corpus DIR    also stores and retrieves the DICOM files of a folder
          --api DIR       a published Platform.Api to measure; published from this tree when it is not given
          --baseline DIR  a published Platform.Api of another version, measured beside this one in the same run
          --write FILE    puts the table between the markers of a Markdown file
        """;

    private static readonly string[] AllGroups = ["dicom", "stow", "wado", "qido", "engine", "worker", "xray"];

    public bool NeedsArchives => Groups.Any(group => group is not ("dicom" or "engine" or "worker" or "xray"));

    /// <summary>Null when the command line is not understood.</summary>
    public static BenchmarkOptions? Parse(string[] args)
    {
        var groups = new List<string>();
        var options = new BenchmarkOptions([], false, null, null, null, null);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? Path.GetFullPath(args[i + 1]) : null;
            switch (args[i])
            {
                case "all":
                    groups.AddRange(AllGroups);
                    break;
                case "--quick":
                    options = options with { IsQuick = true };
                    break;
                case "--corpus" when value is not null:
                    options = options with { Corpus = value };
                    i++;
                    break;
                case "--api" when value is not null:
                    options = options with { Api = value };
                    i++;
                    break;
                case "--baseline" when value is not null:
                    options = options with { Baseline = value };
                    i++;
                    break;
                case "--write" when value is not null:
                    options = options with { WriteTo = value };
                    i++;
                    break;
                case var group when AllGroups.Contains(group):
                    groups.Add(group);
                    break;
                default:
                    return null;
            }
        }

        return options with { Groups = groups.Count == 0 ? AllGroups : [.. groups.Distinct()] };
    }
}
