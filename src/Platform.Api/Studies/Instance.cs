using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Api.Runs;

namespace Platform.Api.Studies;

/// <summary>Whether the row's blob is there, and given out.</summary>
internal enum InstanceStatus
{
    Stored,
    Damaged,

    /// <summary>Of a result that another has superseded: row and blob stay, nobody is given it (docs/decisions/0008).</summary>
    Withdrawn,
}

/// <summary>One stored DICOM instance; its blob is immutable.</summary>
internal sealed class Instance : ITenantOwned
{
    /// <summary>Name of the query filter that hides withdrawn ones, of instances and series.</summary>
    public const string WithdrawnFilter = "withdrawn";

    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid StudyId { get; init; }

    public Guid SeriesId { get; init; }

    public required string SopInstanceUid { get; init; }

    public required string SopClassUid { get; init; }

    public required string TransferSyntaxUid { get; init; }

    public int? InstanceNumber { get; init; }

    public int? Rows { get; init; }

    public int? Columns { get; init; }

    public int? NumberOfFrames { get; init; }

    /// <summary>Blob name.</summary>
    public required string Blob { get; init; }

    public long Length { get; init; }

    /// <summary>Lower-case hex SHA-256 of the stored bytes.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Lower-case hex keyed HMAC-SHA256 of the bytes received; decides duplicates. Null when computed.</summary>
    public string? ReceivedHmac { get; init; }

    /// <summary>The study version in which it arrived.</summary>
    public int StudyVersion { get; init; }

    /// <summary>DICOM JSON of the stored header; answered as it is.</summary>
    public required string Metadata { get; init; }

    public InstanceStatus Status { get; set; }

    public DateTimeOffset StoredAt { get; init; }

    /// <summary>Why its pixels may show who the patient is, e.g. <c>TextFound</c>; empty when nothing says so.</summary>
    public string[] PixelSuspicions { get; init; } = [];

    /// <summary>When an administrator had looked at a suspect one; null before, and for all others.</summary>
    public DateTimeOffset? PixelsReleasedAt { get; init; }

    /// <summary>The run that computed it; null when received.</summary>
    public Guid? RunId { get; init; }
}

internal sealed class InstanceMapping : IEntityTypeConfiguration<Instance>
{
    public void Configure(EntityTypeBuilder<Instance> builder)
    {
        builder.ToTable("instances");
        builder.HasQueryFilter(Instance.WithdrawnFilter, i => i.Status != InstanceStatus.Withdrawn);
        builder.HasIndex(i => new { i.TenantId, i.SopInstanceUid }).IsUnique();
        builder.HasIndex(i => new { i.TenantId, i.SeriesId, i.InstanceNumber });
        builder.HasIndex(i => new { i.TenantId, i.StudyId, i.StoredAt });
        builder.HasIndex(i => new { i.TenantId, i.Blob }).IsUnique();
        builder.Property(i => i.SopInstanceUid).UseCollation("C");
        builder.Property(i => i.Metadata).HasColumnType("text");
        builder.Property(i => i.PixelSuspicions).HasDefaultValueSql("'{}'");
        builder.HasOne<Study>().WithMany().HasForeignKey(i => new { i.TenantId, i.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Series>().WithMany().HasForeignKey(i => new { i.TenantId, i.SeriesId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Run>().WithMany().HasForeignKey(i => new { i.TenantId, i.RunId }).OnDelete(DeleteBehavior.Restrict);
    }
}
