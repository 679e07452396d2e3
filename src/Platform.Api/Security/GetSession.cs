using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>GET /session: who is signed in, and in which tenants they may act.</summary>
internal static class GetSession
{
    public sealed record Response(Guid Id, string Name, AgentKind Kind, bool IsPlatformOperator, IReadOnlyList<TenantRoles> Tenants);

    public sealed record TenantRoles(string Slug, string Name, IReadOnlyList<Role> Roles);

    public static void MapGetSession(this IEndpointRouteBuilder app) => app
        .MapGet("/session", Handle)
        .RequireAuthorization(Policy.SignedIn)
        .WithName(nameof(GetSession))
        .WithTags("Session")
        .ProducesProblem(StatusCodes.Status401Unauthorized);

    internal static async Task<Response> DescribeAsync(
        Guid id, string name, AgentKind kind, IdentityDb identities, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var roles = await identities.Memberships.Where(m => m.IdentityId == id).Select(m => new { m.TenantId, m.Role })
            .Union(identities.Grants.Where(g => g.PersonId == id && g.ExpiresAt > now).Select(g => new { g.TenantId, g.Role }))
            .Join(identities.TenantNames, m => m.TenantId, t => t.Id, (m, t) => new { t.Slug, t.Name, m.Role })
            .ToListAsync(ct);
        var person = await identities.Users.Where(p => p.Id == id).Select(p => new { p.DisplayName, p.IsPlatformOperator })
            .SingleOrDefaultAsync(ct);
        var tenants = roles.GroupBy(r => (r.Slug, r.Name)).OrderBy(g => g.Key.Slug, StringComparer.Ordinal)
            .Select(g => new TenantRoles(g.Key.Slug, g.Key.Name, [.. g.Select(r => r.Role).Order()]));
        return new Response(id, person?.DisplayName ?? name, kind, person?.IsPlatformOperator == true, [.. tenants]);
    }

    private static async Task<Ok<Response>> Handle(CurrentUser user, IdentityDb identities, TimeProvider clock, CancellationToken ct) =>
        TypedResults.Ok(await DescribeAsync(user.Id!.Value, user.Name, user.Kind, identities, clock, ct));
}
