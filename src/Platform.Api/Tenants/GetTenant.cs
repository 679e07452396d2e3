using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Tenants;

/// <summary>GET /t/{tenant}: the tenant's settings and the caller's roles in it.</summary>
internal static class GetTenant
{
    public sealed record Response(
        Guid Id,
        string Slug,
        string Name,
        DeidentificationPolicy Deidentification,
        int QuietPeriodSeconds,
        DateTimeOffset CreatedAt,
        IReadOnlyList<Role> YourRoles);

    public static void MapGetTenant(this IEndpointRouteBuilder tenant) => tenant
        .MapGet("", Handle)
        .RequireAuthorization(Policy.EnterTenant)
        .WithName(nameof(GetTenant))
        .WithTags("Tenants")
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Ok<Response>> Handle(PlatformDb db, CurrentTenant current, CancellationToken ct)
    {
        var tenant = await db.Tenants.AsNoTracking().SingleAsync(ct);
        return TypedResults.Ok(new Response(
            tenant.TenantId,
            tenant.Slug,
            tenant.Name,
            tenant.Deidentification,
            (int)tenant.QuietPeriod.TotalSeconds,
            tenant.CreatedAt,
            [.. current.Roles.Order()]));
    }
}
