using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>PUT /t/{tenant}/rules/{id}: the rule as it is to be from now on; <c>isActive</c> false puts it out of use. Runs that stand stay.</summary>
internal static class ChangeRule
{
    public static void MapChangeRule(this IEndpointRouteBuilder rules) => rules
        .MapPut("{id}", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(ChangeRule))
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Ok<RuleAnswer>, ProblemHttpResult>> Handle(
        string id, RuleDraft.Request draft, PlatformDb db, IdentityDb identities, AuditLog audit, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var ruleId) || await db.Rules.SingleOrDefaultAsync(r => r.Id == ruleId, ct) is not { } rule)
        {
            return RuleAnswer.NoSuchRule();
        }

        var (changed, problem) = await RuleDraft.CheckAsync(draft, db, identities, ruleId, ct);
        if (changed is null)
        {
            return problem is null ? RuleAnswer.NoSuchThing() : TypedResults.Problem(problem, statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        db.Entry(rule).CurrentValues.SetValues(changed);
        audit.Record(db, changed.IsActive ? "rule.change" : "rule.deactivate", "rule", rule.Id.ToString());
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation)
        {
            db.ChangeTracker.Clear();
            return RuleAnswer.NameTaken();
        }

        var model = await db.AiModels.AsNoTracking().SingleAsync(m => m.Id == rule.ModelId, ct);
        return TypedResults.Ok(RuleAnswer.Of(rule, model));
    }
}
