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

    public string Name => Principal?.FindFirstValue(OpenIddictConstants.Claims.Name) ?? "";

    public AgentKind Kind => KindOf(Principal);

    public async Task<bool> IsPlatformOperatorAsync() =>
        Kind == AgentKind.Person && Id is { } id && await identities.Users.AnyAsync(p => p.Id == id && p.IsPlatformOperator);

    internal static Guid? IdOf(ClaimsPrincipal? principal) =>
        principal?.Identity?.IsAuthenticated == true
        && Guid.TryParse(principal.FindFirstValue(OpenIddictConstants.Claims.Subject), out var id)
            ? id
            : null;

    internal static AgentKind KindOf(ClaimsPrincipal? principal) =>
        principal?.Identity?.IsAuthenticated == true && Enum.TryParse<AgentKind>(principal.FindFirstValue(IdentityClaims.Kind), out var kind)
            ? kind
            : AgentKind.Platform;
}
