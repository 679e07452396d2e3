using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.People;

/// <summary>GET /t/{tenant}/people: the tenant's members.</summary>
internal static class ListPeople
{
    public sealed record Response(IReadOnlyList<Member> People);

    public sealed record Member(Guid Id, string Email, string DisplayName, IReadOnlyList<Role> Roles);

    public static void MapListPeople(this IEndpointRouteBuilder tenant) => tenant
        .MapGet("people", Handle)
        .RequireAuthorization(Policy.ManageTenant)
        .WithName(nameof(ListPeople))
        .WithTags("People")
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Ok<Response>> Handle(
        CurrentTenant tenant, IdentityDb identities, PlatformDb db, AuditLog audit, CancellationToken ct)
    {
        // People have no tenant, so the tenant's members are asked for by the id that was checked on entry.
        var members = await identities.Memberships.Where(m => m.TenantId == tenant.Id)
            .Join(identities.Users, m => m.IdentityId, p => p.Id, (m, p) => new { p.Id, p.Email, p.DisplayName, m.Role })
            .ToListAsync(ct);
        audit.Record(db, "people.list", "tenant", tenant.Id.ToString());
        await db.SaveChangesAsync(ct);
        return TypedResults.Ok(new Response(
        [
            .. members.GroupBy(m => (m.Id, m.Email, m.DisplayName)).OrderBy(g => g.Key.Email, StringComparer.Ordinal)
                .Select(g => new Member(g.Key.Id, g.Key.Email ?? "", g.Key.DisplayName, [.. g.Select(m => m.Role).Order()])),
        ]));
    }
}
