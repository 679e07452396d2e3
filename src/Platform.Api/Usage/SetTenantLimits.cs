using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;

namespace Platform.Api.Usage;

/// <summary>PUT /tenants/{slug}/limits: a platform operator sets a tenant's share of the devices and its device time a month.</summary>
internal static class SetTenantLimits
{
    /// <param name="Weight">Share among the tenants whose runs wait; 1 is the usual one.</param>
    /// <param name="ComputeSecondsPerMonth">Routine runs wait beyond it; null sets no bound.</param>
    public sealed record Request([property: Range(0.01, 100)] double Weight, [property: Range(0, 1e9)] double? ComputeSecondsPerMonth);

    public sealed record Response(string Slug, double Weight, double? ComputeSecondsPerMonth);

    public static void MapSetTenantLimits(this IEndpointRouteBuilder app) => app
        .MapPut("/tenants/{slug}/limits", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(SetTenantLimits))
        .WithTags("Tenants")
        .ProducesValidationProblem()
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string slug, Request request, IdentityDb identities, TenantScope scopes, AuditLog audit, CancellationToken ct)
    {
        if (await identities.TenantNames.Where(t => t.Slug == slug).Select(t => (Guid?)t.Id).SingleOrDefaultAsync(ct) is not { } tenantId)
        {
            return TypedResults.Problem("No such tenant.", statusCode: StatusCodes.Status404NotFound);
        }

        await scopes.RunAsync(
            tenantId,
            async (db, token) =>
            {
                var tenant = await db.Tenants.SingleAsync(token);
                tenant.Weight = request.Weight;
                tenant.ComputeSecondsPerMonth = request.ComputeSecondsPerMonth;
                audit.Record(db, "tenant.limit", "tenant", tenantId.ToString());
                await db.SaveChangesAsync(token);
                await RunWork.RingAsync(db, token);
            },
            ct);
        return TypedResults.Ok(new Response(slug, request.Weight, request.ComputeSecondsPerMonth));
    }
}
