namespace Platform.Contracts;

/// <summary>Names of blobs. Each starts with the tenant's id, is made of ids and random hex only, and is never written twice.</summary>
public static class BlobNames
{
    /// <summary>A stored instance; <paramref name="random"/> is 32 hex digits of a random number generator.</summary>
    public static string Instance(Guid tenantId, string random) => $"{tenantId:N}/instances/{random[..2]}/{random}";

    /// <summary>The manifest of a run.</summary>
    public static string Manifest(Guid tenantId, Guid runId) => $"{tenantId:N}/runs/{runId:N}/manifest.json";

    /// <summary>One file of an attempt.</summary>
    public static string Attempt(Guid tenantId, Guid runId, Guid attemptId, string file) =>
        $"{tenantId:N}/runs/{runId:N}/{attemptId:N}/{file}";

    /// <summary>The <see cref="RunOutlines"/> of an attempt.</summary>
    public static string Outlines(Guid tenantId, Guid runId, Guid attemptId) => Attempt(tenantId, runId, attemptId, OutlinesFile);

    /// <summary>Name of that file within its attempt.</summary>
    public const string OutlinesFile = "outlines.json";

    /// <summary>Index of a preview's strip, within its attempt.</summary>
    public const string PreviewIndexFile = "index.json";

    /// <summary>The strip: one JPEG.</summary>
    public const string PreviewStripFile = "strip.jpg";

    /// <summary>Index of a preview's full-size images, within its attempt.</summary>
    public const string PreviewFullFile = "full.json";

    /// <summary>The full-size images: JPEGs end to end.</summary>
    public const string PreviewPackFile = "full.pack";

    /// <summary>The <see cref="PreviewManifest"/> of a preview.</summary>
    public static string PreviewManifest(Guid tenantId, Guid previewId) => $"{tenantId:N}/previews/{previewId:N}/manifest.json";

    /// <summary>One file of an attempt at a part of a preview.</summary>
    public static string Preview(Guid tenantId, Guid previewId, Guid attemptId, string file) =>
        $"{tenantId:N}/previews/{previewId:N}/{attemptId:N}/{file}";

    /// <summary>A model package, by content. Packages belong to the installation, not to a tenant.</summary>
    public static string Model(string hash) => $"models/{hash}.zip";
}
