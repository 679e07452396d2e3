using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>
/// POST /t/{tenant}/models/{id}/activate, /deactivate and /rollback: which version of a model runs here. A rollback leaves the version in the path
/// for the one that this tenant took up before it. Runs that are queued stay with the version that they were queued for.
/// </summary>
internal static class SwitchModel
{
    public sealed record Response(Guid Id, string Name, string Version, bool IsActive);

    public static void MapSwitchModel(this IEndpointRouteBuilder models)
    {
        Map(models, "activate", "ActivateModel", ActivateAsync);
        Map(models, "deactivate", "DeactivateModel", DeactivateAsync);
        Map(models, "rollback", "RollBackModel", RollBackAsync);
    }

    private static void Map(
        IEndpointRouteBuilder models,
        string verb,
        string name,
        Func<PlatformDb, IdentityDb, AiModel, AuditLog, DateTimeOffset, CancellationToken, Task<(AiModel? Now, string? Problem)>> change) => models
        .MapPost($"{{id}}/{verb}", (string id, PlatformDb db, IdentityDb identities, AuditLog audit, TimeProvider clock, CancellationToken ct) =>
            HandleAsync(id, db, identities, audit, clock.GetUtcNow(), change, ct))
        .RequireAuthorization(Policy.ManageModels)
        .WithName(name)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> HandleAsync(
        string id,
        PlatformDb db,
        IdentityDb identities,
        AuditLog audit,
        DateTimeOffset now,
        Func<PlatformDb, IdentityDb, AiModel, AuditLog, DateTimeOffset, CancellationToken, Task<(AiModel? Now, string? Problem)>> change,
        CancellationToken ct)
    {
        // The tenant filter hides other tenants' models, so theirs is a 404 like any unknown or malformed one.
        if (!Guid.TryParse(id, out var modelId) || await db.AiModels.SingleOrDefaultAsync(m => m.Id == modelId, ct) is not { } model)
        {
            return TypedResults.Problem("No such model. GET models lists those of this tenant.", statusCode: StatusCodes.Status404NotFound);
        }

        var (changed, problem) = await change(db, identities, model, audit, now, ct);
        if (changed is null)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status409Conflict);
        }

        await db.SaveChangesAsync(ct);
        return TypedResults.Ok(new Response(changed.Id, changed.Name, changed.Version, changed.IsActive));
    }

    private static async Task<(AiModel? Now, string? Problem)> ActivateAsync(
        PlatformDb db, IdentityDb identities, AiModel model, AuditLog audit, DateTimeOffset now, CancellationToken ct)
    {
        if (!await ModelVersions.MayRunAsync(identities, model, ct))
        {
            return (null, ModelVersions.Withdrawn);
        }

        return await ModelVersions.ActivateAsync(db, model, audit, now, ct) is { } problem ? (null, problem) : (model, null);
    }

    private static Task<(AiModel? Now, string? Problem)> DeactivateAsync(
        PlatformDb db, IdentityDb identities, AiModel model, AuditLog audit, DateTimeOffset now, CancellationToken ct)
    {
        model.IsActive = false;
        audit.Record(db, "model.deactivate", "model", model.Id.ToString());
        return Task.FromResult<(AiModel?, string?)>((model, null));
    }

    private static async Task<(AiModel? Now, string? Problem)> RollBackAsync(
        PlatformDb db, IdentityDb identities, AiModel model, AuditLog audit, DateTimeOffset now, CancellationToken ct)
    {
        var earlier = await db.AiModels
            .Where(m => m.Name == model.Name && m.CreatedAt < model.CreatedAt)
            .OrderByDescending(m => m.CreatedAt)
            .ToListAsync(ct);
        foreach (var candidate in earlier)
        {
            if (await ModelVersions.MayRunAsync(identities, candidate, ct))
            {
                audit.Record(db, "model.rollback", "model", model.Id.ToString());
                return await ModelVersions.ActivateAsync(db, candidate, audit, now, ct) is { } problem ? (null, problem) : (candidate, null);
            }
        }

        return (null, "There is no earlier version here that may run. Deactivate this one, or take another up: GET models/offers lists them.");
    }
}
