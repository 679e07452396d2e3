using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;

namespace Platform.Api.Tenants;

/// <summary>What happens to identifying attributes on arrival.</summary>
internal enum DeidentificationPolicy
{
    /// <summary>The platform removes them.</summary>
    Apply,

    /// <summary>The sender has; an instance that still carries them is refused.</summary>
    Verify,
}

/// <summary>A hospital or organisation: the settings that its own scope may see. Slug and membership live in schema identity.</summary>
internal sealed class Tenant : ITenantOwned
{
    public Guid TenantId { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; set; }

    public DeidentificationPolicy Deidentification { get; set; }

    /// <summary>A study is complete after this long without an instance, unless the sender says so first.</summary>
    public TimeSpan QuietPeriod { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Share among the tenants whose runs wait; 1 is the usual one.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>Device seconds that runs may use in a calendar month (UTC); routine ones wait beyond it. Null sets no bound.</summary>
    public double? ComputeSecondsPerMonth { get; set; }

    public DateTimeOffset CreatedAt { get; init; }
}

internal sealed class TenantMapping : IEntityTypeConfiguration<Tenant>
{
    public void Configure(EntityTypeBuilder<Tenant> builder)
    {
        builder.ToTable("tenants");
        builder.HasKey(t => t.TenantId);
        builder.Property(t => t.Weight).HasDefaultValue(1.0);
    }
}
