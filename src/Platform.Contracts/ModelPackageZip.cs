using System.IO.Compression;
using System.Security.Cryptography;

namespace Platform.Contracts;

/// <summary>A model package as one zip whose bytes depend on the files alone, so that its SHA-256 names it everywhere.</summary>
public static class ModelPackageZip
{
    public const string ManifestFile = "manifest.json";
    public const string ModelFile = "model.onnx";
    public const string CardFile = "card.md";
    public const string GoldenFolder = "golden";

    private const int MaxManifestBytes = 1 << 20;

    private static readonly EnumerationOptions EveryFile = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };

    // The first instant that a zip entry can hold: file times must not change the hash.
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>True when the folder holds a manifest and a model.</summary>
    public static bool IsPackageFolder(string folder) =>
        File.Exists(Path.Combine(folder, ManifestFile)) && File.Exists(Path.Combine(folder, ModelFile));

    /// <summary>Packs manifest, model, card and golden cases of a folder; other files (training code) stay out.</summary>
    /// <param name="destination">Seekable; entries are stored uncompressed, in ordinal order of their names.</param>
    /// <exception cref="InvalidDataException">One of them is a link: it could lead to any file of this machine.</exception>
    public static async Task WriteAsync(string folder, Stream destination, CancellationToken ct)
    {
        using var zip = new ZipArchive(destination, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, path) in FilesOf(folder))
        {
            var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
            entry.LastWriteTime = EntryTime;
            entry.ExternalAttributes = 0;
            await using var to = await entry.OpenAsync(ct);
            await using var from = File.OpenRead(path);
            await from.CopyToAsync(to, ct);
        }
    }

    /// <summary>Lower-case hex SHA-256 of a package zip, read from the stream's present position.</summary>
    public static async Task<string> HashAsync(Stream zip, CancellationToken ct) =>
        Convert.ToHexStringLower(await SHA256.HashDataAsync(zip, ct));

    /// <summary>The text of <c>manifest.json</c> in a package zip.</summary>
    /// <exception cref="InvalidDataException">Not a zip, no manifest, or a manifest over 1 MiB.</exception>
    public static async Task<string> ReadManifestTextAsync(Stream zip, CancellationToken ct)
    {
        using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
        var entry = archive.GetEntry(ManifestFile) ?? throw new InvalidDataException($"The package has no {ManifestFile}.");
        if (entry.Length > MaxManifestBytes)
        {
            throw new InvalidDataException($"{ManifestFile} is over {MaxManifestBytes} bytes.");
        }

        using var reader = new StreamReader(await entry.OpenAsync(ct));
        return await reader.ReadToEndAsync(ct);
    }

    private static IEnumerable<(string Name, string Path)> FilesOf(string folder)
    {
        var files = new List<FileInfo>();
        files.AddRange(new[] { CardFile, ManifestFile, ModelFile }.Select(name => new FileInfo(Path.Combine(folder, name))));
        var golden = new DirectoryInfo(Path.Combine(folder, GoldenFolder));
        if (golden.LinkTarget is not null)
        {
            throw Link();
        }

        if (golden.Exists)
        {
            foreach (var entry in golden.EnumerateFileSystemInfos("*", EveryFile))
            {
                if (entry.LinkTarget is not null)
                {
                    throw Link();
                }

                if (entry is FileInfo file)
                {
                    files.Add(file);
                }
            }
        }

        return files
            .Where(file => file.LinkTarget is null ? file.Exists : throw Link())
            .Select(file => (Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/'), file.FullName))
            .OrderBy(file => file.Item1, StringComparer.Ordinal);
    }

    private static InvalidDataException Link() => new("A file of the package's folder is a link; put the file itself there.");
}
