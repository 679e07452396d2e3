using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Platform.Local.Postgres;

namespace Platform.IntegrationTests.Services;

/// <summary>A PostgreSQL server for tests, the same that <c>infra/run</c> starts. fsync is off: tests kill processes, not machines.</summary>
public sealed class PostgresProcess : IAsyncDisposable
{
    private readonly EmbeddedPostgres server;
    private readonly string folder;
    private readonly ConcurrentDictionary<string, Lazy<Task>> templates = new(StringComparer.Ordinal);
    private int databases;

    private PostgresProcess(EmbeddedPostgres server, string folder) => (this.server, this.folder) = (server, folder);

    public int Port => server.Port;

    /// <param name="keepsCommits">
    /// Whether a commit that was answered survives a kill of the server: it does where the log is written, though not flushed, first.
    /// </param>
    public static async Task<PostgresProcess> StartAsync(CancellationToken ct, bool keepsCommits = false)
    {
        await Checkout.PreparedAsync();
        var folder = TestFolder.Create("postgres");
        var options = new EmbeddedPostgresOptions(Checkout.PostgresPrograms, folder)
        {
            Settings = new Dictionary<string, string>
            {
                ["fsync"] = "off",
                ["synchronous_commit"] = keepsCommits ? "on" : "off",
                ["full_page_writes"] = "off",
                ["max_connections"] = "300",
            },
        };
        return new PostgresProcess(await EmbeddedPostgres.StartAsync(options, ct), folder);
    }

    /// <summary>Connection string of the superuser to a database.</summary>
    public string ConnectionString(string database) => server.ConnectionString(database);

    /// <summary>A new database for one test; returns its name. <paramref name="template"/> is a database that nobody is connected to.</summary>
    public async Task<string> CreateDatabaseAsync(string? template, CancellationToken ct)
    {
        var name = "test_" + Interlocked.Increment(ref databases).ToString(CultureInfo.InvariantCulture);
        await ExecuteAsync($"CREATE DATABASE {name}" + (template is null ? "" : $" TEMPLATE {template} STRATEGY FILE_COPY"), ct);
        return name;
    }

    /// <summary>
    /// A new database that is a copy of one that <paramref name="migrate"/> filled; it runs once per name and server, with the
    /// connection string of the superuser, and must close its connections.
    /// </summary>
    public async Task<string> CreateDatabaseAsync(string templateName, Func<string, Task> migrate, CancellationToken ct)
    {
        await templates.GetOrAdd(templateName, name => new Lazy<Task>(async () =>
        {
            await ExecuteAsync($"CREATE DATABASE {name}", CancellationToken.None);
            await migrate(ConnectionString(name));
            NpgsqlConnection.ClearAllPools();
            await ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false", CancellationToken.None);
        })).Value;
        return await CreateDatabaseAsync(templateName, ct);
    }

    /// <summary>kill -9 of the server and its workers.</summary>
    public Task KillAsync() => server.KillAsync();

    public Task StopAsync() => server.StopAsync();

    /// <summary>Starts it again on the same port and data.</summary>
    public Task RestartAsync(CancellationToken ct) => server.StartAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        TestFolder.Remove(folder);
    }

    private async Task ExecuteAsync(string statement, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
