using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>A finding of a shadow run, in a table of its own: whoever reads findings of a study reads none of these by mistake.</summary>
internal sealed class ShadowFinding : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid RunId { get; init; }

    /// <summary>Order in the result.</summary>
    public int Ordinal { get; init; }

    /// <summary>JSON of <see cref="Finding"/>.</summary>
    public required string Json { get; init; }

    public static ShadowFinding From(Guid tenantId, Guid runId, int ordinal, Finding finding) => new()
    {
        TenantId = tenantId,
        Id = Guid.CreateVersion7(),
        RunId = runId,
        Ordinal = ordinal,
        Json = JsonSerializer.Serialize(finding, PlatformJson.Options),
    };

    public Finding Read() => JsonSerializer.Deserialize<Finding>(Json, PlatformJson.Options)
        ?? throw new InvalidDataException("A stored finding is empty.");
}

internal sealed class ShadowFindingMapping : IEntityTypeConfiguration<ShadowFinding>
{
    public void Configure(EntityTypeBuilder<ShadowFinding> builder)
    {
        builder.ToTable("shadow_findings");
        builder.HasIndex(f => new { f.TenantId, f.RunId, f.Ordinal }).IsUnique();
        builder.HasOne<Run>().WithMany().HasForeignKey(f => new { f.TenantId, f.RunId }).OnDelete(DeleteBehavior.Cascade);
    }
}
