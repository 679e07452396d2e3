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
    /// <summary>
    /// Modalities of computed objects that mark or describe the images that they were computed from, and show on those (OT: a heat map).
    /// A computed series of another modality is one of images that a model made.
    /// </summary>
    public static readonly IReadOnlyList<string> MarkModalities = ["SEG", "SR", "KO", "PR", "OT"];

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

    /// <summary>When another result superseded the one that it belongs to; since then it and its instances are given to nobody.</summary>
    public DateTimeOffset? WithdrawnAt { get; set; }

    /// <summary>Images that a model made of others: AI-enhanced, no originals, and nothing that another model takes.</summary>
    public bool IsDerived => IsDerivedOf(Origin, Modality);

    public static bool IsDerivedOf(SeriesOrigin origin, string modality) => origin == SeriesOrigin.Computed && !MarkModalities.Contains(modality);
}

internal sealed class SeriesMapping : IEntityTypeConfiguration<Series>
{
    public void Configure(EntityTypeBuilder<Series> builder)
    {
        builder.ToTable("series");
        builder.HasQueryFilter(Instance.WithdrawnFilter, s => s.WithdrawnAt == null);
        builder.HasIndex(s => new { s.TenantId, s.StudyId, s.SeriesInstanceUid }).IsUnique();
        builder.Ignore(s => s.IsDerived);
        builder.Property(s => s.SeriesInstanceUid).UseCollation("C");
        builder.HasOne<Study>().WithMany().HasForeignKey(s => new { s.TenantId, s.StudyId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Run>().WithMany().HasForeignKey(s => new { s.TenantId, s.RunId }).OnDelete(DeleteBehavior.Restrict);
    }
}
