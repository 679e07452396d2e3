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
        return await db.TenantNames
            .Where(t => t.Slug == slug)
            .Select(t => new Entry(
                t.Id,
                db.Memberships.Where(m => m.TenantId == t.Id && m.IdentityId == identityId).Select(m => m.Role)
                    .Union(db.Grants.Where(g => g.TenantId == t.Id && g.PersonId == identityId && g.ExpiresAt > now).Select(g => g.Role))
                    .ToList()))
            .SingleOrDefaultAsync(ct);
    }

    /// <summary>Every tenant's id, for work that the platform does in each.</summary>
    public async Task<IReadOnlyList<Guid>> AllAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.TenantNames.OrderBy(t => t.Id).Select(t => t.Id).ToListAsync(ct);
    }

    internal sealed record Entry(Guid TenantId, IReadOnlyList<Role> Roles);
}
