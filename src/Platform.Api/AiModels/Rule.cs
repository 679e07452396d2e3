using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Api.Runs;

namespace Platform.Api.AiModels;

/// <summary>When a complete study meets its conditions, the model runs on it.</summary>
internal sealed class Rule : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid ModelId { get; init; }

    public required string Name { get; set; }

    public bool IsActive { get; set; }

    public Lane Lane { get; set; }

    /// <summary>JSON: modality, body parts, fewest slices, …</summary>
    public required string Conditions { get; set; }
}

internal sealed class RuleMapping : IEntityTypeConfiguration<Rule>
{
    public void Configure(EntityTypeBuilder<Rule> builder)
    {
        builder.ToTable("rules");
        builder.HasIndex(r => new { r.TenantId, r.ModelId, r.Name }).IsUnique();
        builder.HasOne<AiModel>().WithMany().HasForeignKey(r => new { r.TenantId, r.ModelId }).OnDelete(DeleteBehavior.Cascade);
    }
}
