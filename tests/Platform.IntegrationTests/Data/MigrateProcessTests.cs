using Npgsql;
using Platform.IntegrationTests.Services;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Data;

/// <summary><c>Platform.Api --migrate</c>, as an operator runs it before a new version starts.</summary>
public class MigrateProcessTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_makes_the_database_says_so_by_its_exit_code_and_does_nothing_the_second_time()
    {
        await using var postgres = await PostgresProcess.StartAsync(Ct);
        var admin = postgres.ConnectionString("platform");
        Assert.Equal(0, await MigrateAsync(admin));
        var first = await MigrationsAsync(admin);
        Assert.NotEmpty(first);

        Assert.Equal(0, await MigrateAsync(admin));
        Assert.Equal(first, await MigrationsAsync(admin));
    }

    [Fact]
    public async Task Without_a_database_to_migrate_it_fails()
    {
        // A password that the server does not take is no outage to be waited for.
        await using var postgres = await PostgresProcess.StartAsync(Ct);
        var nobody = new NpgsqlConnectionStringBuilder(postgres.ConnectionString("platform")) { Username = "nobody" };
        Assert.NotEqual(0, await MigrateAsync(nobody.ConnectionString));
    }

    private static async Task<int> MigrateAsync(string admin)
    {
        var folder = TestFolder.Create("migrate");
        var output = AppContext.BaseDirectory.Replace("Platform.IntegrationTests", "Platform.Api", StringComparison.Ordinal);
        await using var process = ServiceProcess.Start(new ServiceStart(
            "dotnet", [Path.Combine(output, "Platform.Api.dll"), "--migrate"], "TERM", Path.Combine(folder, "migrate.log"))
        {
            Environment = new Dictionary<string, string>
            {
                ["Database__Admin"] = admin,
                ["Bus__Transport"] = "InMemory",
                ["Blobs__Provider"] = "File",
                ["Blobs__Path"] = Path.Combine(folder, "blobs"),
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{Loopback.FreePort()}",
            },
            WorkingDirectory = folder,
        });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        return await process.WaitForExitAsync(limit.Token);
    }

    private static async Task<List<string>> MigrationsAsync(string admin)
    {
        await using var source = NpgsqlDataSource.Create(admin);
        await using var find = source.CreateCommand(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where tablename like '%igration%' order by 1");
        var found = new List<string>();
        await using (var tables = await find.ExecuteReaderAsync(Ct))
        {
            while (await tables.ReadAsync(Ct))
            {
                found.Add(tables.GetString(0));
            }
        }

        var rows = new List<string>();
        foreach (var table in found)
        {
#pragma warning disable CA2100 // The catalogue's own quoted names.
            await using var command = source.CreateCommand($"select t::text from {table} t order by 1");
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync(Ct);
            while (await reader.ReadAsync(Ct))
            {
                rows.Add($"{table} {reader.GetString(0)}");
            }
        }

        return rows;
    }
}
