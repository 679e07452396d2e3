using System.Diagnostics;
using System.Globalization;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Kills;

/// <summary>
/// kill -9 of API, worker, PostgreSQL and RabbitMQ while studies of three tenants arrive. A kill counts when it hit something: a store, a publish,
/// a compute or a commit was under way at that instant.
/// </summary>
public class KillTests(TestServices services, ITestOutputHelper output)
{
    private static readonly TimeSpan LookFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettleWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ArriveWithin = TimeSpan.FromMinutes(10);

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    private static int Kills => IsLong ? 25 : 10;

    private static int Studies => IsLong ? 400 : 50;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_every_study_has_one_result_whatever_is_killed()
    {
        var seed = Environment.GetEnvironmentVariable("PLATFORM_KILL_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"seed {seed}; PLATFORM_KILL_SEED={seed} draws the same victims and pauses");
        var random = new Random(seed);
        var watch = Stopwatch.StartNew();
        await using var system = await KillSystem.StartAsync(services, Ct);
        using var sender = new KillSender(system) { LosesOneIn = 10 };
        List<Task> sending = [sender.SendAsync(Ct)];
        await sending[0].WaitAsync(SettleWithin, Ct);
        await EndAsync(system);
        await system.SettleAsync(Ct);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s: up, and one study has gone the whole way");

        // :: Step 1: the kills, each while its share of the studies arrives.
        foreach (var victim in Order(random))
        {
            string? what = null;
            while (what is null)
            {
                // Where nothing was under way in time, another share arrives.
                sending.AddRange(Enumerable.Range(0, Math.Max(1, Studies / Kills)).Select(_ => sender.SendAsync(Ct)));
                await Task.Delay(random.Next(20, 400), Ct);
                what = await FindInstantAsync(system, sender, victim);
            }

            await system.KillAsync(victim);
            output.WriteLine($"{watch.Elapsed.TotalSeconds:F1} s: killed {victim} during {what}");
            await Task.Delay(random.Next(0, 500), Ct);
            await system.RestartAsync(victim, Ct);
        }

        // :: Step 2: the rest arrives, everything settles.
        sending.AddRange(Enumerable.Range(0, Math.Max(0, Studies - sending.Count)).Select(_ => sender.SendAsync(Ct)));
        await Task.WhenAll(sending).WaitAsync(ArriveWithin, Ct);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s: {sending.Count} studies have arrived; requests: {sender.Count(RequestOutcome.Ok)} ok, "
            + $"{sender.Count(RequestOutcome.Fail)} refused, {sender.Count(RequestOutcome.Unknown)} unknown");
        await EndAsync(system);
        var attempts = await system.QueryAsync("select coalesce(outcome, 'none') || ' ' || count(*) from attempts group by outcome order by 1", Ct);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s: settled; attempts: {string.Join(", ", attempts.Select(a => a[0]))}");

        // :: Step 3: the history.
        var faults = await new KillHistory(system, sender).CheckAsync(Ct);
        output.WriteLine($"{watch.Elapsed.TotalSeconds:F0} s: checked");
        Assert.True(
            faults.Count == 0,
            string.Join('\n', faults.CountBy(f => f).Select(f => $"{f.Value} × {f.Key}").Append(system.Logs())));
    }

    /// <summary>Every kind as often as every other, in an order of the seed.</summary>
    private static List<Victim> Order(Random random)
    {
        var victims = Enumerable.Range(0, Kills).Select(i => (Victim)(i % 4)).ToArray();
        random.Shuffle(victims);
        return [.. victims];
    }

    /// <summary>Waits for an instant at which the victim has something to lose, and says what; null when none came.</summary>
    private static async Task<string?> FindInstantAsync(KillSystem system, KillSender sender, Victim victim)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < LookFor)
        {
            if (await system.LookAsync(Ct) is { } now)
            {
                var (store, publish, compute, commit) = (sender.Storing > 0, now.Publishes > 0, now.Computes > 0, now.Commits > 0);
                var hit = victim switch
                {
                    Victim.Api => (store, commit, publish, false),
                    Victim.Worker => (false, false, false, compute),
                    Victim.Postgres => (store && commit, commit, false, false),
                    _ => (false, false, publish, compute),
                };
                if (hit is not (false, false, false, false))
                {
                    return string.Join(" + ", Names(hit));
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), Ct);
        }

        return null;
    }

    private static IEnumerable<string> Names((bool Store, bool Commit, bool Publish, bool Compute) hit) =>
        new[] { (hit.Store, "store"), (hit.Commit, "commit"), (hit.Publish, "publish"), (hit.Compute, "compute") }
            .Where(h => h.Item1).Select(h => h.Item2);

    /// <summary>Until no run is on its way and no message waits; the history says what is left when time is up.</summary>
    private static async Task EndAsync(KillSystem system)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < SettleWithin)
        {
            var left = await system.QueryAsync(
                """
                select 1 from runs where status in ('Queued', 'Dispatched', 'Running')
                union all select 1 from outbox where sent_at is null
                union all select 1 from work_ready where kind like 'run-%'
                """,
                Ct);
            if (left.Count == 0)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        }
    }
}
