using Platform.Api.Data;

namespace Platform.Api.Audit;

/// <summary>Writes audit events.</summary>
internal sealed class AuditLog(IHttpContextAccessor http, TimeProvider clock)
{
    /// <summary>Adds an event to the business transaction of <paramref name="db"/>; saved with everything else.</summary>
    public void Record(
        PlatformDb db, string action, string entityKind, string entityId, AuditOutcome outcome = AuditOutcome.Success, string? detail = null) =>
        db.AuditEvents.Add(AuditRecord.Of(
            db.TenantId, AuditAgent.Of(http.HttpContext), clock.GetUtcNow(), action, entityKind, entityId, outcome, detail));
}
