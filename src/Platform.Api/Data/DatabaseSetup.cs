using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Security;

namespace Platform.Api.Data;

/// <summary>Makes the database, its roles and its tables. Each step may be repeated, and several hosts may start at once.</summary>
internal static class DatabaseSetup
{
    // Any fixed number: it names the lock under which roles and schemas are made.
    private const long SetupLock = 0x706C6174;

    /// <summary>With a superuser's connection: database, roles with these passwords, schemas; then migrations as the owner.</summary>
    public static async Task RunAsync(string admin, RolePasswords passwords, CancellationToken ct)
    {
        await PrepareAsync(admin, passwords, ct);
        await MigrateAsync(RoleConnections.As(admin, RoleConnections.OwnerRole, passwords.Owner), ct);
    }

    /// <summary>With a superuser's connection: database, roles with these passwords, schemas; no tables.</summary>
    public static async Task PrepareAsync(string admin, RolePasswords passwords, CancellationToken ct)
    {
        var target = new NpgsqlConnectionStringBuilder(admin);
        var database = target.Database ?? throw new InvalidOperationException("Database:Admin names no database.");
        var maintenance = new NpgsqlConnectionStringBuilder(admin) { Database = "postgres", Pooling = false };

        await using (var server = new NpgsqlConnection(maintenance.ConnectionString))
        {
            await server.OpenAsync(ct);
            // Roles belong to the whole server, so two hosts that start at once must take turns.
            await ExecuteAsync(server, $"SELECT pg_advisory_lock({SetupLock})", ct);
            foreach (var (role, password) in passwords.All)
            {
                await MakeRoleAsync(server, role, password, ct);
            }

            await MakeDatabaseAsync(server, database, ct);
        }

        target.Pooling = false;
        await using (var connection = new NpgsqlConnection(target.ConnectionString))
        {
            await connection.OpenAsync(ct);
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({SetupLock})", ct);
            await ExecuteAsync(connection, Schemas(database), ct);
        }
    }

    /// <summary>As role <c>platform_owner</c>: what a cloud installation does with each new version.</summary>
    public static async Task MigrateAsync(string owner, CancellationToken ct)
    {
        await using var source = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(owner) { Pooling = false }.ConnectionString).Build();
        // Hosts that start at once take turns: EF's own lock ends with each migration's transaction.
        await using var turn = await source.OpenConnectionAsync(ct);
        await ExecuteAsync(turn, $"SELECT pg_advisory_lock({SetupLock})", ct);
        await using (var identity = new IdentityDb(Options<IdentityDb>(source)))
        {
            await identity.Database.MigrateAsync(ct);
        }

        await using var platform = new PlatformDb(Options<PlatformDb>(source));
        await platform.Database.MigrateAsync(ct);
    }

    internal static DbContextOptions<T> Options<T>(NpgsqlDataSource source)
        where T : DbContext
    {
        var builder = new DbContextOptionsBuilder<T>();
        builder.UsePlatformNpgsql(source);
        return builder.Options;
    }

    private static async Task MakeRoleAsync(NpgsqlConnection server, string role, string password, CancellationToken ct)
    {
        // Role names are constants, and a password cannot be a parameter of a utility statement: quoting is PostgreSQL's own.
        await using var quote = new NpgsqlCommand("SELECT quote_literal($1), EXISTS (SELECT FROM pg_roles WHERE rolname = $2)", server)
        {
            Parameters = { new() { Value = password }, new() { Value = role } },
        };
        string literal;
        bool exists;
        await using (var reader = await quote.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            (literal, exists) = (reader.GetString(0), reader.GetBoolean(1));
        }

        const string Rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS";
        await ExecuteAsync(server, $"{(exists ? "ALTER" : "CREATE")} ROLE {role} {Rights} PASSWORD {literal}", ct);
    }

    private static async Task MakeDatabaseAsync(NpgsqlConnection server, string database, CancellationToken ct)
    {
        await using var exists = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", server)
        {
            Parameters = { new() { Value = database } },
        };
        if (await exists.ExecuteScalarAsync(ct) is not true)
        {
            await ExecuteAsync(server, $"CREATE DATABASE {Quote(database)} ENCODING 'UTF8' TEMPLATE template0", ct);
        }
    }

    private static string Schemas(string database) =>
        $"""
        REVOKE ALL ON DATABASE {Quote(database)} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {Quote(database)} TO platform_owner, platform_app, platform_identity, platform_system;
        ALTER SCHEMA public OWNER TO platform_owner;
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO platform_app, platform_system;
        CREATE SCHEMA IF NOT EXISTS {IdentityDb.Schema} AUTHORIZATION platform_owner;
        GRANT USAGE ON SCHEMA {IdentityDb.Schema} TO platform_identity;
        CREATE SCHEMA IF NOT EXISTS {MigrationHistory.Schema} AUTHORIZATION platform_owner;
        """;

    private static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
#pragma warning disable CA2100 // Statements of this file: constants, quoted identifiers and a literal quoted by the server.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct);
    }
}
