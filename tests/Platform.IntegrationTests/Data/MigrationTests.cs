using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Security;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Data;

/// <summary>Data made now opens in the next version.</summary>
public class MigrationTests(TestServices services)
{
    private const string WriteVariable = "PLATFORM_WRITE_FILLED";

    private static readonly string Filled = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Data/filled-0.1.0.sql");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_migrations_say_what_the_entities_say()
    {
        await using var source = NpgsqlDataSource.Create("Host=nowhere");
        await using var platform = new PlatformDb(DatabaseSetup.Options<PlatformDb>(source));
        await using var identity = new IdentityDb(DatabaseSetup.Options<IdentityDb>(source));
        Assert.False(platform.Database.HasPendingModelChanges(), "PlatformDb has changed: run infra/migrations.");
        Assert.False(identity.Database.HasPendingModelChanges(), "IdentityDb has changed: run infra/migrations.");
    }

    [Fact]
    public async Task Setting_up_an_empty_server_twice_and_at_once_is_as_good_as_once()
    {
        var postgres = await services.PostgresAsync();
        var admin = postgres.ConnectionString("setup_" + Guid.CreateVersion7().ToString("N"));
        await Task.WhenAll(
            DatabaseSetup.RunAsync(admin, ApiDatabase.Passwords, Ct), DatabaseSetup.RunAsync(admin, ApiDatabase.Passwords, Ct));
        await DatabaseSetup.RunAsync(admin, ApiDatabase.Passwords, Ct);
        Assert.Equal(1L, await CountAsync(admin, "SELECT count(*) FROM pg_database WHERE datname = current_database()"));
        Assert.True(await CountAsync(admin, "SELECT count(*) FROM pg_policy") > 0);
    }

    [Fact]
    public async Task A_database_filled_by_version_0_1_0_opens_with_all_its_rows()
    {
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            await using var host = new IsolationMatrixTests.TwoTenants(services);
            await host.InitializeAsync();
            await FilledDatabase.WriteAsync(await ApiDatabase.AdminAsync(services, host.Settings), Filled, Ct);
        }

        var postgres = await services.PostgresAsync();
        var admin = postgres.ConnectionString("filled_" + Guid.CreateVersion7().ToString("N"));
        await FilledDatabase.RestoreAsync(admin, Filled, Ct);
        var before = await FilledDatabase.CountAsync(admin, Ct);

        await DatabaseSetup.RunAsync(admin, ApiDatabase.Passwords, Ct);

        var after = await FilledDatabase.CountAsync(admin, Ct);
        Assert.All(before, table => Assert.Equal(table.Value, after[table.Key]));
        Assert.True(before["public.instances"] > 0 && before["public.audit_events"] > 0 && before["identity.people"] > 0);
        await using var source = NpgsqlDataSource.Create(ApiDatabase.As(admin, RoleConnections.AppRole));
        var read = 0;
        foreach (var tenant in await FilledDatabase.AskAsync(admin, "SELECT id::text FROM identity.tenants", Ct))
        {
            await using var db = new PlatformDb(DatabaseSetup.Options<PlatformDb>(source));
            read += await TenantScope.AroundAsync(db, Guid.Parse(tenant), () => db.Instances.CountAsync(Ct), Ct);
        }

        Assert.Equal(before["public.instances"], read);
    }

    private static async Task<long> CountAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
