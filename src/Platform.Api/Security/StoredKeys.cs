using Microsoft.EntityFrameworkCore;

namespace Platform.Api.Security;

/// <summary>Keys that persist with the data, so that a restart or a second host keeps tokens, pseudonyms and UIDs as they were.</summary>
internal sealed class StoredKeys(IDbContextFactory<IdentityDb> contexts, TimeProvider clock)
{
    /// <summary>The key of that purpose; <paramref name="create"/> makes it the first time, and the first of several hosts wins.</summary>
    public async Task<byte[]> GetOrCreateAsync(string purpose, Guid? tenantId, Func<byte[]> create, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        var stored = await FindAsync(db, purpose, tenantId, ct);
        if (stored is not null)
        {
            return stored;
        }

        var (id, secret, now) = (Guid.CreateVersion7(), create(), clock.GetUtcNow());
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO identity.keys (id, purpose, tenant_id, secret, created_at) VALUES ({id}, {purpose}, {tenantId}, {secret}, {now})
            ON CONFLICT DO NOTHING
            """,
            ct);
        return await FindAsync(db, purpose, tenantId, ct) ?? throw new InvalidOperationException($"The key {purpose} was not stored.");
    }

    private static Task<byte[]?> FindAsync(IdentityDb db, string purpose, Guid? tenantId, CancellationToken ct) =>
        db.Keys.Where(k => k.Purpose == purpose && k.TenantId == tenantId).Select(k => k.Secret).SingleOrDefaultAsync(ct);
}
