using Platform.Api.Data;

namespace Platform.Api.Audit;

/// <summary>Writes audit events: in the business transaction, or durably before the first byte of what is read.</summary>
internal sealed class AuditLog(IHttpContextAccessor http, ReadLog reads, TimeProvider clock)
{
    /// <summary>Adds an event to the business transaction of <paramref name="db"/>; saved with everything else.</summary>
    public void Record(
        PlatformDb db, string action, string entityKind, string entityId, AuditOutcome outcome = AuditOutcome.Success, string? detail = null) =>
        db.AuditEvents.Add(AuditRecord.Of(
            db.TenantId, AuditAgent.Of(http.HttpContext), clock.GetUtcNow(), action, entityKind, entityId, outcome, detail));

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
