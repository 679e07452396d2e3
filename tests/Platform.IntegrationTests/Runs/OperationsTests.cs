using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Api.Audit;
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
    public async Task An_operator_replays_a_tenants_runs_one_and_all_of_a_cause_and_that_tenants_log_tells_it()
    {
        await using var api = await RunsApi.StartAsync(services);
        var (tenant, other) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        var (study, first) = await StudyAndRunAsync(tenant);
        var (second, third, theirs) = (await tenant.SendAsync(Ct), await tenant.SendAsync(Ct), await other.SendAsync(Ct));
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        // A late beat may have a run delivered once more: that one's result is dropped, and counts for nothing here.
        using (var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct))
        {
            var crashing = CrashAsync(enough.Token);
            foreach (var (client, run) in new[] { (tenant, first), (tenant, second), (tenant, third), (other, theirs) })
            {
                await client.BecomesAsync(run, RunStatus.Quarantined, Ct);
            }

            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => crashing);
        }

        async Task CrashAsync(CancellationToken ct)
        {
            while (true)
            {
                var delivery = await worker.NextAsync(ct);
                await delivery.EndAsync(RunOutcome.Crashed, delivery.Request.RunId == first || delivery.Request.RunId == theirs ? "signal-11" : "memory-limit", Ct);
            }
        }

        // :: What an operator sees: causes and runs, no study.
        var platform = await api.AsOperatorAsync();
        var troubled = (await platform.GetFromJsonAsync<JsonElement>("operations", Ct)).GetProperty("troubled").EnumerateArray().ToList();
        Assert.Equal([("a", 3), ("b", 1)], troubled.ConvertAll(t => (t.GetProperty("tenant").GetString()!, t.GetProperty("quarantined").GetInt32())));
        var text = await platform.GetStringAsync("tenants/a/troubled-runs", Ct);
        Assert.DoesNotContain(study, text, StringComparison.Ordinal);
        var listed = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal(
            [("memory-limit", 2), ("signal-11", 1)],
            listed.GetProperty("causes").EnumerateArray().Select(c => (c.GetProperty("cause").GetString()!, c.GetProperty("runs").GetInt32())));
        Assert.Equal([third, second, first], listed.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("id").GetGuid()));

        // :: One, and nothing of another tenant, nor a run that is on its way.
        Assert.Equal(HttpStatusCode.NotFound, (await ReplayAsync(platform, "a", new { runIds = new[] { theirs } })).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await ReplayAsync(platform, "a", new { })).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await ReplayAsync(platform, "a", new { runIds = new[] { first }, cause = "signal-11" })).Status);
        var one = await ReplayAsync(platform, "a", new { runIds = new[] { first } });
        Assert.Equal((HttpStatusCode.OK, first), (one.Status, one.Body.GetProperty("replayed").EnumerateArray().Single().GetGuid()));
        Assert.Equal(first, (await ReplayAsync(platform, "a", new { runIds = new[] { first } })).Body.GetProperty("notReplayed")[0].GetGuid());
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        await tenant.BecomesAsync(first, RunStatus.Succeeded, Ct);

        // :: All of a cause.
        var all = await ReplayAsync(platform, "a", new { cause = "memory-limit" });
        Assert.Equal([second, third], all.Body.GetProperty("replayed").EnumerateArray().Select(r => r.GetGuid()));
        Assert.Equal(RunStatus.Quarantined, await other.StatusAsync(theirs, Ct));
        for (var i = 0; i < 2; i++)
        {
            await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        }

        await tenant.BecomesAsync(second, RunStatus.Succeeded, Ct);
        await tenant.BecomesAsync(third, RunStatus.Succeeded, Ct);

        // :: Who did it stands in that tenant's log alone.
        var events = await api.ReadAsync(tenant.TenantId, (db, ct) => Task.FromResult(db.AuditEvents.Where(e => e.Action == "run.replay").ToList()), Ct);
        Assert.Equal(new[] { first, second, third }.Order(), events.Select(e => Guid.Parse(e.EntityId)).Order());
        Assert.All(events, e => Assert.Equal(AgentKind.Operator, e.AgentKind));
        Assert.Single(events.Select(e => e.AgentId).Distinct());
        var looks = await api.ReadAsync(
            tenant.TenantId, (db, ct) => Task.FromResult(db.AuditEvents.Count(e => e.Action == "operations.read" && e.AgentKind == AgentKind.Operator)), Ct);
        Assert.Equal(1, looks);
        Assert.Equal(0, await api.ReadAsync(other.TenantId, (db, ct) => Task.FromResult(db.AuditEvents.Count(e => e.AgentKind == AgentKind.Operator)), Ct));
    }

    [Fact]
    public async Task A_run_that_a_person_stopped_is_no_operators_to_start()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await tenant.PostAsync(run, "cancel", Ct);
        await tenant.BecomesAsync(run, RunStatus.Cancelled, Ct);
        var answer = await ReplayAsync(await api.AsOperatorAsync(), "a", new { runIds = new[] { run } });
        Assert.Equal((HttpStatusCode.OK, run), (answer.Status, answer.Body.GetProperty("notReplayed")[0].GetGuid()));
        Assert.Equal(RunStatus.Cancelled, await tenant.StatusAsync(run, Ct));
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
        var platform = await api.AsOperatorAsync();
        var listed = (await platform.GetFromJsonAsync<JsonElement>("tenants/a/troubled-runs", Ct)).GetProperty("runs")[0];
        Assert.Equal(("dead-letter", 1, false), (
            listed.GetProperty("cause").GetString(), listed.GetProperty("deadLetters").GetInt32(), listed.GetProperty("canReplay").GetBoolean()));
        Assert.Equal(1, (await platform.GetFromJsonAsync<JsonElement>("operations", Ct)).GetProperty("troubled")[0].GetProperty("deadLetters").GetInt32());
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

    private static async Task<(string StudyUid, Guid Run)> StudyAndRunAsync(TenantClient tenant)
    {
        var study = await tenant.SendStudyAsync(4, Ct);
        return ((await tenant.StudyAsync(study, Ct)).GetProperty("studyInstanceUid").GetString()!, await tenant.RunOfAsync(study, Ct));
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> ReplayAsync(HttpClient platform, string slug, object body)
    {
        using var answer = await platform.PostAsJsonAsync($"tenants/{slug}/troubled-runs/replay", body, Ct);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Ct));
    }

    private static async Task LimitAsync(RunsApi api, double seconds)
    {
        using var answer = await (await api.AsOperatorAsync()).PutAsJsonAsync("tenants/a/limits", new { weight = 1, computeSecondsPerMonth = seconds }, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
