using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>A finding of a run's winning attempt.</summary>
internal sealed class RunFinding : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid RunId { get; init; }

    /// <summary>Order in the result.</summary>
    public int Ordinal { get; init; }

    public required string ConceptCode { get; init; }

    public required string ConceptScheme { get; init; }

    public required string ConceptMeaning { get; init; }

    /// <summary>JSON of <see cref="Finding"/>.</summary>
    public required string Json { get; init; }

    public static RunFinding From(Guid tenantId, Guid runId, int ordinal, Finding finding) => new()
    {
        TenantId = tenantId,
        Id = Guid.CreateVersion7(),
        RunId = runId,
        Ordinal = ordinal,
        ConceptCode = finding.Concept.Value,
        ConceptScheme = finding.Concept.Scheme,
        ConceptMeaning = finding.Concept.Meaning,
        Json = JsonSerializer.Serialize(finding, PlatformJson.Options),
    };

    public Finding Read() => JsonSerializer.Deserialize<Finding>(Json, PlatformJson.Options)
        ?? throw new InvalidDataException("A stored finding is empty.");
}

internal sealed class RunFindingMapping : IEntityTypeConfiguration<RunFinding>
{
    public void Configure(EntityTypeBuilder<RunFinding> builder)
    {
        builder.ToTable("findings");
        builder.HasIndex(f => new { f.TenantId, f.RunId, f.Ordinal }).IsUnique();
        builder.HasOne<Run>().WithMany().HasForeignKey(f => new { f.TenantId, f.RunId }).OnDelete(DeleteBehavior.Cascade);
    }
}
