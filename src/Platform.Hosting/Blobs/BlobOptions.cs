using System.ComponentModel.DataAnnotations;

namespace Platform.Hosting.Blobs;

public enum BlobProvider
{
    File,
    Azure,
}

/// <summary>Section <c>Blobs</c>: where instances, results and model packages are kept.</summary>
public sealed class BlobOptions : IValidatableObject
{
    public const string Section = "Blobs";

    public BlobProvider Provider { get; set; } = BlobProvider.File;

    /// <summary>Folder of the file store; made at start when missing.</summary>
    public string? Path { get; set; }

    /// <summary>Azure Storage connection string. A secret: by environment or mounted file, never in a chart's values.</summary>
    public string? ConnectionString { get; set; }

    public string Container { get; set; } = "platform";

    /// <summary>Below this much free disk the file store refuses to write, while there is still room to work and to repair.</summary>
    [Range(0, long.MaxValue)]
    public long MinimumFreeBytes { get; set; } = 256L << 20;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Provider == BlobProvider.File && string.IsNullOrWhiteSpace(Path))
        {
            yield return new ValidationResult("Blobs:Path must name a folder when Blobs:Provider is File.", [nameof(Path)]);
        }

        if (Provider == BlobProvider.Azure && string.IsNullOrWhiteSpace(ConnectionString))
        {
            yield return new ValidationResult(
                "Blobs:ConnectionString must be set when Blobs:Provider is Azure.", [nameof(ConnectionString)]);
        }
    }
}
