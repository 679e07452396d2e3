using Npgsql;
using Xunit;

namespace Platform.IntegrationTests.Services;

public class ServicesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_database_comes_back_with_what_was_committed()
    {
        await using var postgres = await PostgresProcess.StartAsync(Ct);
        var name = await postgres.CreateDatabaseAsync(
            "template_numbers", target => ExecuteAsync(target, "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (7)"), Ct);
        await ExecuteAsync(postgres.ConnectionString(name), "SET synchronous_commit = on; INSERT INTO numbers VALUES (8)");

        // A new connection: the server process of an old one may live a moment longer than its killed parent.
        NpgsqlConnection.ClearAllPools();
        await postgres.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => SumAsync(postgres.ConnectionString(name)));
        await postgres.RestartAsync(Ct);

        Assert.Equal(15L, await SumAsync(postgres.ConnectionString(name)));
    }

    [Fact]
    public async Task A_killed_broker_comes_back_on_its_port()
    {
        await using var rabbit = await RabbitProcess.StartAsync(Ct);
        await rabbit.CreateVirtualHostAsync(Ct);
        await rabbit.KillAsync();
        await rabbit.RestartAsync(Ct);
        var bus = await rabbit.CreateVirtualHostAsync(Ct);
        Assert.Null(await rabbit.QueueDepthAsync(bus["Bus:VirtualHost"]!, "no-such-queue", Ct));
    }

    private static async Task ExecuteAsync(string target, string statement)
    {
        await using var connection = new NpgsqlConnection(target);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<long> SumAsync(string target)
    {
        await using var connection = new NpgsqlConnection(target);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT sum(n) FROM numbers", connection);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
