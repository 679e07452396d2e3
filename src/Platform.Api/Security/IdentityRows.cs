using Microsoft.AspNetCore.Identity;

namespace Platform.Api.Security;

/// <summary>A person who signs in. People have no tenant; memberships say where they may act.</summary>
internal sealed class Person : IdentityUser<Guid>
{
    public string DisplayName { get; set; } = "";

    /// <summary>May create tenants; sees no tenant's data by that.</summary>
    public bool IsPlatformOperator { get; set; }
}

/// <summary>Slug and name of a tenant; found before any tenant's scope is open.</summary>
internal sealed class TenantName
{
    public Guid Id { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; set; }
}

/// <summary>A person or a gateway's client is a member of a tenant with a role.</summary>
internal sealed class Membership
{
    public Guid TenantId { get; init; }

    /// <summary>A person's id or a gateway client's id.</summary>
    public Guid IdentityId { get; init; }

    public Role Role { get; init; }
}

/// <summary>A person of elsewhere may act in a tenant, in one role, until it expires.</summary>
internal sealed class Grant
{
    public Guid Id { get; init; }

    public Guid TenantId { get; init; }

    public Guid PersonId { get; init; }

    public Role Role { get; init; }

    /// <summary>What it covers; <c>*</c> is the whole tenant.</summary>
    public required string Scope { get; init; }

    public required string Reason { get; init; }

    public Guid GrantedBy { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A key of the installation (token signing, token encryption) or of a tenant (UID mapping, pseudonyms, received HMAC).</summary>
internal sealed class StoredKey
{
    public Guid Id { get; init; }

    /// <summary>What it is for, e.g. <c>token-signing</c> or <c>tenant</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>Null for the installation's keys.</summary>
    public Guid? TenantId { get; init; }

    public required byte[] Secret { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}
