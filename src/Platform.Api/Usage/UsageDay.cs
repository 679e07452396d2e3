using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.AiModels;
using Platform.Api.Data;

namespace Platform.Api.Usage;

/// <summary>What a tenant's runs of one model used of one kind of device on one day (UTC).</summary>
internal sealed class UsageDay : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public DateOnly Day { get; init; }

    public Guid ModelId { get; init; }

    /// <summary>Execution provider and device class, e.g. <c>cpu-avx2</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Attempts that computed.</summary>
    public int Attempts { get; init; }

    /// <summary>Wall seconds times devices.</summary>
    public double ComputeSeconds { get; init; }

    /// <summary>Adds an attempt in the transaction that commits its end; counted by the database, so that two at once both count.</summary>
    public static Task AddAsync(PlatformDb db, DateTimeOffset at, Guid modelId, string device, double computeSeconds, CancellationToken ct)
    {
        var day = DateOnly.FromDateTime(at.UtcDateTime);
        return db.Database.ExecuteSqlAsync(
            $"""
            insert into usage_days (tenant_id, id, day, model_id, device, attempts, compute_seconds)
            values ({db.TenantId}, {Guid.CreateVersion7(at)}, {day}, {modelId}, {device}, 1, {computeSeconds})
            on conflict (tenant_id, day, model_id, device) do update
            set attempts = usage_days.attempts + 1, compute_seconds = usage_days.compute_seconds + excluded.compute_seconds
            """,
            ct);
    }
}

internal sealed class UsageDayMapping : IEntityTypeConfiguration<UsageDay>
{
    public void Configure(EntityTypeBuilder<UsageDay> builder)
    {
        builder.ToTable("usage_days");
        builder.HasIndex(u => new { u.TenantId, u.Day, u.ModelId, u.Device }).IsUnique();
        builder.HasOne<AiModel>().WithMany().HasForeignKey(u => new { u.TenantId, u.ModelId }).OnDelete(DeleteBehavior.Restrict);
    }
}
