using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using OpenIddict.Validation.AspNetCore;

namespace Platform.Api.Security;

/// <summary>Who may do what: cookie sessions for people, tokens for programs, memberships looked up for each request.</summary>
internal static class SecurityServices
{
    private const string CookieOrToken = "CookieOrToken";
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    public static IServiceCollection AddPlatformSecurity(this IServiceCollection services)
    {
        services.AddOptions<IdentityOptions>().BindConfiguration(IdentityOptions.Section);
        services.AddHttpContextAccessor();
        services.AddSingleton<StoredKeys>();
        services.AddSingleton<TenantKeys>();
        services.AddSingleton<TenantDirectory>();
        services.AddScoped<CurrentTenant>();
        services.AddScoped<CurrentUser>();
        services.AddDataProtection().SetApplicationName("Platform").PersistKeysToDbContext<IdentityDb>();
        services.AddPeople();
        services.AddTokens();
        services.AddScoped<IAuthorizationHandler, TenantRoleHandler>();
        services.AddScoped<IAuthorizationHandler, PlatformOperatorHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddAuthorizationBuilder().AddPolicies();
        return services;
    }

    private static void AddPeople(this IServiceCollection services)
    {
        services
            .AddIdentityCore<Person>(options =>
            {
                options.User.RequireUniqueEmail = true;
                options.Password.RequiredLength = 12;
                // Length is what helps (NIST SP 800-63B §5.1.1.2); rules of composition make people write passwords down.
                options.Password.RequireDigit = options.Password.RequireLowercase = false;
                options.Password.RequireUppercase = options.Password.RequireNonAlphanumeric = false;
            })
            .AddEntityFrameworkStores<IdentityDb>();
        services.AddSingleton<IConfigureOptions<CookieAuthenticationOptions>, SessionCookie>();
        services
            .AddAuthentication(CookieOrToken)
            .AddPolicyScheme(CookieOrToken, null, options => options.ForwardDefaultSelector = SchemeOf)
            .AddCookie(IdentityConstants.ApplicationScheme);
    }

    private static string SchemeOf(HttpContext http) => http.Request.Headers.ContainsKey(HeaderNames.Authorization)
        ? OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme
        : IdentityConstants.ApplicationScheme;

    private static void AddTokens(this IServiceCollection services)
    {
        services.AddSingleton<TokenKeys>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenKeys>());
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>, TokenKeys.Loaded>();
        services.AddOptions<OpenIddictServerAspNetCoreOptions>().Configure<IOptions<IdentityOptions>>(
            (server, identity) => server.DisableTransportSecurityRequirement = identity.Value.AllowHttp);
        services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<IdentityDb>().ReplaceDefaultEntities<Guid>())
            .AddServer(server => server
                .SetTokenEndpointUris(Tokens.Path[1..])
                .AllowClientCredentialsFlow()
                .SetAccessTokenLifetime(TokenLifetime)
                .UseAspNetCore().EnableTokenEndpointPassthrough())
            .AddValidation(validation =>
            {
                validation.UseLocalServer();
                validation.UseAspNetCore();
            });
    }
}
