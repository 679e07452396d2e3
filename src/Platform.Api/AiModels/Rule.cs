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

    /// <summary>The version that it starts; when another version becomes the active one, the rule goes with it.</summary>
    public Guid ModelId { get; set; }

    public required string Name { get; set; }

    public bool IsActive { get; set; }

    public Lane Lane { get; set; }

    /// <summary>JSON of <see cref="ModelInput"/>: the series that the study must have.</summary>
    public required string Conditions { get; set; }

    /// <summary>Minutes from the study's completion in which the result should be there; null takes the lane's own.</summary>
    public int? DeadlineMinutes { get; set; }

    /// <summary>Rules whose results this one's run needs; never a circle.</summary>
    public Guid[] DependsOn { get; set; } = [];

    /// <summary>The champion of which this rule is the silent challenger; null for a rule whose results people see.</summary>
    public Guid? ShadowOf { get; set; }

    /// <summary>With so many instances of a series the model runs before the study is complete; null waits for the whole.</summary>
    public int? ProvisionalAt { get; set; }

    /// <summary>JSON: the least probability at which a label of the model is reported here; empty takes the package's own.</summary>
    public string Thresholds { get; set; } = "{}";

    /// <summary>The rule that a package's manifest implies: run on every study with a series that it takes.</summary>
    public static Rule From(AiModel model, ModelSummary summary, DateTimeOffset now) => new()
    {
        TenantId = model.TenantId,
        Id = Guid.CreateVersion7(now),
        ModelId = model.Id,
        Name = summary.Name,
        IsActive = true,
        Lane = Lane.Routine,
        Conditions = Write(summary.Input),
    };

    /// <summary>Conditions as they are stored.</summary>
    public static string Write(ModelInput conditions) => JsonSerializer.Serialize(conditions, PlatformJson.Options);

    /// <param name="isProvisional">The minimum that a provisional run takes in place of the whole one's.</param>
    public ModelInput ReadConditions(bool isProvisional) => isProvisional && ProvisionalAt is { } minimum
        ? ReadConditions() with { MinSlices = minimum }
        : ReadConditions();

    /// <summary>Thresholds as they are stored: by label.</summary>
    public static string Write(IReadOnlyDictionary<int, double> thresholds) =>
        JsonSerializer.Serialize(new SortedDictionary<int, double>(thresholds.ToDictionary()), PlatformJson.Options);

    public IReadOnlyDictionary<int, double> ReadThresholds() =>
        JsonSerializer.Deserialize<SortedDictionary<int, double>>(Thresholds, PlatformJson.Options) ?? [];

    /// <summary>What a run of this rule asks of the model.</summary>
    public IReadOnlyDictionary<string, string> ReadParameters() => RunParameters.OfThresholds(ReadThresholds());

    public ModelInput ReadConditions() => JsonSerializer.Deserialize<ModelInput>(Conditions, PlatformJson.Options)
        ?? throw new InvalidDataException("A rule has no conditions.");
}

internal sealed class RuleMapping : IEntityTypeConfiguration<Rule>
{
    public void Configure(EntityTypeBuilder<Rule> builder)
    {
        builder.ToTable("rules");
        builder.HasIndex(r => new { r.TenantId, r.ModelId, r.Name }).IsUnique();
        builder.Property(r => r.Thresholds).HasDefaultValue("{}");
        builder.HasOne<AiModel>().WithMany().HasForeignKey(r => new { r.TenantId, r.ModelId }).OnDelete(DeleteBehavior.Cascade);
    }
}
