using System.Collections.Concurrent;
using System.Security.Cryptography;
using Platform.Dicom.Deidentification;

namespace Platform.Api.Security;

/// <summary>A tenant's secret: UIDs, pseudonyms and fingerprints of received bytes are keyed with what is derived from it.</summary>
internal sealed class TenantKeys(StoredKeys stored)
{
    private const string Purpose = "tenant";
    private const int SecretBytes = 32;

    // A secret never changes, and a tenant is a few bytes.
    private readonly ConcurrentDictionary<Guid, DeidentificationKeys> keys = new();

    public async ValueTask<DeidentificationKeys> ForAsync(Guid tenantId, CancellationToken ct)
    {
        if (keys.TryGetValue(tenantId, out var known))
        {
            return known;
        }

        var secret = await stored.GetOrCreateAsync(Purpose, tenantId, () => RandomNumberGenerator.GetBytes(SecretBytes), ct);
        return keys.GetOrAdd(tenantId, new DeidentificationKeys(secret));
    }
}
