using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>GET /t/{tenant}/models: the models of this tenant with the rules that start them.</summary>
internal static class ListModels
{
    public sealed record Response(IReadOnlyList<Item> Models);

    public sealed record Item(
        Guid Id, string Name, string Version, string? Title, string Hash, bool IsActive, DateTimeOffset CreatedAt, IReadOnlyList<RuleItem> Rules);

    public sealed record RuleItem(Guid Id, string Name, bool IsActive, Lane Lane, ModelInput Conditions);

    public static void MapListModels(this IEndpointRouteBuilder models) => models
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadModels)
        .WithName(nameof(ListModels));

    private static async Task<Ok<Response>> Handle(PlatformDb db, AuditLog audit, CancellationToken ct)
    {
        var models = await db.AiModels.AsNoTracking().OrderBy(m => m.Name).ThenByDescending(m => m.CreatedAt).ToListAsync(ct);
        var rules = (await db.Rules.AsNoTracking().OrderBy(r => r.Name).ToListAsync(ct)).ToLookup(r => r.ModelId);
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
                [.. rules[m.Id].Select(r => new RuleItem(r.Id, r.Name, r.IsActive, r.Lane, r.ReadConditions()))]))
        ]));
    }
}
