using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>A model package that a tenant may use; the package blob is shared and named by its content.</summary>
internal sealed class AiModel : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>Lower-case hex SHA-256 of the package zip.</summary>
    public required string Hash { get; init; }

    public required string PackageBlob { get; init; }

    /// <summary>The package's manifest, JSON.</summary>
    public required string Manifest { get; init; }

    public bool IsActive { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Not active yet.</summary>
    public static AiModel From(Guid tenantId, ModelPackage package, DateTimeOffset now) => new()
    {
        TenantId = tenantId,
        Id = Guid.CreateVersion7(now),
        Name = package.Summary.Name,
        Version = package.Summary.Version,
        Hash = package.Hash,
        PackageBlob = BlobNames.Model(package.Hash),
        Manifest = package.Manifest,
        CreatedAt = now,
    };

    private IReadOnlyList<FurtherInput>? furtherInputs;

    public ModelSummary ReadSummary() => ModelSummary.Parse(Manifest);

    /// <summary>What it takes beside its first series; read once, since rules ask for every study.</summary>
    public IReadOnlyList<FurtherInput> ReadFurtherInputs() => furtherInputs ??= FurtherInput.Parse(Manifest);

    /// <summary>All of the manifest.</summary>
    public PackageManifest ReadPackage() => ManifestCheck.Parse(Encoding.UTF8.GetBytes(Manifest));
}

internal sealed class AiModelMapping : IEntityTypeConfiguration<AiModel>
{
    public void Configure(EntityTypeBuilder<AiModel> builder)
    {
        builder.ToTable("ai_models");
        builder.HasIndex(m => new { m.TenantId, m.Hash }).IsUnique();
        builder.HasIndex(m => new { m.TenantId, m.Name, m.Version });
        builder.HasOne<Tenants.Tenant>().WithMany().HasForeignKey(m => m.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
