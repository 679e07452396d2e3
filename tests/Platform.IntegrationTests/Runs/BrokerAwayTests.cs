using Platform.Api.Runs;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class BrokerAwayTests(TestServices services)
{
    /// <summary>A broker in recovery takes connections late, and the bus client pauses after each vain try.</summary>
    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(90);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_wait_while_the_broker_is_away_and_go_on_when_it_is_back()
    {
        await using var rabbit = await RabbitProcess.StartAsync(Ct);
        await using var api = await RunsApi.StartAsync(services, await rabbit.CreateVirtualHostAsync(Ct));
        var tenant = await api.AsTenantAsync("a");
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval / 2, Ct);
        var before = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        await tenant.BecomesAsync(before, RunStatus.Succeeded, Ct);
        await rabbit.SettleAsync(Ct);

        await rabbit.KillAsync();
        var meanwhile = await tenant.SendAsync(Ct); // taken and planned all the same
        await rabbit.RestartAsync(Ct);

        var run = await worker.NextAsync(Ct);
        Assert.Equal(meanwhile, run.Request.RunId);
        await run.SucceedAsync(Ct);
        await tenant.BecomesAsync(meanwhile, RunStatus.Succeeded, Ct, Reconnect);
    }

    [Fact]
    public async Task A_message_that_no_queue_takes_yet_waits_in_the_outbox()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);

        // A beat without a queue behind it: the worker's beats arrive before the broker has made its queue.
        await using (var herald = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval / 2, Ct, takesRuns: false))
        {
            await tenant.BecomesAsync(run, RunStatus.Dispatched, Ct);
            Assert.Equal(1, await api.CountUnsentAsync(Ct));
        }

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval / 2, Ct);
        var delivery = await worker.NextAsync(Ct);
        await delivery.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
    }
}
