using Npgsql;
using Platform.IntegrationTests.Services;
using Platform.Local.Postgres;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Local;

public class EmbeddedPostgresTests
{
    private const string DataVariable = "PLATFORM_TEST_POSTGRES_DATA";
    private const string Test = "Platform.IntegrationTests.Local.EmbeddedPostgresTests.Root_needs_no_user_namespace_and_the_data_go_from_one_way_to_the_other";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>In a changed root the kernel makes no user namespaces, as in most containers; the test runs itself again in one.</summary>
    [Fact]
    public async Task Root_needs_no_user_namespace_and_the_data_go_from_one_way_to_the_other()
    {
        await Checkout.PreparedAsync();
        if (Environment.GetEnvironmentVariable(DataVariable) is { } given)
        {
            await NoteAsync(given);
            await NoteAsync(Path.Combine(given, "new"));
            return;
        }

        var folder = TestFolder.Create("nonamespace");
        Assert.Equal(1, await NoteAsync(folder));
        var log = Path.Combine(folder, "run.log");
        if (Environment.IsPrivilegedProcess && await MayMountAsync(log))
        {
            var command = $"mkdir '{folder}/root' && mount --rbind / '{folder}/root' && exec chroot '{folder}/root' '{Environment.ProcessPath}' -method {Test}";
            await using var run = ServiceProcess.Start(new ServiceStart("unshare", ["--mount", "sh", "-c", command], "TERM", log)
            {
                Environment = new Dictionary<string, string> { [DataVariable] = folder },
            });
            Assert.True(await run.WaitForExitAsync(Ct) == 0, await File.ReadAllTextAsync(log, Ct));
            Assert.Equal(3, await NoteAsync(folder));
        }
    }

    /// <summary>Not in a container: there the test above has run without a namespace already.</summary>
    private static async Task<bool> MayMountAsync(string log)
    {
        await using var trial = ServiceProcess.Start(new ServiceStart("unshare", ["--mount", "true"], "TERM", log));
        return await trial.WaitForExitAsync(Ct) == 0;
    }

    /// <summary>Starts on the folder, notes that it was here, and tells how often it was.</summary>
    private static async Task<long> NoteAsync(string folder)
    {
        await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions(Checkout.PostgresPrograms, folder), Ct);
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(Ct);
        await using var note = new NpgsqlCommand(
            "create table if not exists notes (at timestamptz default now()); insert into notes default values; select count(*) from notes",
            connection);
        return (long)(await note.ExecuteScalarAsync(Ct))!;
    }
}
