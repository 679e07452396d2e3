using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;

namespace Platform.Api.AiModels;

/// <summary>The versions of one model that a tenant has stand side by side; at most one of them is active.</summary>
internal static class ModelVersions
{
    /// <summary>Makes a version the active one. The caller saves.</summary>
    public static async Task ActivateAsync(PlatformDb db, AiModel model, AuditLog audit, CancellationToken ct)
    {
        foreach (var other in await db.AiModels.Where(m => m.Name == model.Name && m.IsActive && m.Id != model.Id).ToListAsync(ct))
        {
            other.IsActive = false;
            audit.Record(db, "model.deactivate", "model", other.Id.ToString());
        }

        model.IsActive = true;
        audit.Record(db, "model.activate", "model", model.Id.ToString());
    }

    /// <summary>False where operators have withdrawn it; what the installation brought along nobody withdraws.</summary>
    public static async Task<bool> MayRunAsync(Security.IdentityDb identities, AiModel model, CancellationToken ct) =>
        !await identities.ModelPackages.AnyAsync(p => p.Hash == model.Hash && p.Status != PackageStatus.Approved, ct);
}
