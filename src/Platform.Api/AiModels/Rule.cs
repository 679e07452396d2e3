using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Contracts;

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

    /// <summary>JSON of <see cref="ModelInput"/>: the series that the study must have.</summary>
    public required string Conditions { get; set; }

    /// <summary>The rule that a package's manifest implies: run on every study with a series that it takes.</summary>
    public static Rule From(AiModel model, ModelSummary summary, DateTimeOffset now) => new()
    {
        TenantId = model.TenantId,
        Id = Guid.CreateVersion7(now),
        ModelId = model.Id,
        Name = summary.Name,
        IsActive = true,
        Lane = Lane.Routine,
        Conditions = JsonSerializer.Serialize(summary.Input, PlatformJson.Options),
    };

    public ModelInput ReadConditions() => JsonSerializer.Deserialize<ModelInput>(Conditions, PlatformJson.Options)
        ?? throw new InvalidDataException("A rule has no conditions.");
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
