using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Contracts;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>GET /t/{tenant}/models: the models of this tenant with the rules that start them and the thresholds that a rule may set.</summary>
internal static class ListModels
{
    public sealed record Response(IReadOnlyList<Item> Models);

    /// <param name="Offer">How its package stands with the platform's operators; null where the installation brought it along.</param>
    /// <param name="SignedBy">The trusted key that signed it; null where the installation brought it along, or took it unsigned.</param>
    public sealed record Item(
        Guid Id,
        string Name,
        string Version,
        string? Title,
        string Hash,
        bool IsActive,
        DateTimeOffset CreatedAt,
        PackageText Text,
        PackageStatus? Offer,
        string? SignedBy,
        IReadOnlyList<RuleItem> Rules,
        IReadOnlyList<ThresholdItem> Thresholds);

    /// <summary>What a rule's threshold may be for a label.</summary>
    /// <param name="Name">The label's, as the package's author wrote it.</param>
    /// <param name="Concept">What the finding is.</param>
    /// <param name="Default">The package's own: the least probability at which the label is reported.</param>
    /// <param name="Above">A rule's is greater than this,</param>
    /// <param name="Below">and less than this.</param>
    public sealed record ThresholdItem(int Label, string Name, Code Concept, double Default, double Above, double Below);

    public sealed record RuleItem(Guid Id, string Name, bool IsActive, bool IsShadow, Lane Lane, ModelInput Conditions);

    public static void MapListModels(this IEndpointRouteBuilder models) => models
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadModels)
        .WithName(nameof(ListModels));

    private static async Task<Ok<Response>> Handle(PlatformDb db, IdentityDb identities, AuditLog audit, CancellationToken ct)
    {
        var models = await db.AiModels.AsNoTracking().OrderBy(m => m.Name).ThenByDescending(m => m.CreatedAt).ToListAsync(ct);
        var rules = (await db.Rules.AsNoTracking().OrderBy(r => r.Name).ToListAsync(ct)).ToLookup(r => r.ModelId);
        var hashes = models.ConvertAll(m => m.Hash);
        var packages = await identities.ModelPackages.AsNoTracking()
            .Where(p => hashes.Contains(p.Hash)).Select(p => new { p.Hash, p.Status, p.SignedBy }).ToDictionaryAsync(p => p.Hash, ct);
        await audit.RecordReadAsync(db.TenantId, "model.list", "tenant", db.TenantId.ToString(), ct);
        return TypedResults.Ok(new Response(
        [
            .. models.Select(m => new Item(
                m.Id,
                m.Name,
                m.Version,
                m.ReadSummary().Title,
                m.Hash,
                m.IsActive,
                m.CreatedAt,
                PackageText.Parse(m.Manifest),
                packages.GetValueOrDefault(m.Hash)?.Status,
                packages.GetValueOrDefault(m.Hash)?.SignedBy,
                [.. rules[m.Id].Select(r => new RuleItem(r.Id, r.Name, r.IsActive, r.ShadowOf is not null, r.Lane, r.ReadConditions()))],
                [
                    .. PackageParameters.Thresholds(m.ReadPackage()).Select(t => new ThresholdItem(
                        t.Label, t.Name, t.Concept, t.Default, PackageParameters.ThresholdAbove, PackageParameters.ThresholdBelow))
                ]))
        ]));
    }
}
