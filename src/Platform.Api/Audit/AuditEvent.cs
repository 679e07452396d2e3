using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Api.Data;

namespace Platform.Api.Audit;

/// <summary>How the audited act ended.</summary>
internal enum AuditOutcome
{
    Success,
    Denied,
    Failed,
}

/// <summary>Who acted.</summary>
internal enum AgentKind
{
    Person,
    Gateway,
    Platform,

    /// <summary>A person, as who runs the platform: of no tenant.</summary>
    Operator,
}

/// <summary>One audited act, in the transaction that did it; the columns are for browsing, <see cref="Canonical"/> is the record.</summary>
internal sealed class AuditEvent : ITenantOwned
{
    public Guid TenantId { get; init; }

    public Guid Id { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    /// <summary>e.g. <c>study.store</c>, <c>study.read</c>, <c>run.start</c>.</summary>
    public required string Action { get; init; }

    public Guid? AgentId { get; init; }

    public AgentKind AgentKind { get; init; }

    public required string EntityKind { get; init; }

    public required string EntityId { get; init; }

    public AuditOutcome Outcome { get; init; }

    /// <summary>RFC 8785 JSON in the shape of an IHE BALP audit event.</summary>
    public required string Canonical { get; init; }

    /// <summary>SHA-256(0x00 ‖ canonical).</summary>
    public required byte[] LeafSha256 { get; init; }
}

internal sealed class AuditEventMapping : IEntityTypeConfiguration<AuditEvent>
{
    public void Configure(EntityTypeBuilder<AuditEvent> builder)
    {
        builder.ToTable("audit_events");
        builder.HasIndex(e => new { e.TenantId, e.OccurredAt });
        builder.HasIndex(e => new { e.TenantId, e.EntityKind, e.EntityId });
        builder.HasOne<Tenants.Tenant>().WithMany().HasForeignKey(e => e.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
