using Microsoft.EntityFrameworkCore;

namespace Platform.Api.Security;

/// <summary>Which tenants there are and who may act there; asked before any tenant's scope opens.</summary>
internal sealed class TenantDirectory(IDbContextFactory<IdentityDb> contexts, TimeProvider clock)
{
    /// <summary>Null when there is no such tenant; no roles when it is not theirs.</summary>
    public async Task<Entry?> FindAsync(string slug, Guid identityId, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var rows = await db.Database.SqlQuery<Row>(
            $"""
            SELECT t.id, r.role
            FROM identity.tenants t
            LEFT JOIN LATERAL (
                SELECT m.role FROM identity.memberships m WHERE m.tenant_id = t.id AND m.identity_id = {identityId}
                UNION
                SELECT g.role FROM identity.grants g WHERE g.tenant_id = t.id AND g.person_id = {identityId} AND g.expires_at > {now}
            ) r ON true
            WHERE t.slug = {slug}
            """).ToListAsync(ct);
        return rows is [] ? null : new Entry(rows[0].Id, [.. rows.Where(r => r.Role is not null).Select(r => Enum.Parse<Role>(r.Role!))]);
    }

    /// <summary>Every tenant's id, for work that the platform does in each.</summary>
    public async Task<IReadOnlyList<Guid>> AllAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.TenantNames.OrderBy(t => t.Id).Select(t => t.Id).ToListAsync(ct);
    }

    private sealed record Row(Guid Id, string? Role);

    internal sealed record Entry(Guid TenantId, IReadOnlyList<Role> Roles);
}
