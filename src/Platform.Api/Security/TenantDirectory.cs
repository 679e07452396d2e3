using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Data;

namespace Platform.Api.Security;

/// <summary>Which tenants there are and who may act there; asked before any tenant's scope opens.</summary>
internal sealed class TenantDirectory(IDbContextFactory<IdentityDb> contexts, RoleConnections connections, TimeProvider clock)
{
    // Every request asks this, so it goes without EF Core's pipeline.
    private const string Members =
        """
        SELECT t.id, r.role
        FROM identity.tenants t
        LEFT JOIN LATERAL (
            SELECT m.role FROM identity.memberships m WHERE m.tenant_id = t.id AND m.identity_id = $1
            UNION
            SELECT g.role FROM identity.grants g WHERE g.tenant_id = t.id AND g.person_id = $1 AND g.expires_at > $2
        ) r ON true
        WHERE t.slug = $3
        """;

    /// <summary>Null when there is no such tenant; no roles when it is not theirs.</summary>
    public async Task<Entry?> FindAsync(string slug, Guid identityId, CancellationToken ct)
    {
        return await Transient.RetryAsync(
            async () =>
            {
                await using var command = connections.Identity.CreateCommand(Members);
                command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = identityId });
                command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = clock.GetUtcNow().UtcDateTime });
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = slug });
                await using var reader = await command.ExecuteReaderAsync(ct);
                Guid? tenantId = null;
                var roles = new List<Role>();
                while (await reader.ReadAsync(ct))
                {
                    tenantId = reader.GetGuid(0);
                    if (!await reader.IsDBNullAsync(1, ct))
                    {
                        roles.Add(Enum.Parse<Role>(reader.GetString(1)));
                    }
                }

                return tenantId is { } id ? new Entry(id, roles) : null;
            },
            ct);
    }

    /// <summary>Every tenant's id, for work that the platform does in each.</summary>
    public async Task<IReadOnlyList<Guid>> AllAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.TenantNames.OrderBy(t => t.Id).Select(t => t.Id).ToListAsync(ct);
    }

    internal sealed record Entry(Guid TenantId, IReadOnlyList<Role> Roles);
}
