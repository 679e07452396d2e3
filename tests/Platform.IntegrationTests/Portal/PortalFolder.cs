using System.IO.Compression;
using System.Text;
using Platform.IntegrationTests.Services;

namespace Platform.IntegrationTests.Portal;

/// <summary>A built portal in small: a page, an asset in three encodings, a file without any, and what a build leaves beside them.</summary>
internal static class PortalFolder
{
    public const string Page = "<!doctype html><title>Platform</title>";

    public static string Script { get; } = string.Concat(Enumerable.Repeat("console.log(1);\n", 100));

    public static string Create()
    {
        var folder = TestFolder.Create("portal");
        Directory.CreateDirectory(Path.Combine(folder, "assets"));
        File.WriteAllText(Path.Combine(folder, "index.html"), Page);
        File.WriteAllText(Path.Combine(folder, "favicon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>");
        File.WriteAllText(Path.Combine(folder, "notes.unknown"), "not to be served");
        var script = Path.Combine(folder, "assets", "page-Ab12.js");
        File.WriteAllText(script, Script);
        using (var brotli = new BrotliStream(File.Create(script + ".br"), CompressionLevel.Optimal))
        {
            brotli.Write(Encoding.UTF8.GetBytes(Script));
        }

        using (var gzip = new GZipStream(File.Create(script + ".gz"), CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Script));
        }

        return folder;
    }
}
