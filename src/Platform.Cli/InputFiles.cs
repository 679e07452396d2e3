namespace Platform.Cli;

/// <summary>The files that a command line names.</summary>
internal static class InputFiles
{
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        AttributesToSkip = FileAttributes.ReparsePoint, // a link can lead in a circle
    };

    /// <summary>Files as they are named; of a folder all files in it and below, in a fixed order, but for the directory of a medium.</summary>
    /// <exception cref="UsageException">A path that leads to nothing, or no file at all.</exception>
    public static List<string> Of(params string[] paths)
    {
        var files = new List<string>();
        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                files.AddRange(Directory.EnumerateFiles(path, "*", Everything)
                    .Where(f => Path.GetFileName(f) != "DICOMDIR")
                    .Order(StringComparer.Ordinal));
            }
            else if (File.Exists(path))
            {
                files.Add(path);
            }
            else
            {
                throw new UsageException($"{path}: no such file or folder.");
            }
        }

        return files.Count > 0 ? files : throw new UsageException("There are no files there.");
    }
}
