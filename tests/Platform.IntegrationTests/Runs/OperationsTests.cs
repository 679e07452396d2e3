using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Api.Runs;
using Platform.Contracts;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>Usage, quota, replay and what administrators see of the work.</summary>
public class OperationsTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Device_time_is_counted_and_beyond_the_months_quota_routine_runs_wait_and_urgent_ones_do_not()
    {
        await using var api = await RunsApi.StartWithClassesAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var first = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct, computeSeconds: 12.5);
        await tenant.BecomesAsync(first, RunStatus.Succeeded, Ct);
        var usage = await tenant.GetAsync("usage", Ct);
        var day = Assert.Single(usage.GetProperty("days").EnumerateArray());
        Assert.Equal(("sides", "cpu", 1, 12.5), (
            day.GetProperty("model").GetString(), day.GetProperty("device").GetString(),
            day.GetProperty("attempts").GetInt32(), day.GetProperty("computeSeconds").GetDouble()));

        await LimitAsync(api, 12);
        var routine = await tenant.SendAsync(Ct);
        var urgent = (await tenant.StartRunAsync(await tenant.SendStudyAsync(4, Ct), new Dictionary<string, string> { ["threshold.0"] = "0.7" }, Ct, "Stat", "sides"))
            .Body.GetProperty("id").GetGuid();
        var delivery = await worker.NextAsync(Ct);
        Assert.Equal(urgent, delivery.Request.RunId);
        await delivery.SucceedAsync(Ct, computeSeconds: 0.5);
        await tenant.BecomesAsync(urgent, RunStatus.Succeeded, Ct);
        var waiting = await tenant.RunAsync(routine, Ct);
        Assert.Equal(("Queued", "quota"), (waiting.GetProperty("status").GetString(), waiting.GetProperty("reasonCode").GetString()));
        Assert.True((await tenant.GetAsync("usage", Ct)).GetProperty("month").GetProperty("isUsedUp").GetBoolean());
        Assert.False(worker.TryNext(out _));

        await LimitAsync(api, 100);
        Assert.Equal(routine, (await worker.NextAsync(Ct)).Request.RunId);
        Assert.Null((await tenant.RunAsync(routine, Ct)).GetProperty("reasonCode").GetString());
    }

    [Fact]
    public async Task Quarantined_runs_are_listed_and_an_administrator_replays_them()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        for (var i = 0; i < Run.CrashesToQuarantine; i++)
        {
            await (await worker.NextAsync(Ct)).EndAsync(RunOutcome.Crashed, "signal-11", Ct);
        }

        await tenant.BecomesAsync(run, RunStatus.Quarantined, Ct);
        var listed = Assert.Single((await tenant.GetAsync("operations", Ct)).GetProperty("quarantined").EnumerateArray());
        Assert.Equal((run, "signal-11"), (listed.GetProperty("runId").GetGuid(), listed.GetProperty("reasonCode").GetString()));
        var platform = await (await api.AsOperatorAsync()).GetFromJsonAsync<JsonElement>("operations", Ct);
        Assert.Equal(1, platform.GetProperty("troubled").EnumerateArray().Single().GetProperty("quarantined").GetInt32());

        var (status, body) = await tenant.SendAsync(HttpMethod.Post, "runs/replay", new { }, Ct);
        Assert.Equal((HttpStatusCode.OK, run), (status, body.GetProperty("replayed")[0].GetGuid()));
        var again = await worker.NextAsync(Ct);
        Assert.Equal(run, again.Request.RunId);
        var twice = await tenant.SendAsync(HttpMethod.Post, "runs/replay", new { runIds = new[] { run } }, Ct);
        Assert.Equal(run, twice.Body.GetProperty("notReplayed")[0].GetGuid());
        var events = await api.ReadAsync(tenant.TenantId, (db, ct) => Task.FromResult(db.AuditEvents.Count(e => e.Action == "run.replay")), Ct);
        Assert.Equal(1, events);
        await again.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
    }

    [Fact]
    public async Task A_dead_letter_is_listed_and_its_run_goes_on()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var delivery = await worker.NextAsync(Ct);
        await worker.SendToDeadLetterAsync(delivery.Request, Ct);
        await Wait.UntilAsync(
            async () => (await tenant.GetAsync("operations", Ct)).GetProperty("deadLetters").GetArrayLength() == 1, Ct);
        delivery.Acknowledge();
        var again = await worker.NextAsync(Ct);
        Assert.Equal(run, again.Request.RunId);
        await again.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
    }

    [Fact]
    public async Task Administrators_see_queue_workers_and_time_per_phase()
    {
        await using var api = await RunsApi.StartAsync(services);
        var (tenant, other) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var done = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        await tenant.BecomesAsync(done, RunStatus.Succeeded, Ct);
        await tenant.SendAsync(Ct);
        await worker.NextAsync(Ct);
        await tenant.SendAsync(Ct);
        await other.SendAsync(Ct);

        var mine = await tenant.GetAsync("operations", Ct);
        var routine = mine.GetProperty("queue").EnumerateArray().Single(q => q.GetProperty("lane").GetString() == "Routine");
        Assert.Equal((1, 1), (
            routine.GetProperty("queued").GetInt32(), routine.GetProperty("dispatched").GetInt32() + routine.GetProperty("running").GetInt32()));
        var model = Assert.Single(mine.GetProperty("models").EnumerateArray());
        Assert.Equal((1, 0.4), (model.GetProperty("runs").GetInt32(), model.GetProperty("phases")[3].GetProperty("p95Seconds").GetDouble()));
        Assert.Equal(1, Assert.Single(mine.GetProperty("devices").EnumerateArray()).GetProperty("slots").GetInt32());

        var all = await (await api.AsOperatorAsync()).GetFromJsonAsync<JsonElement>("operations", Ct);
        Assert.Equal(["a", "b"], all.GetProperty("queue").EnumerateArray().Select(q => q.GetProperty("tenant").GetString()).Order());
        var beating = Assert.Single(all.GetProperty("workers").EnumerateArray());
        Assert.Equal(("scripted", JsonValueKind.Null), (beating.GetProperty("name").GetString(), beating.GetProperty("gpus").ValueKind));
        Assert.Equal(6, all.GetProperty("phases").GetArrayLength());
    }

    private static async Task LimitAsync(RunsApi api, double seconds)
    {
        using var answer = await (await api.AsOperatorAsync()).PutAsJsonAsync("tenants/a/limits", new { weight = 1, computeSecondsPerMonth = seconds }, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
