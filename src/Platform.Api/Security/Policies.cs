using Microsoft.AspNetCore.Authorization;

namespace Platform.Api.Security;

/// <summary>Names of what may be done; each is granted to some roles of the tenant in the URL.</summary>
internal static class Policy
{
    /// <summary>Any member of the tenant.</summary>
    public const string EnterTenant = nameof(EnterTenant);
    public const string ReadStudies = nameof(ReadStudies);
    public const string StoreStudies = nameof(StoreStudies);
    public const string StartRuns = nameof(StartRuns);
    public const string ReadModels = nameof(ReadModels);
    public const string ManageModels = nameof(ManageModels);
    public const string ManageTenant = nameof(ManageTenant);
    public const string ReadAudit = nameof(ReadAudit);

    /// <summary>To see images that may show who the patient is, and to release them to all readers.</summary>
    public const string LookAtHeldPixels = nameof(LookAtHeldPixels);

    /// <summary>Platform operators only; no tenant in the URL.</summary>
    public const string OperatePlatform = nameof(OperatePlatform);

    /// <summary>Anybody who has signed in; no tenant in the URL.</summary>
    public const string SignedIn = nameof(SignedIn);

    private static readonly Role[] Everyone = Enum.GetValues<Role>();

    public static void AddPolicies(this AuthorizationBuilder authorization) => authorization
        .AddTenantPolicy(EnterTenant, Everyone)
        .AddTenantPolicy(ReadStudies, Role.TenantAdministrator, Role.Uploader, Role.Specialist, Role.Viewer, Role.Gateway)
        .AddTenantPolicy(StoreStudies, Role.TenantAdministrator, Role.Uploader, Role.Gateway)
        .AddTenantPolicy(StartRuns, Role.TenantAdministrator, Role.Uploader, Role.Specialist)
        .AddTenantPolicy(ReadModels, Role.TenantAdministrator, Role.Uploader, Role.Specialist, Role.Viewer)
        .AddTenantPolicy(ManageModels, Role.TenantAdministrator)
        .AddTenantPolicy(ManageTenant, Role.TenantAdministrator)
        .AddTenantPolicy(ReadAudit, Role.TenantAdministrator, Role.Auditor)
        .AddTenantPolicy(LookAtHeldPixels, Role.TenantAdministrator)
        .AddPolicy(OperatePlatform, policy => policy.RequireAuthenticatedUser().AddRequirements(new PlatformOperatorRequirement()))
        .AddPolicy(SignedIn, policy => policy.RequireAuthenticatedUser())
        // Deny by default: an endpoint that names no policy is open to nobody.
        .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build());

    private static AuthorizationBuilder AddTenantPolicy(this AuthorizationBuilder authorization, string name, params Role[] roles) =>
        authorization.AddPolicy(name, policy => policy.RequireAuthenticatedUser().AddRequirements(new TenantRoleRequirement(roles)));
}

/// <summary>One of these roles in the tenant of the URL.</summary>
internal sealed record TenantRoleRequirement(IReadOnlyList<Role> Roles) : IAuthorizationRequirement;

internal sealed record PlatformOperatorRequirement : IAuthorizationRequirement;

/// <summary>Roles come from the membership that was looked up for this request, never from a claim.</summary>
internal sealed class TenantRoleHandler(CurrentTenant tenant) : AuthorizationHandler<TenantRoleRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, TenantRoleRequirement requirement)
    {
        if (tenant.IsEntered && tenant.Roles.Any(requirement.Roles.Contains))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

internal sealed class PlatformOperatorHandler(CurrentUser user) : AuthorizationHandler<PlatformOperatorRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PlatformOperatorRequirement requirement)
    {
        if (await user.IsPlatformOperatorAsync())
        {
            context.Succeed(requirement);
        }
    }
}
