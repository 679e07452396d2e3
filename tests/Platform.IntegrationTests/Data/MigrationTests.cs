using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Data;

/// <summary>Data made now opens in the next version.</summary>
public class MigrationTests(TestServices services)
{
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

    private static async Task<long> CountAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
