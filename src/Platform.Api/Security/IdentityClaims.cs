using System.Security.Claims;
using OpenIddict.Abstractions;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>What a token or cookie says: who it is, never what they may do.</summary>
internal static class IdentityClaims
{
    public const string Kind = "platform_kind";
    public const string Stamp = "platform_stamp";

    public static ClaimsPrincipal Of(string scheme, Guid id, string name, AgentKind kind, string? stamp)
    {
        var identity = new ClaimsIdentity(scheme, OpenIddictConstants.Claims.Name, OpenIddictConstants.Claims.Role);
        identity.AddClaim(new Claim(OpenIddictConstants.Claims.Subject, id.ToString()));
        identity.AddClaim(new Claim(OpenIddictConstants.Claims.Name, name));
        identity.AddClaim(new Claim(Kind, kind.ToString()));
        if (stamp is not null)
        {
            identity.AddClaim(new Claim(Stamp, stamp));
        }

        return new ClaimsPrincipal(identity);
    }
}
