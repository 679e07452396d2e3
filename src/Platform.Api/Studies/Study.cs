using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;

namespace Platform.Api.Studies;

/// <summary>Where a study stands.</summary>
internal enum StudyStatus
{
    Receiving,
    Complete,
}

/// <summary>A study as stored, after de-identification. No counters: they are counted when asked for.</summary>
internal sealed class Study : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public required string StudyInstanceUid { get; init; }

    public required string PatientPseudonym { get; init; }

    /// <summary>DICOM DA as stored; null when de-identification removed it.</summary>
    public string? StudyDate { get; set; }

    public string? Description { get; set; }

    public string? AccessionPseudonym { get; set; }

    /// <summary>Coded body part, e.g. a SNOMED CT code; derived before texts were cleaned.</summary>
    public string? BodyPart { get; set; }

    /// <summary>Which attribute the body part came from.</summary>
    public string? BodyPartSource { get; set; }

    /// <summary>Starts at 1; late instances of a complete study make the next.</summary>
    public int Version { get; set; } = 1;

    public StudyStatus Status { get; set; }

    public DateTimeOffset ArrivedAt { get; init; }

    public DateTimeOffset LastInstanceAt { get; set; }

    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>Why no AI runs on this version: a machine-readable code, with <see cref="NoAiReason"/> for people; null when one does.</summary>
    public string? NoAiCode { get; set; }

    public string? NoAiReason { get; set; }

    /// <summary>Since when its pixels are, or last were, held because they may show who the patient is; null when they never were.</summary>
    public DateTimeOffset? PixelsHeldAt { get; set; }

    /// <summary>When an administrator had looked at them; null while they are held.</summary>
    public DateTimeOffset? PixelsReleasedAt { get; set; }

    public Guid? PixelsReleasedBy { get; set; }

    /// <summary>Only administrators may have the pixels of what was received.</summary>
    public bool ArePixelsHeld => PixelsHeldAt is not null && PixelsReleasedAt is null;
}

internal sealed class StudyMapping : IEntityTypeConfiguration<Study>
{
    public void Configure(EntityTypeBuilder<Study> builder)
    {
        builder.ToTable("studies");
        builder.HasIndex(s => new { s.TenantId, s.StudyInstanceUid }).IsUnique();
        builder.HasIndex(s => new { s.TenantId, s.ArrivedAt });
        builder.HasIndex(s => new { s.TenantId, s.PatientPseudonym });
        builder.HasIndex(s => new { s.TenantId, s.PixelsHeldAt }).HasFilter("pixels_held_at is not null and pixels_released_at is null");
        builder.Ignore(s => s.ArePixelsHeld);
        builder.Property(s => s.StudyInstanceUid).UseCollation("C");
        builder.Property(s => s.PatientPseudonym).UseCollation("C");
        builder.HasOne<Tenants.Tenant>().WithMany().HasForeignKey(s => s.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
