using Xunit;

namespace Platform.UnitTests.Corpus;

/// <summary>Finds the data folder that stands beside the repository (../shared/data), or the one that PLATFORM_CORPUS names.</summary>
/// <remarks>Where there is none, a test says so and passes; with CI=true the absence is a failure.</remarks>
public static class CorpusFiles
{
    private static readonly Lazy<string?> Folder = new(Find);

    /// <summary>A folder or file of the corpus; null, after a line to the test's output, where there is no corpus.</summary>
    public static string? Path(string relative)
    {
        if (Folder.Value is { } folder)
        {
            return System.IO.Path.Combine(folder, relative);
        }

        Assert.False(
            string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
            "corpus absent: with CI=true the data folder must be there (../shared/data, or PLATFORM_CORPUS)");
        TestContext.Current.TestOutputHelper?.WriteLine("corpus absent");
        return null;
    }

    /// <summary>All files under a folder of the corpus, in a fixed order; none where there is no corpus.</summary>
    public static IReadOnlyList<string> All(string relative) => Path(relative) is { } folder
        ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
        : [];

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_CORPUS") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
        {
            for (var at = new DirectoryInfo(start); at is not null; at = at.Parent)
            {
                var candidate = System.IO.Path.Combine(at.FullName, "shared", "data");
                if (Directory.Exists(System.IO.Path.Combine(candidate, "given")))
                {
                    return candidate;
                }
            }
        }

        return null;
    }
}
