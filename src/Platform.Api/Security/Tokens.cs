using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Platform.Api.Audit;

namespace Platform.Api.Security;

/// <summary>POST /connect/token: OAuth 2 client credentials (RFC 6749 §4.4) for gateways and scripts.</summary>
internal static class Tokens
{
    public const string Path = "/connect/token";

    // OpenIddict reads the form and has checked client and secret before this runs.
    public static void MapTokens(this IEndpointRouteBuilder app) => app
        .MapPost(Path, Handle)
        .AllowAnonymous()
        .ExcludeFromDescription()
        .WithName("RequestToken");

    private static async Task<IResult> Handle(HttpContext http, IOpenIddictApplicationManager applications, CancellationToken ct)
    {
        var request = http.GetOpenIddictServerRequest()
            ?? throw new BadHttpRequestException("Not an OAuth 2 token request.");
        if (!request.IsClientCredentialsGrantType())
        {
            return TypedResults.Forbid(
                new AuthenticationProperties(new Dictionary<string, string?>
                {
                    [OpenIddictServerAspNetCoreConstants.Properties.Error] = OpenIddictConstants.Errors.UnsupportedGrantType,
                }),
                [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
        }

        var application = await applications.FindByClientIdAsync(request.ClientId!, ct)
            ?? throw new InvalidOperationException("OpenIddict let an unknown client pass.");
        var id = Guid.Parse((await applications.GetIdAsync(application, ct))!);
        var principal = IdentityClaims.Of(
            OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, id, request.ClientId!, AgentKind.Gateway, null);
        principal.SetDestinations(static _ => [OpenIddictConstants.Destinations.AccessToken]);
        return TypedResults.SignIn(principal, null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
