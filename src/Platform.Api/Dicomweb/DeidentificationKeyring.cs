using System.Collections.Concurrent;
using Platform.Api.Security;
using Platform.Dicom.Deidentification;

namespace Platform.Api.Dicomweb;

/// <summary>The keys of each tenant, derived once from its secret.</summary>
internal sealed class DeidentificationKeyring(TenantKeys secrets)
{
    private readonly ConcurrentDictionary<Guid, DeidentificationKeys> known = new();

    public async ValueTask<DeidentificationKeys> ForAsync(Guid tenantId, CancellationToken ct) =>
        known.TryGetValue(tenantId, out var keys)
            ? keys
            : known.GetOrAdd(tenantId, new DeidentificationKeys(await secrets.SecretAsync(tenantId, ct)));
}
