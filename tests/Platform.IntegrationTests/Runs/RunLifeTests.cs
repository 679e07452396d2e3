using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Runs;
using Platform.Contracts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>The API's half of a run: real API, database and broker; the worker does what the test says.</summary>
public class RunLifeTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_complete_study_is_planned_dispatched_computed_and_its_findings_are_there()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        Assert.Equal(RunStatus.Queued, await tenant.StatusAsync(run, Ct)); // no worker yet

        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        Assert.Equal(run, delivery.Request.RunId);
        var manifest = await worker.ReadManifestAsync(delivery.Request, Ct);
        Assert.Equal(4, Assert.Single(manifest.Series).Instances.Count);
        await delivery.StartAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Running, Ct);
        await delivery.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);

        var body = await tenant.RunAsync(run, Ct);
        var finding = Assert.Single(body.GetProperty("findings").EnumerateArray());
        Assert.Equal("BRIGHT", finding.GetProperty("concept").GetProperty("value").GetString());
        Assert.Equal(delivery.AttemptId, body.GetProperty("winningAttemptId").GetGuid());
        await WorkIsSettledAsync(api);
    }

    [Fact]
    public async Task Asking_twice_for_the_same_run_returns_the_first()
    {
        await using var api = await RunsApi.StartWithClassesAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var study = await tenant.SendStudyAsync(4, Ct);
        var planned = await tenant.RunOfAsync(study, Ct);

        var again = await tenant.StartRunAsync(study, null, Ct, model: "sides");
        Assert.Equal((HttpStatusCode.OK, planned), (again.Status, again.Body.GetProperty("id").GetGuid()));

        var racers = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(_ => tenant.StartRunAsync(study, new Dictionary<string, string> { ["threshold.0"] = "0.7" }, Ct, model: "sides")));
        Assert.Single(racers, r => r.Status == HttpStatusCode.Accepted);
        Assert.Single(racers.Select(r => r.Body.GetProperty("id").GetGuid()).Distinct());
        Assert.NotEqual(planned, racers[0].Body.GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_study_that_no_model_takes_says_why()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var study = await tenant.SendStudyAsync(1, Ct);
        var body = await tenant.StudyAsync(study, Ct);
        Assert.Equal("too-few-slices", body.GetProperty("noAiCode").GetString());
        Assert.Empty(body.GetProperty("runs").EnumerateArray());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await tenant.StartRunAsync(study, null, Ct)).Status);
    }

    [Fact]
    public async Task A_tenant_with_one_run_does_not_wait_for_another_tenants_twenty()
    {
        await using var api = await RunsApi.StartWithClassesAsync(services);
        var (many, one) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        var study = await many.SendStudyAsync(4, Ct);
        for (var i = 0; i < 20; i++)
        {
            await many.StartRunAsync(study, new Dictionary<string, string> { ["threshold.0"] = $"0.1{i}" }, Ct, model: "sides");
        }

        var single = await one.SendAsync(Ct);
        var urgent = (await many.StartRunAsync(study, new Dictionary<string, string> { ["threshold.0"] = "0.9" }, Ct, "Stat", "sides")).Body.GetProperty("id").GetGuid();
        await using var worker = await WorkerAsync(api, 1);
        var order = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            var delivery = await worker.NextAsync(Ct);
            order.Add(delivery.Request.RunId);
            await delivery.StartAsync(Ct);
            await delivery.SucceedAsync(Ct);
        }

        Assert.Equal(urgent, order[0]);
        Assert.Contains(single, order.Take(3));
    }

    [Fact]
    public async Task No_more_runs_are_on_the_way_than_workers_have_slots()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        for (var i = 0; i < 5; i++)
        {
            await tenant.SendAsync(Ct);
        }

        await using var worker = await WorkerAsync(api, 2);
        var first = await worker.NextAsync(Ct);
        await worker.NextAsync(Ct);
        await Task.Delay(RunsApi.BeatInterval * 2, Ct); // time enough for a third, were one sent
        Assert.Equal(3, await CountAsync(api, tenant, RunStatus.Queued));
        await first.EndAsync(RunOutcome.Failed, "series-gap", Ct);
        await worker.NextAsync(Ct);
        Assert.Equal(2, await CountAsync(api, tenant, RunStatus.Queued));
    }

    [Fact]
    public async Task A_cancelled_run_stays_cancelled_and_can_be_asked_for_again()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Running, Ct);

        Assert.Equal(HttpStatusCode.OK, await tenant.PostAsync(run, "cancel", Ct));
        await delivery.SucceedAsync(Ct); // too late
        await AttemptBecomesAsync(api, tenant, delivery.AttemptId, AttemptOutcome.Late);
        Assert.Equal(RunStatus.Cancelled, await tenant.StatusAsync(run, Ct));

        Assert.Equal(HttpStatusCode.Accepted, await tenant.PostAsync(run, "retry", Ct));
        var second = await worker.NextAsync(Ct);
        Assert.Equal(run, second.Request.RunId);
        await second.SucceedAsync(Ct); // and never said that it started
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
        Assert.Equal(HttpStatusCode.Conflict, await tenant.PostAsync(run, "retry", Ct));
        Assert.Equal(HttpStatusCode.Conflict, await tenant.PostAsync(run, "cancel", Ct));
    }

    [Fact]
    public async Task Three_crashes_quarantine_a_run_and_nothing_else_does()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);
        for (var i = 0; i < Run.CrashesToQuarantine; i++)
        {
            var delivery = await worker.NextAsync(Ct);
            await delivery.StartAsync(Ct);
            await delivery.EndAsync(RunOutcome.Crashed, "signal-11", Ct);
        }

        await tenant.BecomesAsync(run, RunStatus.Quarantined, Ct);
        var body = await tenant.RunAsync(run, Ct);
        Assert.Equal((3, "signal-11"), (body.GetProperty("crashes").GetInt32(), body.GetProperty("reasonCode").GetString()));

        // It is not sent again. On a busy machine a delivery may have been sent twice before; that is what may still come.
        var requests = await api.CountRequestsAsync(run, Ct);
        var other = await tenant.SendAsync(Ct);
        var next = await worker.NextAsync(Ct);
        while (next.Request.RunId == run)
        {
            next.Acknowledge();
            next = await worker.NextAsync(Ct);
        }

        Assert.Equal(other, next.Request.RunId);
        Assert.Equal(requests, await api.CountRequestsAsync(run, Ct));
        await next.SucceedAsync(Ct);
        await tenant.BecomesAsync(other, RunStatus.Succeeded, Ct);
        await WorkIsSettledAsync(api);
    }

    [Fact]
    public async Task A_second_attempts_result_is_dropped()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        var second = Guid.CreateVersion7();
        var late = await worker.WriteResultAsync(tenant.TenantId, run, second, "another-hash", [], Ct);

        await delivery.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
        await worker.SendAsync(late, Ct);
        await AttemptBecomesAsync(api, tenant, second, AttemptOutcome.Late);
        await worker.SendAsync(new RunStarted(tenant.TenantId, run, second, worker.Id, "scripted", TimeProvider.System.GetUtcNow()), Ct);

        var body = await tenant.RunAsync(run, Ct);
        Assert.Equal("result-hash", body.GetProperty("resultHash").GetString());
        Assert.Single(body.GetProperty("findings").EnumerateArray());
        Assert.Equal(delivery.AttemptId, body.GetProperty("winningAttemptId").GetGuid());
    }

    [Fact]
    public async Task A_run_reads_what_had_arrived_when_it_was_planned()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (study, files) = TestStudy.Make(5);
        await tenant.StowAsync(files.Take(4), Ct);
        await tenant.CompleteAsync(study, Ct);
        var run = await tenant.RunOfAsync(study, Ct);
        await tenant.StowAsync(files.Skip(4), Ct); // before a worker is there that the run could go to

        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        Assert.Equal(run, delivery.Request.RunId);
        var manifest = await worker.ReadManifestAsync(delivery.Request, Ct);
        Assert.Equal(4, manifest.Series.Sum(s => s.Instances.Count));
        await delivery.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
    }

    [Fact]
    public async Task Of_two_results_that_arrive_together_one_is_taken()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Running, Ct);
        Guid[] attempts = [delivery.AttemptId, Guid.CreateVersion7()];

        // Without findings: those have a key of their own, which would refuse the second as well.
        var results = await Task.WhenAll(attempts.Select(
            (a, i) => worker.WriteResultAsync(tenant.TenantId, run, a, $"hash-{i}", [], Ct, hasFinding: false)));

        // Both look at the run before either may change it.
        await api.ReadAsync(
            tenant.TenantId,
            async (db, ct) =>
            {
                Assert.NotNull(await db.LockRunAsync(run, ct));
                await Task.WhenAll(results.Select(r => worker.SendAsync(r, ct)));
                await EventuallyAsync(async () =>
                    await db.Database.SqlQuery<int>($"select count(*)::int as \"Value\" from pg_locks where not granted").SingleAsync(ct) == 2);
                return true;
            },
            Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);

        var body = await tenant.RunAsync(run, Ct);
        var winner = Array.IndexOf(attempts, body.GetProperty("winningAttemptId").GetGuid());
        Assert.Equal($"hash-{winner}", body.GetProperty("resultHash").GetString());
        await AttemptBecomesAsync(api, tenant, attempts[1 - winner], AttemptOutcome.Late);
        Assert.Equal(1, await api.ReadAsync(
            tenant.TenantId, (db, ct) => db.Attempts.CountAsync(x => x.RunId == run && x.Outcome == AttemptOutcome.Succeeded, ct), Ct));
        delivery.Acknowledge();
    }

    [Fact]
    public async Task The_same_message_twice_counts_once()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);
        var delivery = await worker.NextAsync(Ct);
        var crash = new RunFinished(
            tenant.TenantId, run, delivery.AttemptId, worker.Id, RunOutcome.Crashed, null, null, "timeout", "Too long.", TimeProvider.System.GetUtcNow());
        for (var i = 0; i < 5; i++)
        {
            await worker.SendAsync(crash, Ct);
        }

        delivery.Acknowledge();
        var second = await worker.NextAsync(Ct);
        await second.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
        Assert.Equal(1, (await tenant.RunAsync(run, Ct)).GetProperty("crashes").GetInt32());
    }

    [Fact]
    public async Task Runs_of_a_life_before_are_queued_again_where_messages_died_with_it()
    {
        await using var api = await RunsApi.StartAsync(services, new Dictionary<string, string?> { ["Bus:Transport"] = "InMemory" });
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        var beat = new WorkerBeat(Guid.CreateVersion7(), "w", "cpu", 1, [], [], 0, 0, false, TimeProvider.System.GetUtcNow());
        api.Services.GetRequiredService<WorkerRegistry>().Heard(beat);
        await tenant.BecomesAsync(run, RunStatus.Dispatched, Ct);

        await api.RestartAsync(Ct);
        await (await api.AsTenantAsync("a")).BecomesAsync(run, RunStatus.Queued, Ct);
    }

    [Fact]
    public async Task A_result_that_is_not_what_the_worker_said_is_refused()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);

        var wrongHash = await worker.NextAsync(Ct);
        var message = await worker.WriteResultAsync(tenant.TenantId, run, wrongHash.AttemptId, "hash", [], Ct);
        await worker.SendAsync(message with { ResultSha256 = new string('0', 64) }, Ct);
        wrongHash.Acknowledge();
        await AttemptBecomesAsync(api, tenant, wrongHash.AttemptId, AttemptOutcome.Invalid);

        var absentObject = await worker.NextAsync(Ct);
        var elsewhere = BlobNames.Attempt(tenant.TenantId, run, absentObject.AttemptId, "seg.dcm");
        ResultObject[] objects = [new("1.2.840.10008.5.1.4.1.1.66.4", "2.25.3", "2.25.4", "1.2.840.10008.1.2.1", elsewhere, 9, new string('0', 64))];
        await worker.SendAsync(await worker.WriteResultAsync(tenant.TenantId, run, absentObject.AttemptId, "hash", objects, Ct), Ct);
        absentObject.Acknowledge();
        await AttemptBecomesAsync(api, tenant, absentObject.AttemptId, AttemptOutcome.Invalid);

        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
        Assert.Single((await tenant.RunAsync(run, Ct)).GetProperty("findings").EnumerateArray());
    }

    [Fact]
    public async Task An_object_with_other_bytes_than_the_worker_said_is_refused()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await WorkerAsync(api, 1);

        var delivery = await worker.NextAsync(Ct);
        var name = BlobNames.Attempt(tenant.TenantId, run, delivery.AttemptId, "seg.dcm");
        await worker.WriteAsync(name, new byte[9], Ct);
        ResultObject[] objects = [new("1.2.840.10008.5.1.4.1.1.66.4", "2.25.3", "2.25.4", "1.2.840.10008.1.2.1", name, 9, new string('0', 64))];
        await worker.SendAsync(await worker.WriteResultAsync(tenant.TenantId, run, delivery.AttemptId, "hash", objects, Ct), Ct);
        delivery.Acknowledge();

        await AttemptBecomesAsync(api, tenant, delivery.AttemptId, AttemptOutcome.Invalid);
        var attempt = (await tenant.RunAsync(run, Ct)).GetProperty("attempts").EnumerateArray()
            .Single(a => a.GetProperty("id").GetGuid() == delivery.AttemptId);
        Assert.Contains("hash", attempt.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_whose_worker_vanished_is_queued_again()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await using var worker = await WorkerAsync(api, 1);
        var run = await tenant.SendAsync(Ct);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Running, Ct);
        delivery.Acknowledge(); // and no RunFinished: the worker keeps beating and no longer lists it

        var again = await worker.NextAsync(Ct);
        Assert.Equal(run, again.Request.RunId);
        await AttemptBecomesAsync(api, tenant, delivery.AttemptId, AttemptOutcome.Lost);
        await again.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
        Assert.Equal(0, (await tenant.RunAsync(run, Ct)).GetProperty("crashes").GetInt32());
    }

    [Fact]
    public async Task Another_tenants_message_changes_nothing()
    {
        await using var api = await RunsApi.StartAsync(services);
        var (tenant, other) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        await using var worker = await WorkerAsync(api, 1);
        var run = await tenant.SendAsync(Ct);
        var delivery = await worker.NextAsync(Ct);
        await worker.SendAsync(
            new RunFinished(
                other.TenantId, run, delivery.AttemptId, worker.Id, RunOutcome.Failed, null, null, "forged", "Forged.", TimeProvider.System.GetUtcNow()),
            Ct);
        await delivery.SucceedAsync(Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);
    }

    private static Task<ScriptedWorker> WorkerAsync(RunsApi api, int slots) =>
        ScriptedWorker.StartAsync(api.Settings, slots, RunsApi.BeatInterval / 2, Ct);

    private static Task<int> CountAsync(RunsApi api, TenantClient tenant, RunStatus status) =>
        api.ReadAsync(tenant.TenantId, (db, ct) => db.Runs.CountAsync(r => r.Status == status, ct), Ct);

    private static async Task AttemptBecomesAsync(RunsApi api, TenantClient tenant, Guid attempt, AttemptOutcome outcome)
    {
        await EventuallyAsync(async () => await api.ReadAsync(
            tenant.TenantId, (db, ct) => db.Attempts.AnyAsync(a => a.Id == attempt && a.Outcome == outcome, ct), Ct));
    }

    /// <summary>Every slot is given back: nothing is left for the dispatcher to look at.</summary>
    private static Task WorkIsSettledAsync(RunsApi api) => EventuallyAsync(async () => await api.CountWorkAsync(Ct) == 0);

    private static async Task EventuallyAsync(Func<Task<bool>> isTrue)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await isTrue())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }
}
