using System.Diagnostics;
using System.Globalization;
using Platform.IntegrationTests.Services;
using Platform.Local.Postgres;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Local;

public class ServiceProcessTests
{
    private const string ParentVariable = "PLATFORM_TEST_PARENT";
    private const string Test = "Platform.IntegrationTests.Local.ServiceProcessTests.A_database_whose_parent_is_killed_stops_and_starts_again_on_the_same_data";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_gets_the_signal_that_it_stops_on()
    {
        var log = Path.Combine(TestFolder.Create("service"), "log");
        await using var service = ServiceProcess.Start(new ServiceStart(
            "sh", ["-c", "trap 'echo asked; exit 7' USR1; echo up; while :; do sleep 0.05; done"], "USR1", log));
        await UntilAsync(() => File.Exists(log) && File.ReadAllText(log).Contains("up", StringComparison.Ordinal));

        await service.StopAsync(TimeSpan.FromSeconds(20));

        Assert.Contains("asked", await File.ReadAllTextAsync(log, Ct), StringComparison.Ordinal);
        Assert.Equal(7, await service.WaitForExitAsync(Ct));
    }

    /// <summary>The test runs itself again as the parent, and kills it.</summary>
    [Fact]
    public async Task A_database_whose_parent_is_killed_stops_and_starts_again_on_the_same_data()
    {
        await Checkout.PreparedAsync();
        if (Environment.GetEnvironmentVariable(ParentVariable) is { } given)
        {
            await using var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions(Checkout.PostgresPrograms, given), Ct);
            await File.WriteAllTextAsync(Path.Combine(given, "up"), "", Ct);
            await Task.Delay(Timeout.Infinite, Ct);
        }

        var folder = TestFolder.Create("orphan");
        var pidFile = Path.Combine(folder, "cluster", "postmaster.pid");
        await using var parent = ServiceProcess.Start(
            new ServiceStart(Environment.ProcessPath!, ["-method", Test], "KILL", Path.Combine(folder, "parent.log"))
            {
                Environment = new Dictionary<string, string> { [ParentVariable] = folder },
            });
        await UntilAsync(() => File.Exists(Path.Combine(folder, "up")));
        var server = int.Parse((await File.ReadAllLinesAsync(pidFile, Ct))[0], CultureInfo.InvariantCulture);

        await parent.KillAsync();
        await using (var again = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions(Checkout.PostgresPrograms, folder), Ct))
        {
            Assert.False(IsPostgres(server));
            Assert.True(again.Port > 0);
        }

        Assert.False(File.Exists(pidFile));
    }

    private static bool IsPostgres(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return File.ReadAllText($"/proc/{id}/cmdline").Contains("postgres", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }
}
