namespace Platform.Api.Security;

/// <summary>What an identity may be in a tenant. Platform operators stand outside tenants.</summary>
internal enum Role
{
    TenantAdministrator,
    Uploader,
    Specialist,
    Viewer,
    Auditor,
    Gateway,
}
