using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Platform.Api.Security;

/// <summary>The portal's cookie: same-origin only, unreadable for scripts, gone when the person's password changes.</summary>
internal sealed class SessionCookie(IOptions<IdentityOptions> identity, TimeProvider clock) : IConfigureNamedOptions<CookieAuthenticationOptions>
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);
    private static readonly TimeSpan StampAge = TimeSpan.FromMinutes(1);

    public void Configure(CookieAuthenticationOptions options) => Configure(null, options);

    public void Configure(string? name, CookieAuthenticationOptions options)
    {
        options.Cookie.Name = "platform-session";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = identity.Value.AllowHttp ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        options.ExpireTimeSpan = Lifetime;
        options.SlidingExpiration = true;
        options.Events.OnRedirectToLogin = context => Answer(context.HttpContext, StatusCodes.Status401Unauthorized);
        options.Events.OnRedirectToAccessDenied = context => Answer(context.HttpContext, StatusCodes.Status403Forbidden);
        options.Events.OnValidatePrincipal = ValidateAsync;
    }

    private static Task Answer(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (context.Properties.IssuedUtc is { } issued && clock.GetUtcNow() - issued < StampAge)
        {
            return;
        }

        var id = CurrentUser.IdOf(context.Principal);
        var stamp = context.Principal?.FindFirstValue(IdentityClaims.Stamp);
        var identities = context.HttpContext.RequestServices.GetRequiredService<IdentityDb>();
        if (await identities.Users.AnyAsync(p => p.Id == id && p.SecurityStamp == stamp, context.HttpContext.RequestAborted))
        {
            context.ShouldRenew = true;
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(context.Scheme.Name);
    }
}
