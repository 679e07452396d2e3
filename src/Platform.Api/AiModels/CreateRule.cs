using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>POST /t/{tenant}/rules: a new rule; it holds for studies that complete from now on.</summary>
internal static class CreateRule
{
    public static void MapCreateRule(this IEndpointRouteBuilder rules) => rules
        .MapPost("", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(CreateRule))
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Created<RuleAnswer>, ProblemHttpResult>> Handle(
        RuleDraft.Request draft, CurrentTenant tenant, PlatformDb db, IdentityDb identities, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var (rule, problem) = await RuleDraft.CheckAsync(draft, db, identities, Guid.CreateVersion7(clock.GetUtcNow()), ct);
        if (rule is null)
        {
            return problem is null ? RuleAnswer.NoSuchThing() : TypedResults.Problem(problem, statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        db.Rules.Add(rule);
        audit.Record(db, "rule.create", "rule", rule.Id.ToString());
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
        return TypedResults.Created($"/t/{tenant.Slug}/rules/{rule.Id}", RuleAnswer.Of(rule, model));
    }
}
