using System.Diagnostics;
using System.Text.Json;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Kills;

/// <summary>Two workers, of which one stands still, leaves or crashes in the midst of a run of some seconds; and a broker that loses everything.</summary>
public class WorkerTroubleTests(TestServices services, ITestOutputHelper output)
{
    private const string Ended = "('Succeeded', 'Failed', 'Cancelled', 'Quarantined')";
    private static readonly string[] Workers = ["north", "south"];
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);

    private static int Rounds => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1" ? 10 : 1;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_happens_to_workers_and_broker_costs_no_run()
    {
        await using var system = await KillSystem.StartAsync(services, Ct, new Dictionary<string, string?>
        {
            ["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/steady"),
            ["Inference:Threads"] = "1",
        });
        await system.KillAsync(Victim.Worker); // only workers with names
        foreach (var worker in Workers)
        {
            system.StartWorker(worker);
        }

        using var sender = new KillSender(system);
        await sender.SendAsync(Ct).WaitAsync(Within, Ct);
        await AllEndedAsync(system);
        await system.SettleAsync(Ct);
        for (var round = 1; round <= Rounds; round++)
        {
            await StopOneInItsMidstAsync(system, sender, round);
        }

        await LeaveInTheMidstAsync(system, sender);
        var poison = await AbortOneThreeTimesAsync(system, sender);
        await LoseTheBrokerAsync(system, sender);

        var faults = await new KillHistory(system, sender) { Quarantined = poison }.CheckAsync(Ct);
        Assert.True(faults.Count == 0, string.Join('\n', faults.Append(system.Logs())));
    }

    /// <summary>SIGSTOP, until another worker has the result; SIGCONT: the late one is seen and dropped.</summary>
    private async Task StopOneInItsMidstAsync(KillSystem system, KillSender sender, int round)
    {
        var study = await SendAsync(sender);
        var (attempt, worker) = await ComputingAsync(system, study.Id);
        system.Pause(worker);
        var watch = Stopwatch.StartNew();
        await EventuallyAsync(system, $"select 1 from runs r join attempts a on a.id = r.winning_attempt_id where {Of(study.Id)} and r.status = 'Succeeded' and a.worker_name <> '{worker}'");
        var other = watch.Elapsed;
        system.Pause(worker, goesOn: true);
        await EventuallyAsync(system, $"select 1 from attempts where id = '{attempt}' and outcome = 'Late'");
        output.WriteLine($"round {round}: {worker} stood still, the other had the result after {other.TotalSeconds:F1} s, the late one was dropped at {watch.Elapsed.TotalSeconds:F1} s");
    }

    /// <summary>SIGTERM: the run under way is finished and counts, what comes then is another worker's, and the worker leaves with 0.</summary>
    private async Task LeaveInTheMidstAsync(KillSystem system, KillSender sender)
    {
        var study = await SendAsync(sender);
        var (attempt, worker) = await ComputingAsync(system, study.Id);
        var watch = Stopwatch.StartNew();
        var leaving = system.LeaveAsync(worker, Ct);
        var later = await SendAsync(sender);
        Assert.Equal(0, await leaving);
        output.WriteLine($"{worker} was asked to leave and had left {watch.Elapsed.TotalSeconds:F1} s later");

        await EventuallyAsync(system, $"select 1 from runs r where {Of(study.Id)} and r.status = 'Succeeded' and r.winning_attempt_id = '{attempt}'");
        await EventuallyAsync(system, $"select 1 from runs r join attempts a on a.id = r.winning_attempt_id where {Of(later.Id)} and r.status = 'Succeeded' and a.worker_name <> '{worker}'");
        Assert.Single(await system.QueryAsync($"select 1 from attempts a join runs r on r.id = a.run_id where {Of(study.Id)}", Ct));
        system.StartWorker(worker);
    }

    /// <summary>One study's computation dies three times; the others, sent with it, have their results. The study's UID.</summary>
    private async Task<string> AbortOneThreeTimesAsync(KillSystem system, KillSender sender)
    {
        var poison = await SendAsync(sender);
        var others = Enumerable.Range(0, 3).Select(_ => sender.SendAsync(Ct)).ToList();
        var isEnded = $"select 1 from runs r where {Of(poison.Id)} and r.status in {Ended}";
        while ((await system.QueryAsync(isEnded, Ct)).Count == 0)
        {
            // A process that ends while it is being started is the worker's trouble, and not the study's: it is tried again, and does not count.
            var phase = (await RunAsync(sender, poison.Sent)).GetProperty("phase").GetString();
            var rows = await system.QueryAsync(Computing(poison.Id), Ct);
            if (phase is "Infer" or "Calibrate" && rows is [[Guid attempt, string worker], ..] && system.KillComputing(worker))
            {
                await EventuallyAsync(system, $"select 1 from attempts a join runs r on r.id = a.run_id where {Of(poison.Id)} and (a.id > '{attempt}' or a.id = '{attempt}' and a.outcome is not null)");
            }
        }

        await Task.WhenAll(others).WaitAsync(Within, Ct);
        await AllEndedAsync(system);
        var attempts = await system.QueryAsync(
            $"select a.outcome || ' ' || coalesce(a.reason_code, '') || ' ' || a.worker_name from attempts a join runs r on r.id = a.run_id where {Of(poison.Id)} order by a.id", Ct);
        output.WriteLine($"attempts: {string.Join(", ", attempts.Select(a => a[0]))}");
        var states = await system.QueryAsync($"select r.status, r.reason_code from runs r where {Of(poison.Id)}", Ct);
        Assert.Equal(["Quarantined", "child-died"], states.Single());
        Assert.Equal(3, attempts.Count(a => (string)a[0]! is ['C', 'r', ..]));
        output.WriteLine("three crashes, quarantined; three others unharmed");
        return poison.Sent.Uid;
    }

    /// <summary>Runs wait, are under way and are done when the broker's data is deleted.</summary>
    private async Task LoseTheBrokerAsync(KillSystem system, KillSender sender)
    {
        var sending = Enumerable.Range(0, 8).Select(_ => sender.SendAsync(Ct)).ToList();
        await Task.WhenAll(sending).WaitAsync(Within, Ct);
        await EventuallyAsync(system, "select 1 from runs where status = 'Running'");
        var waiting = await system.QueryAsync($"select 1 from runs where status not in {Ended}", Ct);
        Assert.NotEmpty(waiting);
        var watch = Stopwatch.StartNew();
        await system.LoseBrokerAsync(Ct);
        var back = watch.Elapsed;
        await AllEndedAsync(system);
        output.WriteLine($"{waiting.Count} runs were on their way; an empty broker was up after {back.TotalSeconds:F1} s, all had ended after {watch.Elapsed.TotalSeconds:F1} s");
    }

    /// <summary>The attempt that computes a study's run, and its worker's name.</summary>
    private static async Task<(Guid Attempt, string Worker)> ComputingAsync(KillSystem system, Guid study)
    {
        var rows = await EventuallyAsync(system, Computing(study));
        return ((Guid)rows[0][0]!, (string)rows[0][1]!);
    }

    private static string Computing(Guid study) =>
        $"select a.id, a.worker_name from attempts a join runs r on r.id = a.run_id where {Of(study)} and r.status = 'Running' and a.outcome is null order by a.id desc";

    private static string Of(Guid study) => $"r.study_id = '{study}'";

    /// <summary>A study that has been sent, and its id: the stored one may have another UID.</summary>
    private static async Task<(SentStudy Sent, Guid Id)> SendAsync(KillSender sender)
    {
        var study = await sender.SendAsync(Ct).WaitAsync(Within, Ct);
        return (study, (await StoredAsync(sender, study)).GetProperty("id").GetGuid());
    }

    private static async Task<JsonElement> StoredAsync(KillSender sender, SentStudy study) =>
        JsonSerializer.Deserialize<JsonElement>(await sender.GetAsync(study, $"studies/{study.Uid}", "application/json", Ct));

    private static async Task<JsonElement> RunAsync(KillSender sender, SentStudy study) =>
        (await StoredAsync(sender, study)).GetProperty("runs")[0];

    private static async Task AllEndedAsync(KillSystem system) => await EventuallyAsync(
        system, $"select 1 where not exists (select 1 from runs where status not in {Ended}) and not exists (select 1 from work_ready where kind like 'run-%')");

    private static async Task<List<object?[]>> EventuallyAsync(KillSystem system, string sql)
    {
        List<object?[]> rows = [];
        await EventuallyAsync(async () => (rows = await system.QueryAsync(sql, Ct)).Count > 0, () => $"{sql}\n{system.Logs()}");
        return rows;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> isSo, Func<string>? what = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(watch.Elapsed < Within, $"It did not come to this: {what?.Invoke()}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), Ct);
        }
    }
}
