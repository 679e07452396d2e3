using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Platform.Api.Security;

/// <summary>A tenant's secret: UIDs, pseudonyms and fingerprints of received bytes are keyed with what is derived from it.</summary>
internal sealed class TenantKeys(StoredKeys stored)
{
    private const string Purpose = "tenant";
    private const int SecretBytes = 32;

    // A secret never changes, and a tenant is a few bytes.
    private readonly ConcurrentDictionary<Guid, byte[]> secrets = new();

    public async ValueTask<byte[]> SecretAsync(Guid tenantId, CancellationToken ct)
    {
        if (secrets.TryGetValue(tenantId, out var known))
        {
            return known;
        }

        var secret = await stored.GetOrCreateAsync(Purpose, tenantId, () => RandomNumberGenerator.GetBytes(SecretBytes), ct);
        return secrets.GetOrAdd(tenantId, secret);
    }
}
