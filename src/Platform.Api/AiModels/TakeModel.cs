using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>POST /t/{tenant}/models: takes an approved package up and makes it the active version of its model unless asked not to.</summary>
internal static class TakeModel
{
    /// <param name="Hash">Of an offered package.</param>
    /// <param name="Activate">False leaves the version that runs in its place: a rule can then name this one as its challenger. True when null.</param>
    public sealed record Request([property: Required, RegularExpression("^[0-9a-f]{64}$")] string Hash, bool? Activate = null);

    public sealed record Response(Guid Id, string Name, string Version, bool IsActive);

    public static void MapTakeModel(this IEndpointRouteBuilder models) => models
        .MapPost("", Handle)
        .RequireAuthorization(Policy.ManageModels)
        .WithName(nameof(TakeModel))
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Request request, CurrentTenant tenant, PlatformDb db, IdentityDb identities, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var offer = await identities.ModelPackages.AsNoTracking()
            .SingleOrDefaultAsync(p => p.Hash == request.Hash && p.Status == PackageStatus.Approved, ct);
        if (offer is null)
        {
            return TypedResults.Problem(
                "This package is not offered. GET models/offers lists those that are.", statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var (now, summary) = (clock.GetUtcNow(), ModelSummary.Parse(offer.Manifest));
        var model = AiModel.From(db.TenantId, new ModelPackage(offer.Hash, offer.Manifest, summary), now);
        db.AiModels.Add(model);
        audit.Record(db, "model.take", "model", model.Id.ToString(), AuditOutcome.Success, offer.Hash);
        if (request.Activate != false && await ModelVersions.ActivateAsync(db, model, audit, now, ct) is { } problem)
        {
            db.ChangeTracker.Clear();
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status409Conflict);
        }

        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation)
        {
            db.ChangeTracker.Clear();
            return TypedResults.Problem(
                "This tenant has the package already; activate it.", statusCode: StatusCodes.Status409Conflict);
        }

        return TypedResults.Created($"/t/{tenant.Slug}/models/{model.Id}", new Response(model.Id, model.Name, model.Version, model.IsActive));
    }
}
