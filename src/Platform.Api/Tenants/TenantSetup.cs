using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Platform.Api.AiModels;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Tenants;

/// <summary>Makes tenants, people and gateway clients; for endpoints, the first start of a data folder, and scenarios of tests.</summary>
internal sealed class TenantSetup(
    IdentityDb identities,
    UserManager<Person> people,
    IOpenIddictApplicationManager applications,
    TenantScope scopes,
    InstalledPackages packages,
    AuditLog audit,
    TimeProvider clock)
{
    private const int SecretBytes = 32;

    /// <summary>The tenant's id, or null when the slug is taken.</summary>
    public async Task<Guid?> TryCreateTenantAsync(string slug, string name, DeidentificationPolicy policy, CancellationToken ct)
    {
        if (await identities.TenantNames.AnyAsync(t => t.Slug == slug, ct))
        {
            return null;
        }

        // The tenant's own row first: without a slug nobody can enter, so half a tenant is never seen.
        var (id, now) = (Guid.CreateVersion7(), clock.GetUtcNow());
        await scopes.RunAsync(
            id,
            async (db, token) =>
            {
                db.Tenants.Add(new Tenant { TenantId = id, Slug = slug, Name = name, Deidentification = policy, CreatedAt = now });
                audit.Record(db, "tenant.create", "tenant", id.ToString());
                await db.SaveChangesAsync(token);
                await packages.ActivateAsync(db, token);
            },
            ct);
        identities.TenantNames.Add(new TenantName { Id = id, Slug = slug, Name = name });
        try
        {
            await identities.SaveChangesAsync(ct);
            return id;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation)
        {
            identities.ChangeTracker.Clear();
            return null;
        }
    }

    public Task<Guid?> FindTenantAsync(string slug, CancellationToken ct) =>
        identities.TenantNames.Where(t => t.Slug == slug).Select(t => (Guid?)t.Id).SingleOrDefaultAsync(ct);

    /// <summary>A new person who is a member of the tenant; errors say what is wrong with e-mail or password.</summary>
    public async Task<(Guid Id, IReadOnlyList<IdentityError> Errors)> AddPersonAsync(
        Guid tenantId, string email, string displayName, string password, Role role, CancellationToken ct)
    {
        var (id, errors) = await AddPersonAsync(email, displayName, password, isPlatformOperator: false);
        if (errors.Count == 0)
        {
            identities.Memberships.Add(new Membership { TenantId = tenantId, IdentityId = id, Role = role });
            await identities.SaveChangesAsync(ct);
        }

        return (id, errors);
    }

    /// <summary>A new person who may create tenants and is a member of none.</summary>
    public Task<(Guid Id, IReadOnlyList<IdentityError> Errors)> AddPlatformOperatorAsync(string email, string displayName, string password) =>
        AddPersonAsync(email, displayName, password, isPlatformOperator: true);

    /// <summary>A client for <c>/connect/token</c>. The secret is told once and kept only as a hash.</summary>
    public async Task<GatewayClient> AddGatewayAsync(Guid tenantId, string name, CancellationToken ct)
    {
        var clientId = "gateway-" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
        var application = await applications.CreateAsync(
            new OpenIddictApplicationDescriptor
            {
                ClientId = clientId,
                ClientSecret = secret,
                ClientType = OpenIddictConstants.ClientTypes.Confidential,
                DisplayName = name,
                Permissions =
                {
                    OpenIddictConstants.Permissions.Endpoints.Token,
                    OpenIddictConstants.Permissions.GrantTypes.ClientCredentials,
                },
            },
            ct);
        var id = Guid.Parse((await applications.GetIdAsync(application, ct))!);
        identities.Memberships.Add(new Membership { TenantId = tenantId, IdentityId = id, Role = Role.Gateway });
        await identities.SaveChangesAsync(ct);
        return new GatewayClient(id, clientId, secret);
    }

    private async Task<(Guid Id, IReadOnlyList<IdentityError> Errors)> AddPersonAsync(
        string email, string displayName, string password, bool isPlatformOperator)
    {
        var person = new Person
        {
            Id = Guid.CreateVersion7(),
            UserName = email,
            Email = email,
            DisplayName = displayName,
            IsPlatformOperator = isPlatformOperator,
        };
        var result = await people.CreateAsync(person, password);
        return (person.Id, [.. result.Errors]);
    }
}

/// <summary>What a gateway needs to ask for tokens.</summary>
internal sealed record GatewayClient(Guid Id, string ClientId, string ClientSecret);
