using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Platform.Api.Data;

/// <summary>A message that a business transaction wants sent; a system table, ids only.</summary>
internal sealed class OutboxMessage
{
    public Guid Id { get; init; }

    public Guid TenantId { get; init; }

    public required string Kind { get; init; }

    public required string Body { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? SentAt { get; set; }
}

/// <summary>A message that a consumer has already committed; a system table.</summary>
internal sealed class InboxMessage
{
    /// <summary>Consumer name and message id.</summary>
    public required string Key { get; init; }

    public DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>
/// Says that a tenant has work of a kind waiting, so that no empty scope is ever opened; a system table, ids only.
/// Rows are inserted in business transactions; whoever does the work deletes the rows it has seen, by <see cref="Seq"/>, so that
/// one inserted meanwhile for the same thing is never taken along.
/// </summary>
internal sealed class WorkReady
{
    /// <summary>Order of insertion.</summary>
    public long Seq { get; init; }

    public Guid TenantId { get; init; }

    public required string Kind { get; init; }

    public required string Lane { get; init; }

    public DateTimeOffset Deadline { get; init; }

    public Guid Id { get; init; }
}

internal sealed class OutboxMessageMapping : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> builder)
    {
        builder.ToTable("outbox");
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.HasIndex(m => m.Id).HasFilter("sent_at is null").HasDatabaseName("ix_outbox_unsent");
    }
}

internal sealed class InboxMessageMapping : IEntityTypeConfiguration<InboxMessage>
{
    public void Configure(EntityTypeBuilder<InboxMessage> builder)
    {
        builder.ToTable("inbox");
        builder.HasKey(m => m.Key);
        builder.HasIndex(m => m.ReceivedAt);
    }
}

internal sealed class WorkReadyMapping : IEntityTypeConfiguration<WorkReady>
{
    public void Configure(EntityTypeBuilder<WorkReady> builder)
    {
        builder.ToTable("work_ready");
        builder.HasKey(w => w.Seq);
        builder.Property(w => w.Seq).UseIdentityAlwaysColumn();
        builder.HasIndex(w => new { w.Kind, w.Lane, w.Deadline });
        builder.HasIndex(w => new { w.Kind, w.Id });
    }
}
