using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Events;

/// <summary>Something of a tenant has changed; ids and states only.</summary>
internal sealed record Change(Guid TenantId, string Kind, Guid Id, string State);

/// <summary>Tells the tenant's open browsers what changed, when the business transaction commits and not before.</summary>
internal static class Changes
{
    public const string Channel = "platform_changes";

    public static Task PublishAsync(PlatformDb db, string kind, Guid id, string state, CancellationToken ct)
    {
        var payload = JsonSerializer.Serialize(new Change(db.TenantId, kind, id, state), PlatformJson.Options);
        return db.Database.ExecuteSqlAsync($"select pg_notify({Channel}, {payload})", ct);
    }
}
