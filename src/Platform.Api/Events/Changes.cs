using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
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
        var payload = Payload(db.TenantId, kind, id, state);
        return db.Database.ExecuteSqlAsync($"select pg_notify({Channel}, {payload})", ct);
    }

    /// <summary>The same as a statement of a batch.</summary>
    public static NpgsqlBatchCommand Publish(Guid tenantId, string kind, Guid id, string state) =>
        new("select pg_notify($1, $2)")
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = Channel },
                new NpgsqlParameter<string> { TypedValue = Payload(tenantId, kind, id, state) },
            },
        };

    private static string Payload(Guid tenantId, string kind, Guid id, string state) =>
        JsonSerializer.Serialize(new Change(tenantId, kind, id, state), PlatformJson.Options);
}
