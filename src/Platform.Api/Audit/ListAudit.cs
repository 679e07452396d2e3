using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Audit;

/// <summary>GET /t/{tenant}/audit: the tenant's audit events, newest first.</summary>
internal static class ListAudit
{
    private const int PageSize = 100;

    public sealed record Response(IReadOnlyList<Event> Events, Guid? Before);

    /// <param name="Record">The canonical event.</param>
    /// <param name="LeafSha256">Lower-case hex SHA-256(0x00 ‖ canonical).</param>
    public sealed record Event(
        Guid Id,
        DateTimeOffset OccurredAt,
        string Action,
        Guid? AgentId,
        AgentKind AgentKind,
        string EntityKind,
        string EntityId,
        AuditOutcome Outcome,
        JsonElement Record,
        string LeafSha256);

    public static void MapListAudit(this IEndpointRouteBuilder tenant) => tenant
        .MapGet("audit", Handle)
        .RequireAuthorization(Policy.ReadAudit)
        .WithName(nameof(ListAudit))
        .WithTags("Audit")
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Ok<Response>> Handle(
        Guid? before,
        [Range(1, 1000)] int? limit,
        [StringLength(64)] string? action,
        [StringLength(64)] string? entityKind,
        [StringLength(128)] string? entityId,
        AuditOutcome? outcome,
        Guid? agentId,
        PlatformDb db,
        AuditLog audit,
        CancellationToken ct)
    {
        var take = limit ?? PageSize;
        var events = await db.AuditEvents.AsNoTracking()
            .Where(e => before == null || e.Id < before)
            .Where(e => action == null || e.Action == action)
            .Where(e => entityKind == null || e.EntityKind == entityKind)
            .Where(e => entityId == null || e.EntityId == entityId)
            .Where(e => outcome == null || e.Outcome == outcome)
            .Where(e => agentId == null || e.AgentId == agentId)
            .OrderByDescending(e => e.Id)
            .Take(take)
            .ToListAsync(ct);
        audit.Record(db, "audit.read", "tenant", db.TenantId.ToString());
        await db.SaveChangesAsync(ct);
        return TypedResults.Ok(new Response([.. events.Select(Of)], events.Count == take ? events[^1].Id : null));
    }

    private static Event Of(AuditEvent e) => new(
        e.Id, e.OccurredAt, e.Action, e.AgentId, e.AgentKind, e.EntityKind, e.EntityId, e.Outcome,
        JsonDocument.Parse(e.Canonical).RootElement, Convert.ToHexStringLower(e.LeafSha256));
}
