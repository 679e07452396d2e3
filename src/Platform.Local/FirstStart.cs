using Microsoft.AspNetCore.Identity;
using Platform.Api.AiModels;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Tenants;

namespace Platform.Local;

/// <summary>
/// Makes the tenant <c>demo</c>, its people, a platform operator and a gateway client. The file is written before the people are made, without the
/// client, so that a start that was cut off is taken up by the next one with the same passwords.
/// </summary>
internal static class FirstStart
{
    private const string Tenant = "demo";

    /// <summary>Without a role: the platform's operator, who is in no tenant.</summary>
    private static readonly (Role? Role, string Name, string DisplayName)[] People =
    [
        (Role.Uploader, "uploader", "Demo uploader"),
        (Role.Specialist, "specialist", "Demo specialist"),
        (Role.TenantAdministrator, "administrator", "Demo administrator"),
        (null, "operator", "Platform operator"),
    ];

    /// <summary>The credentials of this data folder, with this start's address.</summary>
    public static async Task<Credentials> RunAsync(IServiceProvider services, DataFolder folder, Uri url, CancellationToken ct)
    {
        var credentials = await Credentials.ReadAsync(folder.Credentials, ct) ?? new Credentials(
            url.OriginalString,
            Tenant,
            "",
            "",
            [.. People.Select(p => new LocalUser(p.Name, $"{p.Name}@{Tenant}.example", LocalUser.NewPassword()))]);
        credentials = credentials with { Url = url.OriginalString };
        await credentials.WriteAsync(folder.Credentials, ct);
        if (credentials.ClientId.Length > 0)
        {
            return credentials;
        }

        await using var scope = services.CreateAsyncScope();
        var setup = scope.ServiceProvider.GetRequiredService<TenantSetup>();
        var tenantId = await setup.TryCreateTenantAsync(Tenant, "Demo hospital", DeidentificationPolicy.Apply, ct)
            ?? await setup.FindTenantAsync(Tenant, ct)
            ?? throw new InvalidOperationException("The tenant demo neither exists nor can be made.");
        await AddPeopleAsync(setup, tenantId, credentials, ct);
        await ActivateModelsAsync(scope.ServiceProvider, tenantId, ct);

        var gateway = await setup.AddGatewayAsync(tenantId, "Demo gateway", ct);
        credentials = credentials with { ClientId = gateway.ClientId, ClientSecret = gateway.ClientSecret };
        await credentials.WriteAsync(folder.Credentials, ct);
        return credentials;
    }

    private static async Task AddPeopleAsync(TenantSetup setup, Guid tenantId, Credentials credentials, CancellationToken ct)
    {
        foreach (var ((role, _, displayName), user) in People.Zip(credentials.Users))
        {
            var (_, errors) = role is { } inTenant
                ? await setup.AddPersonAsync(tenantId, user.Email, displayName, user.Password, inTenant, ct)
                : await setup.AddPlatformOperatorAsync(user.Email, displayName, user.Password);
            var described = new IdentityErrorDescriber();
            if (errors.Any(e => e.Code != described.DuplicateUserName("").Code && e.Code != described.DuplicateEmail("").Code))
            {
                throw new InvalidOperationException(string.Join(' ', errors.Select(e => e.Description)));
            }
        }
    }

    private static Task<bool> ActivateModelsAsync(IServiceProvider services, Guid tenantId, CancellationToken ct) =>
        services.GetRequiredService<TenantScope>().RunAsync(
            tenantId,
            async (db, token) =>
            {
                await services.GetRequiredService<InstalledPackages>().ActivateAsync(db, token);
                return true;
            },
            ct);
}
