using Microsoft.AspNetCore.Authorization;

namespace Platform.Api.Security;

/// <summary>Who may do what.</summary>
internal static class SecurityServices
{
    public static IServiceCollection AddPlatformSecurity(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddScoped<CurrentTenant>();
        services.AddScoped<CurrentUser>();
        services.AddScoped<IAuthorizationHandler, TenantRoleHandler>();
        services.AddScoped<IAuthorizationHandler, PlatformOperatorHandler>();
        services.AddAuthorizationBuilder().AddPolicies();
        services.AddAuthentication();
        return services;
    }
}
