using Npgsql;
using Platform.Api.Data;
using Platform.IntegrationTests.Services;

namespace Platform.IntegrationTests.Hosts;

/// <summary>
/// A database for one host, copied from a migrated template, and the connection strings of its roles. Roles belong to the whole
/// server, so all databases of a test run share their passwords and no host may be given <c>Database:Admin</c>.
/// </summary>
internal static class ApiDatabase
{
    public static readonly RolePasswords Passwords = new("test-owner", "test-app", "test-identity", "test-system");

    private const string Template = "platform_template";

    /// <summary>Configuration of section <c>Database</c>, for a host of its own or of another process.</summary>
    public static async Task<Dictionary<string, string?>> CreateAsync(TestServices services, CancellationToken ct) =>
        await CreateAsync(await services.PostgresAsync(), ct);

    /// <inheritdoc cref="CreateAsync(TestServices, CancellationToken)"/>
    public static async Task<Dictionary<string, string?>> CreateAsync(PostgresProcess postgres, CancellationToken ct)
    {
        var name = await postgres.CreateDatabaseAsync(Template, admin => DatabaseSetup.RunAsync(admin, Passwords, CancellationToken.None), ct);
        return Settings(postgres.ConnectionString(name));
    }

    public static Dictionary<string, string?> Settings(string admin) => new()
    {
        ["Database:App"] = As(admin, RoleConnections.AppRole),
        ["Database:Identity"] = As(admin, RoleConnections.IdentityRole),
        ["Database:System"] = As(admin, RoleConnections.SystemRole),
    };

    public static string As(string admin, string role) =>
        RoleConnections.As(admin, role, Passwords.All.Single(p => p.Role == role).Password);

    /// <summary>The superuser's connection string to the database of these settings, to look behind everything.</summary>
    public static async Task<string> AdminAsync(TestServices services, IReadOnlyDictionary<string, string?> settings) =>
        (await services.PostgresAsync()).ConnectionString(new NpgsqlConnectionStringBuilder(settings["Database:App"]).Database!);
}
