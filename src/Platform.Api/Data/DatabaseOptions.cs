namespace Platform.Api.Data;

/// <summary>Section <c>Database</c>: connection strings, one per role.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary>
    /// A superuser's connection string, for one machine that owns its database (Local, tests): roles are made and migrated at start,
    /// and the other connection strings follow from it.
    /// </summary>
    public string? Admin { get; set; }

    /// <summary>Role <c>platform_app</c>.</summary>
    public string? App { get; set; }

    /// <summary>Role <c>platform_identity</c>.</summary>
    public string? Identity { get; set; }

    /// <summary>Role <c>platform_system</c>.</summary>
    public string? System { get; set; }

    /// <summary>Role <c>platform_owner</c>; when given, the host migrates at start.</summary>
    public string? Owner { get; set; }
}
