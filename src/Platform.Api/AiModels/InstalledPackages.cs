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
    /// Gives the open tenant every package that it has not met yet, with the rule of its manifest, in place of earlier versions.
    /// One that it has met stays as its administrator left it. Saves.
    /// </summary>
    public async Task ActivateAsync(PlatformDb db, CancellationToken ct)
    {
        var known = await db.AiModels.ToListAsync(ct);
        foreach (var package in packages.Where(p => known.TrueForAll(m => m.Hash != p.Hash)))
        {
            var now = clock.GetUtcNow();
            foreach (var earlier in known.Where(m => m.Name == package.Summary.Name && m.IsActive))
            {
                earlier.IsActive = false;
            }

            var model = AiModel.From(db.TenantId, package, now);
            known.Add(model);
            db.AiModels.Add(model);
            db.Rules.Add(Rule.From(model, package.Summary, now));
            audit.Record(db, "model.activate", "model", model.Id.ToString());
        }

        await db.SaveChangesAsync(ct);
    }
}
