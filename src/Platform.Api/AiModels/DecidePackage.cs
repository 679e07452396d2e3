using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.AiModels;

/// <summary>
/// POST /models/{hash}/approve and /withdraw: a platform operator lets tenants take a package up, or takes it from all of them.
/// Each tenant's audit log tells it, and that of the operators.
/// </summary>
internal static class DecidePackage
{
    public sealed record Response(string Hash, PackageStatus Status);

    public static void MapDecidePackage(this IEndpointRouteBuilder models)
    {
        Map(models, "approve", "ApprovePackage", PackageStatus.Approved);
        Map(models, "withdraw", "WithdrawPackage", PackageStatus.Withdrawn);
    }

    private static void Map(IEndpointRouteBuilder models, string verb, string name, PackageStatus status) => models
        .MapPost($"{{hash}}/{verb}", (string hash, IdentityDb identities, TenantScope scopes, AuditLog audit, CurrentUser user, TimeProvider clock, CancellationToken ct) =>
            HandleAsync(hash, status, identities, scopes, audit, user, clock, ct))
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(name)
        .WithTags("AiModels")
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> HandleAsync(
        string hash,
        PackageStatus status,
        IdentityDb identities,
        TenantScope scopes,
        AuditLog audit,
        CurrentUser user,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await identities.ModelPackages.SingleOrDefaultAsync(p => p.Hash == hash, ct) is not { } package)
        {
            return TypedResults.Problem("No such package. GET models lists them.", statusCode: StatusCodes.Status404NotFound);
        }

        // Withdrawn is saved first, so that nobody takes it up meanwhile. Every tenant is gone through each time: one that could not be
        // reached is done by asking again, and in one that is done already nothing changes.
        if (package.TryDecide(status, user.Id, clock.GetUtcNow()))
        {
            audit.RecordPlatform(identities, ActionOf(status), "package", hash);
        }

        await identities.SaveChangesAsync(ct);
        var since = package.DecidedAt ?? DateTimeOffset.MinValue;
        foreach (var tenantId in await identities.TenantNames.Select(t => t.Id).ToListAsync(ct))
        {
            await scopes.RunAsync(tenantId, (db, token) => TellAsync(db, audit, hash, status, since, token), ct);
        }

        return TypedResults.Ok(new Response(package.Hash, package.Status));
    }

    private static string ActionOf(PackageStatus status) => status == PackageStatus.Approved ? "package.approve" : "package.withdraw";

    private static async Task<bool> TellAsync(
        PlatformDb db, AuditLog audit, string hash, PackageStatus status, DateTimeOffset since, CancellationToken ct)
    {
        var action = ActionOf(status);
        if (!await db.AuditEvents.AnyAsync(
            e => e.EntityKind == "package" && e.EntityId == hash && e.Action == action && e.OccurredAt >= since, ct))
        {
            audit.Record(db, action, "package", hash);
        }

        if (status == PackageStatus.Withdrawn && await db.AiModels.SingleOrDefaultAsync(m => m.Hash == hash && m.IsActive, ct) is { } model)
        {
            model.IsActive = false;
            audit.Record(db, "model.deactivate", "model", model.Id.ToString(), AuditOutcome.Success, "withdrawn");
        }

        // A challenger runs without being the active version.
        if (status == PackageStatus.Withdrawn)
        {
            var challengers = db.Rules.Where(r => r.IsActive && r.ShadowOf != null && db.AiModels.Any(m => m.Id == r.ModelId && m.Hash == hash));
            foreach (var rule in await challengers.ToListAsync(ct))
            {
                rule.IsActive = false;
                audit.Record(db, "rule.deactivate", "rule", rule.Id.ToString(), AuditOutcome.Success, "withdrawn");
            }
        }

        await db.SaveChangesAsync(ct);
        return true;
    }
}
