using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>GET /t/{tenant}/models/offers: approved packages, and which of them this tenant has taken up.</summary>
internal static class ListOffers
{
    public sealed record Response(IReadOnlyList<Item> Packages);

    /// <param name="ModelId">The tenant's model; null where it has not taken the package up.</param>
    public sealed record Item(
        string Hash, string Name, string Version, PackageText Text, long Length, string? SignedBy, DateTimeOffset? ApprovedAt, Guid? ModelId);

    public static void MapListOffers(this IEndpointRouteBuilder models) => models
        .MapGet("offers", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(ListOffers));

    private static async Task<Ok<Response>> Handle(PlatformDb db, IdentityDb identities, AuditLog audit, CancellationToken ct)
    {
        var approved = await identities.ModelPackages.AsNoTracking()
            .Where(p => p.Status == PackageStatus.Approved)
            .OrderBy(p => p.Name).ThenByDescending(p => p.UploadedAt)
            .ToListAsync(ct);
        var taken = await db.AiModels.AsNoTracking().ToDictionaryAsync(m => m.Hash, m => m.Id, ct);
        await audit.RecordReadAsync(db.TenantId, "model.list", "tenant", db.TenantId.ToString(), ct);
        return TypedResults.Ok(new Response(
            [.. approved.Select(p => new Item(
                p.Hash,
                p.Name,
                p.Version,
                PackageText.Parse(p.Manifest),
                p.Length,
                p.SignedBy,
                p.DecidedAt,
                taken.TryGetValue(p.Hash, out var id) ? id : null))]));
    }
}
