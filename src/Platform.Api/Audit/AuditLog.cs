using Npgsql;
using NpgsqlTypes;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Audit;

/// <summary>Writes audit events: in the business transaction, or durably before the first byte of what is read.</summary>
internal sealed class AuditLog(IHttpContextAccessor http, ReadLog reads, TimeProvider clock)
{
    /// <summary>Adds an event to the business transaction of <paramref name="db"/>; saved with everything else.</summary>
    public void Record(
        PlatformDb db, string action, string entityKind, string entityId, AuditOutcome outcome = AuditOutcome.Success, string? detail = null) =>
        db.AuditEvents.Add(AuditRecord.Of(
            db.TenantId, AuditAgent.Of(http.HttpContext), clock.GetUtcNow(), action, entityKind, entityId, outcome, detail));

    /// <summary>Adds an operator's act that concerns the whole platform to what <paramref name="identities"/> saves next.</summary>
    public void RecordPlatform(
        IdentityDb identities, string action, string entityKind, string entityId, AuditOutcome outcome = AuditOutcome.Success, string? detail = null) =>
        identities.OperatorEvents.Add(AuditRecord.OfPlatform(
            AuditAgent.Of(http.HttpContext), clock.GetUtcNow(), action, entityKind, entityId, outcome, detail));

    /// <summary>A tenant's event as a statement of a batch in the business transaction.</summary>
    public NpgsqlBatchCommand Record(
        Guid tenantId, AuditAgent agent, string action, string entityKind, string entityId, string? detail)
    {
        var row = AuditRecord.Of(
            tenantId, agent, clock.GetUtcNow(), action, entityKind, entityId, AuditOutcome.Success, detail);
        return new NpgsqlBatchCommand(
            """
            insert into audit_events (tenant_id, id, occurred_at, action, agent_id, agent_kind, entity_kind, entity_id, outcome,
                                      canonical, leaf_sha256)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = row.TenantId },
                new NpgsqlParameter<Guid> { TypedValue = row.Id },
                new NpgsqlParameter<DateTime> { TypedValue = row.OccurredAt.UtcDateTime },
                new NpgsqlParameter<string> { TypedValue = row.Action },
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Uuid, Value = row.AgentId ?? (object)DBNull.Value },
                new NpgsqlParameter<string> { TypedValue = row.AgentKind.ToString() },
                new NpgsqlParameter<string> { TypedValue = row.EntityKind },
                new NpgsqlParameter<string> { TypedValue = row.EntityId },
                new NpgsqlParameter<string> { TypedValue = row.Outcome.ToString() },
                new NpgsqlParameter<string> { TypedValue = row.Canonical },
                new NpgsqlParameter<byte[]> { TypedValue = row.LeafSha256 },
            },
        };
    }

    /// <summary>
    /// Call before the first byte: returns when the event is durable. Once for each identity, action and entity in ten minutes;
    /// further reads are counted, and the counts are written each minute.
    /// </summary>
    public Task RecordReadAsync(Guid tenantId, string action, string entityKind, string entityId, CancellationToken ct) =>
        reads.RecordAsync(new Reading(tenantId, AuditAgent.Of(http.HttpContext), action, entityKind, entityId, AuditOutcome.Success), ct);

    /// <summary>Somebody was refused at an operation; once in ten minutes, then counted.</summary>
    public Task RecordDeniedAsync(Guid tenantId, string operation, CancellationToken ct) => reads.RecordAsync(
        new Reading(tenantId, AuditAgent.Of(http.HttpContext), "access.deny", "operation", operation, AuditOutcome.Denied), ct);
}
