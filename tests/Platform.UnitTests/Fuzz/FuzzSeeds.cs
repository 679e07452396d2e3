namespace Platform.UnitTests.Fuzz;

/// <summary>Inputs that once went wrong: files under <c>tests/Platform.UnitTests/Fuzz/Seeds/TARGET</c>, run before all others.</summary>
internal static class FuzzSeeds
{
    public static string Root { get; } = Find();

    public static IEnumerable<byte[]> Of(string target)
    {
        var folder = Path.Combine(Root, "tests", "Platform.UnitTests", "Fuzz", "Seeds", target);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
    }

    /// <summary>Keeps an input that went wrong among the build's outputs; it belongs under Seeds once its fault is mended.</summary>
    public static string Keep(string target, string name, byte[] input)
    {
        var folder = Path.Combine(Root, "artifacts", "fuzz", target);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, input);
        return Path.GetRelativePath(Root, path);
    }

    private static string Find()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Platform.sln")))
        {
            root = root.Parent ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
        }

        return root.FullName;
    }
}
