using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>One delivery of a run to a worker; its id is the worker's.</summary>
internal sealed class Attempt : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public Guid RunId { get; init; }

    public Guid WorkerId { get; init; }

    public required string WorkerName { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; set; }

    public RunOutcome? Outcome { get; set; }

    public string? ReasonCode { get; set; }

    public string? Reason { get; set; }
}

internal sealed class AttemptMapping : IEntityTypeConfiguration<Attempt>
{
    public void Configure(EntityTypeBuilder<Attempt> builder)
    {
        builder.ToTable("attempts");
        builder.HasIndex(a => new { a.TenantId, a.RunId });
        builder.HasOne<Run>().WithMany().HasForeignKey(a => new { a.TenantId, a.RunId }).OnDelete(DeleteBehavior.Cascade);
    }
}
