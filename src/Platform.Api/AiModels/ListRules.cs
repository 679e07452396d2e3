using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>GET /t/{tenant}/rules: what starts which model on which studies.</summary>
internal static class ListRules
{
    public sealed record Response(IReadOnlyList<RuleAnswer> Rules);

    public static void MapListRules(this IEndpointRouteBuilder rules) => rules
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadModels)
        .WithName(nameof(ListRules));

    private static async Task<Ok<Response>> Handle(PlatformDb db, AuditLog audit, CancellationToken ct)
    {
        var rules = await db.Rules.AsNoTracking()
            .Join(db.AiModels.AsNoTracking(), r => r.ModelId, m => m.Id, (rule, model) => new { rule, model })
            .OrderBy(r => r.rule.Name).ThenBy(r => r.rule.Id)
            .ToListAsync(ct);
        await audit.RecordReadAsync(db.TenantId, "rule.list", "tenant", db.TenantId.ToString(), ct);
        return TypedResults.Ok(new Response([.. rules.Select(r => RuleAnswer.Of(r.rule, r.model))]));
    }
}
