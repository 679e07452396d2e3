using System.Diagnostics;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Kills;

/// <summary>Two API processes on one database: one of them dispatches, and when it is killed the other does.</summary>
public class FailoverTests(TestServices services, ITestOutputHelper output)
{
    private const int Studies = 6;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_the_replica_that_dispatches_is_killed_the_other_goes_on()
    {
        await using var system = await KillSystem.StartAsync(services, Ct);
        var leader = await EventuallyAsync(() => system.LeaderAsync(Ct));
        using var sender = new KillSender(system, await system.StartReplicaAsync(Ct));

        // The second replica takes studies, the first dispatches them.
        await sender.SendAsync(Ct).WaitAsync(Within, Ct);
        Assert.Equal(leader, await system.LeaderAsync(Ct));

        var sending = Enumerable.Range(0, Studies).Select(_ => sender.SendAsync(Ct)).ToList();
        var watch = Stopwatch.StartNew();
        await system.KillAsync(Victim.Api);
        var next = await EventuallyAsync(async () => await system.LeaderAsync(Ct) is { } port && port != leader ? port : (int?)null);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:F1} s after the kill the other replica leads");
        Assert.NotEqual(leader, next);

        await Task.WhenAll(sending).WaitAsync(Within, Ct);
        await EventuallyAsync(
            async () => (await system.QueryAsync("select 1 from work_ready where kind like 'run-%'", Ct)).Count == 0 ? 0 : (int?)null);
        Assert.Equal(0, sender.Count(RequestOutcome.Unknown)); // the replica that answers was never away
        Assert.Empty(await new KillHistory(system, sender).CheckAsync(Ct));
    }

    private static async Task<int> EventuallyAsync(Func<Task<int?>> look)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            Assert.True(watch.Elapsed < Within, "It did not happen in a minute.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), Ct);
        }
    }
}
