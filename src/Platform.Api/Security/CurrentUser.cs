using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>Who sends this request; outside a request, the platform itself.</summary>
internal sealed class CurrentUser(IHttpContextAccessor http, IdentityDb identities)
{
    private ClaimsPrincipal? Principal => http.HttpContext?.User;

    public bool IsSignedIn => Principal?.Identity?.IsAuthenticated == true;

    /// <summary>A person's or a gateway client's id; null when anonymous and outside requests.</summary>
    public Guid? Id => IdOf(Principal);

    public AgentKind Kind => KindOf(Principal);

    public async Task<bool> IsPlatformOperatorAsync() =>
        Kind == AgentKind.Person && Id is { } id && await identities.Users.AnyAsync(p => p.Id == id && p.IsPlatformOperator);

    internal static Guid? IdOf(ClaimsPrincipal? principal) =>
        Guid.TryParse(
            principal?.FindFirstValue(OpenIddictConstants.Claims.Subject) ?? principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            ? id
            : null;

    internal static AgentKind KindOf(ClaimsPrincipal? principal) => principal?.Identity?.IsAuthenticated != true
        ? AgentKind.Platform
        : principal.FindFirstValue(OpenIddictConstants.Claims.ClientId) is not null ? AgentKind.Gateway : AgentKind.Person;
}
