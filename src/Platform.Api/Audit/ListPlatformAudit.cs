using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Security;

namespace Platform.Api.Audit;

/// <summary>GET /audit: what operators did that concerns the whole platform, newest first, for operators. What they did in a tenant stands in its log.</summary>
internal static class ListPlatformAudit
{
    private const int PageSize = 100;
    private const string Read = "audit.read";

    /// <param name="Before">Given as <c>before</c>, the next page; null on the last.</param>
    public sealed record Response(IReadOnlyList<Event> Events, Guid? Before);

    /// <param name="Agent">The person's name; null where they are gone.</param>
    /// <param name="Entity">Name and version of a package that is there; else null.</param>
    /// <param name="Detail">e.g. why a package was refused; null mostly.</param>
    /// <param name="Record">The canonical event.</param>
    /// <param name="LeafSha256">Lower-case hex SHA-256(0x00 ‖ canonical).</param>
    public sealed record Event(
        Guid Id,
        DateTimeOffset OccurredAt,
        string Action,
        Guid? AgentId,
        string? Agent,
        string EntityKind,
        string EntityId,
        string? Entity,
        AuditOutcome Outcome,
        string? Detail,
        JsonElement Record,
        string LeafSha256);

    public static void MapListPlatformAudit(this IEndpointRouteBuilder app) => app
        .MapGet("/audit", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(ListPlatformAudit))
        .WithTags("Audit")
        .ProducesValidationProblem();

    private static async Task<Ok<Response>> Handle(
        Guid? before, [Range(1, 1000)] int? limit, [StringLength(64)] string? action, IdentityDb identities, CurrentUser user, AuditLog audit,
        TimeProvider clock, CancellationToken ct)
    {
        var take = limit ?? PageSize;
        var events = await identities.OperatorEvents.AsNoTracking()
            .Where(e => before == null || e.Id < before)
            .Where(e => action == null || e.Action == action)
            .OrderByDescending(e => e.Id)
            .Take(take)
            .ToListAsync(ct);
        var (agents, hashes) = (events.ConvertAll(e => e.AgentId), events.ConvertAll(e => e.EntityId));
        var names = await identities.Users.Where(p => agents.Contains(p.Id)).ToDictionaryAsync(p => p.Id, p => p.DisplayName, ct);
        var packages = await identities.ModelPackages.Where(p => hashes.Contains(p.Hash))
            .ToDictionaryAsync(p => p.Hash, p => $"{p.Name} {p.Version}", ct);
        await RecordReadAsync(identities, user.Id, audit, clock, ct);
        return TypedResults.Ok(new Response(
            [.. events.Select(e => Of(e, e.AgentId is { } id ? names.GetValueOrDefault(id) : null, packages.GetValueOrDefault(e.EntityId)))],
            events.Count == take ? events[^1].Id : null));
    }

    /// <summary>Once in ten minutes for each operator, as every reading.</summary>
    private static async Task RecordReadAsync(IdentityDb identities, Guid? reader, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var since = clock.GetUtcNow() - ReadLog.Window;
        if (!await identities.OperatorEvents.AnyAsync(e => e.Action == Read && e.AgentId == reader && e.OccurredAt > since, ct))
        {
            audit.RecordPlatform(identities, Read, "platform", "audit");
            await identities.SaveChangesAsync(ct);
        }
    }

    private static Event Of(OperatorEvent e, string? agent, string? entity)
    {
        var record = JsonDocument.Parse(e.Canonical).RootElement;
        return new Event(
            e.Id, e.OccurredAt, e.Action, e.AgentId, agent, e.EntityKind, e.EntityId, entity, e.Outcome,
            record.TryGetProperty("outcomeDesc", out var detail) ? detail.GetString() : null, record, Convert.ToHexStringLower(e.LeafSha256));
    }
}
