using System.Text.Json.Nodes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.UnitTests.Inference;

/// <summary>Packages of this repository, and small graphs written by hand.</summary>
internal static class TestPackages
{
    public static string Folder(string name)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Platform.sln")))
        {
            root = root.Parent ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
        }

        var trained = Path.Combine(root.FullName, "src", "models", name);
        return Directory.Exists(trained) ? trained : Path.Combine(root.FullName, "tests", "Platform.IntegrationTests", "Packages", name);
    }

    public static Task<ModelPackage> OpenAsync(string name) => ModelPackage.OpenFolderAsync(Folder(name), CancellationToken.None);

    /// <summary>A package whose manifest is changed.</summary>
    public static async Task<ModelPackage> OpenAsync(string name, Action<JsonNode> change)
    {
        var folder = Directory.CreateTempSubdirectory("platform-package-").FullName;
        try
        {
            foreach (var path in Directory.EnumerateFiles(Folder(name), "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(folder, Path.GetRelativePath(Folder(name), path));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(path, copy);
            }

            var manifestPath = Path.Combine(folder, "manifest.json");
            var manifest = JsonNode.Parse(await File.ReadAllTextAsync(manifestPath))!;
            change(manifest);
            await File.WriteAllTextAsync(manifestPath, manifest.ToJsonString());
            return await ModelPackage.OpenFolderAsync(folder, CancellationToken.None);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static async Task<ModelSession> LoadAsync(string name, int threads = 1) =>
        new(await OpenAsync(name), Device.Cpu, threads);

    /// <summary>A protocol buffer field that holds bytes.</summary>
    public static byte[] Field(int number, params byte[] value)
    {
        using var bytes = new MemoryStream();
        Varint(bytes, (ulong)((number << 3) | 2));
        Varint(bytes, (ulong)value.Length);
        bytes.Write(value);
        return bytes.ToArray();
    }

    /// <summary>A protocol buffer field that holds a small number.</summary>
    public static byte[] Number(int number, byte value) => [(byte)(number << 3), value];

    private static void Varint(Stream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
