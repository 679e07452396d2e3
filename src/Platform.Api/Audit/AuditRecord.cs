using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Platform.Api.Security;
using Platform.Audit;

namespace Platform.Api.Audit;

/// <summary>Who acted.</summary>
internal sealed record AuditAgent(AgentKind Kind, Guid? Id)
{
    public static AuditAgent Of(HttpContext? http) =>
        new(IsForOperators(http?.GetEndpoint()) ? AgentKind.Operator : CurrentUser.KindOf(http?.User), CurrentUser.IdOf(http?.User));

    // Whoever acts at such an endpoint was let in as an operator, whatever else they are.
    private static bool IsForOperators(Endpoint? endpoint) =>
        endpoint?.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy == Policy.OperatePlatform) == true;
}

/// <summary>Makes an audit row and its canonical form.</summary>
internal static class AuditRecord
{
    public static AuditEvent Of(
        Guid tenantId,
        AuditAgent agent,
        DateTimeOffset at,
        string action,
        string entityKind,
        string entityId,
        AuditOutcome outcome,
        string? detail)
    {
        var id = Guid.CreateVersion7(at);
        at = Instant(at);
        var canonical = CanonicalJson.Write(Balp(tenantId.ToString(), id, agent, at, action, entityKind, entityId, outcome, detail));
        return new AuditEvent
        {
            TenantId = tenantId,
            Id = id,
            OccurredAt = at,
            Action = action,
            AgentId = agent.Id,
            AgentKind = agent.Kind,
            EntityKind = entityKind,
            EntityId = entityId,
            Outcome = outcome,
            Canonical = canonical,
            LeafSha256 = AuditLeaf.Hash(canonical),
        };
    }

    /// <summary>The same of an act that concerns the whole platform.</summary>
    public static OperatorEvent OfPlatform(
        AuditAgent agent, DateTimeOffset at, string action, string entityKind, string entityId, AuditOutcome outcome, string? detail)
    {
        var id = Guid.CreateVersion7(at);
        at = Instant(at);
        var canonical = CanonicalJson.Write(Balp("platform", id, agent, at, action, entityKind, entityId, outcome, detail));
        return new OperatorEvent
        {
            Id = id,
            OccurredAt = at,
            Action = action,
            AgentId = agent.Id,
            EntityKind = entityKind,
            EntityId = entityId,
            Outcome = outcome,
            Canonical = canonical,
            LeafSha256 = AuditLeaf.Hash(canonical),
        };
    }

    /// <summary>Microseconds, as the column keeps them: the row and its canonical form say the same instant.</summary>
    private static DateTimeOffset Instant(DateTimeOffset at) =>
        new DateTimeOffset(at.Ticks - (at.Ticks % TimeSpan.TicksPerMicrosecond), at.Offset).ToUniversalTime();

    /// <summary>FHIR R4 AuditEvent as IHE BALP profiles it: type rest, what was done, when, how it ended, who, from where, to what.</summary>
    /// <param name="site">The tenant's id, or <c>platform</c>.</param>
    private static JsonObject Balp(
        string site,
        Guid id,
        AuditAgent agent,
        DateTimeOffset at,
        string action,
        string entityKind,
        string entityId,
        AuditOutcome outcome,
        string? detail)
    {
        var record = new JsonObject
        {
            ["resourceType"] = "AuditEvent",
            ["id"] = id.ToString(),
            ["type"] = Coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"),
            ["subtype"] = new JsonArray(Coding("urn:platform:audit-action", action)),
            ["action"] = Letter(action),
            ["recorded"] = at.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["outcome"] = outcome switch { AuditOutcome.Success => "0", AuditOutcome.Denied => "4", _ => "8" },
            ["agent"] = new JsonArray(new JsonObject
            {
                ["type"] = new JsonObject { ["coding"] = new JsonArray(Coding("urn:platform:agent-kind", agent.Kind.ToString())) },
                ["who"] = Identifier(agent.Id?.ToString() ?? "platform"),
                ["requestor"] = agent.Kind != AgentKind.Platform,
            }),
            ["source"] = new JsonObject { ["observer"] = Identifier("platform-api"), ["site"] = site },
            ["entity"] = new JsonArray(new JsonObject
            {
                ["what"] = Identifier(entityId),
                ["type"] = Coding("urn:platform:entity-kind", entityKind),
            }),
        };
        if (detail is not null)
        {
            record["outcomeDesc"] = detail;
        }

        return record;
    }

    private static JsonObject Coding(string system, string code) => new() { ["system"] = system, ["code"] = code };

    private static JsonObject Identifier(string value) => new() { ["identifier"] = new JsonObject { ["value"] = value } };

    /// <summary>FHIR's letter for the verb: create, read, update, delete, execute.</summary>
    private static string Letter(string action) => action[(action.IndexOf('.', StringComparison.Ordinal) + 1)..] switch
    {
        "store" or "create" or "add" => "C",
        "read" or "list" or "search" => "R",
        "update" or "complete" or "finish" => "U",
        "delete" or "remove" => "D",
        _ => "E",
    };
}
