namespace Platform.Api.AiModels;

/// <summary>What operators have decided about an uploaded package.</summary>
internal enum PackageStatus
{
    /// <summary>Checked and stored; no tenant sees it.</summary>
    Uploaded,

    /// <summary>Every tenant may take it up.</summary>
    Approved,

    /// <summary>Nobody may use it any more.</summary>
    Withdrawn,
}

/// <summary>A package that an operator uploaded. It has no tenant: its blob is shared and named by its content, and tenants take up approved ones.</summary>
internal sealed class UploadedPackage
{
    /// <summary>Lower-case hex SHA-256 of the zip.</summary>
    public required string Hash { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>The manifest's text as the author wrote it.</summary>
    public required string Manifest { get; init; }

    public long Length { get; init; }

    /// <summary>The trusted key that signed it; null where the operator's configuration took it unsigned.</summary>
    public string? SignedBy { get; init; }

    public Guid? UploadedBy { get; init; }

    public DateTimeOffset UploadedAt { get; init; }

    public PackageStatus Status { get; private set; }

    public Guid? DecidedBy { get; private set; }

    public DateTimeOffset? DecidedAt { get; private set; }

    /// <summary>False where it is so already.</summary>
    public bool TryDecide(PackageStatus status, Guid? by, DateTimeOffset now)
    {
        if (Status == status)
        {
            return false;
        }

        (Status, DecidedBy, DecidedAt) = (status, by, now);
        return true;
    }
}
