using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Api.Runs;

namespace Platform.Api.Studies;

/// <summary>Where a series came from.</summary>
internal enum SeriesOrigin
{
    Received,
    Computed,
}

/// <summary>A series of a study.</summary>
internal sealed class Series : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid StudyId { get; init; }

    public required string SeriesInstanceUid { get; init; }

    public required string Modality { get; init; }

    public string? BodyPart { get; set; }

    public string? Description { get; set; }

    public int? Number { get; set; }

    public SeriesOrigin Origin { get; init; }

    /// <summary>The run that computed it; null when received.</summary>
    public Guid? RunId { get; init; }
}

internal sealed class SeriesMapping : IEntityTypeConfiguration<Series>
{
    public void Configure(EntityTypeBuilder<Series> builder)
    {
        builder.ToTable("series");
        builder.HasIndex(s => new { s.TenantId, s.StudyId, s.SeriesInstanceUid }).IsUnique();
        builder.Property(s => s.SeriesInstanceUid).UseCollation("C");
        builder.HasOne<Study>().WithMany().HasForeignKey(s => new { s.TenantId, s.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Run>().WithMany().HasForeignKey(s => new { s.TenantId, s.RunId }).OnDelete(DeleteBehavior.Restrict);
    }
}
