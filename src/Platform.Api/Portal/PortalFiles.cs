using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Platform.Api.Portal;

/// <summary>
/// The built portal, read once: a few hundred kilobytes, each file also as the gzip and Brotli that its build made. Only what was
/// listed at the start can be asked for, so no path of a request ever reaches the file system.
/// </summary>
internal sealed class PortalFiles
{
    private const string Index = "index.html";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".json"] = "application/json",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".woff2"] = "font/woff2",
        [".wasm"] = "application/wasm",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, PortalFile> files;

    public PortalFiles(IOptions<PortalOptions> options, IHostEnvironment host)
    {
        var root = Path.Combine(host.ContentRootPath, options.Value.Path);
        files = Directory.Exists(root) ? Read(root) : FrozenDictionary<string, PortalFile>.Empty;
    }

    /// <summary>
    /// The file at a path below /portal/, or the page that shows every other address of the portal; null where the portal was not
    /// built, and for an asset of another build.
    /// </summary>
    public PortalFile? Find(string path) =>
        files.GetValueOrDefault(path) ?? (IsAsset(path) ? null : files.GetValueOrDefault(Index));

    private static bool IsAsset(string path) => path.StartsWith("assets/", StringComparison.Ordinal);

    private static FrozenDictionary<string, PortalFile> Read(string root)
    {
        var found = new Dictionary<string, PortalFile>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            if (ContentTypes.TryGetValue(Path.GetExtension(file), out var contentType))
            {
                var path = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
                found[path] = new PortalFile(
                    contentType, IsAsset(path), Body(file, null)!, Body(file + ".br", "br"), Body(file + ".gz", "gzip"));
            }
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static PortalBody? Body(string file, string? encoding)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(file);
        return new PortalBody(bytes, encoding, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..12])}\""));
    }
}

/// <summary>A file of the portal. What carries a hash of its content in its name never changes.</summary>
internal sealed record PortalFile(string ContentType, bool IsImmutable, PortalBody Plain, PortalBody? Brotli, PortalBody? Gzip)
{
    /// <summary>The smallest form that the caller accepts.</summary>
    public PortalBody For(IList<StringWithQualityHeaderValue> accepted) =>
        Brotli is not null && Takes(accepted, "br") ? Brotli : Gzip is not null && Takes(accepted, "gzip") ? Gzip : Plain;

    private static bool Takes(IList<StringWithQualityHeaderValue> accepted, string encoding) =>
        accepted.Any(a => a.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);
}

/// <summary>The bytes of a file in one encoding.</summary>
internal sealed record PortalBody(byte[] Bytes, string? Encoding, EntityTagHeaderValue Tag);
