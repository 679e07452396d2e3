using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.Api.Data;

/// <summary>One connection pool per database role.</summary>
internal sealed class RoleConnections : IAsyncDisposable
{
    public const string OwnerRole = "platform_owner";
    public const string AppRole = "platform_app";
    public const string IdentityRole = "platform_identity";
    public const string SystemRole = "platform_system";

    private const int PreparedStatements = 64;

    private readonly Lazy<NpgsqlDataSource> app;
    private readonly Lazy<NpgsqlDataSource> identity;
    private readonly Lazy<NpgsqlDataSource> system;

    public RoleConnections(IOptions<DatabaseOptions> options)
    {
        var database = options.Value;
        if (database.Admin is { } admin)
        {
            // Made anew at each start and set on the roles before the first connection, so that no password is kept anywhere.
            Passwords = new RolePasswords(NewPassword(), NewPassword(), NewPassword(), NewPassword());
            Owner = As(admin, OwnerRole, Passwords.Owner);
            (app, identity, system) = (
                Source(As(admin, AppRole, Passwords.App)),
                Source(As(admin, IdentityRole, Passwords.Identity)),
                Source(As(admin, SystemRole, Passwords.System)));
        }
        else
        {
            Owner = database.Owner;
            (app, identity, system) = (Source(database.App!), Source(database.Identity!), Source(database.System!));
        }

        Admin = database.Admin;
    }

    public NpgsqlDataSource App => app.Value;

    public NpgsqlDataSource Identity => identity.Value;

    public NpgsqlDataSource System => system.Value;

    /// <summary>Null when this host does not migrate.</summary>
    public string? Owner { get; }

    /// <summary>Null when roles are made elsewhere.</summary>
    public string? Admin { get; }

    /// <summary>Null when roles are made elsewhere.</summary>
    public RolePasswords? Passwords { get; }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in new[] { app, identity, system }.Where(s => s.IsValueCreated))
        {
            await source.Value.DisposeAsync();
        }
    }

    internal static string As(string admin, string role, string password) =>
        new NpgsqlConnectionStringBuilder(admin) { Username = role, Password = password }.ConnectionString;

    /// <summary>Statements that come again and again are parsed once for each connection, unless the configuration says otherwise.</summary>
    private static Lazy<NpgsqlDataSource> Source(string connection) => new(() =>
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        if (!connection.Contains("Max Auto Prepare", StringComparison.OrdinalIgnoreCase))
        {
            settings.MaxAutoPrepare = PreparedStatements;
        }

        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    });

    private static string NewPassword() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}

/// <summary>Passwords of the four roles.</summary>
internal sealed record RolePasswords(string Owner, string App, string Identity, string System)
{
    public IEnumerable<(string Role, string Password)> All =>
    [
        (RoleConnections.OwnerRole, Owner),
        (RoleConnections.AppRole, App),
        (RoleConnections.IdentityRole, Identity),
        (RoleConnections.SystemRole, System),
    ];
}
