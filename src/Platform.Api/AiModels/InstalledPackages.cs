using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;

namespace Platform.Api.AiModels;

/// <summary>The packages that this installation holds, and how a tenant gets them.</summary>
internal sealed class InstalledPackages(AuditLog audit, TimeProvider clock)
{
    private volatile IReadOnlyList<ModelPackage> packages = [];

    public IReadOnlyList<ModelPackage> Packages => packages;

    public void Installed(IReadOnlyList<ModelPackage> found) => packages = found;

    /// <summary>
    /// Gives the open tenant every package that it has not met yet: in place of earlier versions, or with the rule of its manifest.
    /// One that it has met stays as its administrator left it. Saves.
    /// </summary>
    public async Task ActivateAsync(PlatformDb db, CancellationToken ct)
    {
        var known = await db.AiModels.ToListAsync(ct);
        foreach (var package in packages.Where(p => known.TrueForAll(m => m.Hash != p.Hash)))
        {
            var now = clock.GetUtcNow();
            var model = AiModel.From(db.TenantId, package, now);
            db.AiModels.Add(model);

            // A model that its administrator put out of use stays so; where a rule does not fit the new version, the one before stays active.
            if (known.TrueForAll(m => m.Name != model.Name) || known.Exists(m => m.Name == model.Name && m.IsActive))
            {
                await ModelVersions.ActivateAsync(db, model, audit, now, ct);
            }

            known.Add(model);
            await db.SaveChangesAsync(ct);
        }
    }
}
