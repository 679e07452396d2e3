using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>One tenant's long queue and what others notice of it: real API, database and broker, one slot, runs of a fixed time.</summary>
public class FairnessTests(TestServices services)
{
    private const int Many = 2_000;
    private const int Measured = 9;
    private static readonly TimeSpan RunTime = TimeSpan.FromMilliseconds(300);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_with_one_run_waits_at_most_twice_as_long_beside_another_tenants_two_thousand()
    {
        await using var api = await RunsApi.StartAsync(services);
        var (many, one) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        await many.SendStudyAsync(4, Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        await using var served = new Serving(worker, RunTime);
        await WaitedAsync(one, served); // the first run of a process is slow for other reasons
        var quiet = new List<Waited>();
        for (var i = 0; i < Measured; i++)
        {
            quiet.Add(await WaitedAsync(one, served));
        }

        await QueueAsync(api, many, Many);
        await served.ReachAsync(served.Count + 2, Ct); // the other tenant's runs are being served
        var busy = new List<Waited>();
        for (var i = 0; i < Measured; i++)
        {
            // At every instant of the other tenant's runs alike; by itself each asking would come where the one before has ended.
            await Task.Delay(RunTime * i / Measured, Ct);
            busy.Add(await WaitedAsync(one, served));
        }

        // One that has the slot already, and one that may be on its way to it.
        Assert.All(busy, waited => Assert.InRange(waited.ServedBefore, 0, 2));
        var (alone, beside) = (Median(quiet), Median(busy));
        TestContext.Current.TestOutputHelper?.WriteLine($"ms alone {Listed(quiet)}; beside {Listed(busy)}");
        Assert.True(beside <= 2 * alone, $"Beside {Many} runs of another tenant a run waits {beside.TotalMilliseconds:0} ms, alone {alone.TotalMilliseconds:0} ms.");

        var before = served.Count;
        var stat = await QueueAsync(api, many, 1, Lane.Stat);
        await served.ReachAsync(stat[0], Ct);
        Assert.InRange(served.PlaceOf(stat[0]) - before, 0, 2);
        Assert.True(await CountQueuedAsync(api, many) > Many / 2);
    }

    [Fact]
    public async Task Runs_that_were_cancelled_while_they_waited_hold_nobody_up()
    {
        await using var api = await RunsApi.StartAsync(services, new Dictionary<string, string?> { ["Dispatch:Poll"] = "00:00:02" });
        var tenant = await api.AsTenantAsync("a");
        await tenant.PostAsync(await tenant.SendAsync(Ct), "cancel", Ct);
        foreach (var run in await QueueAsync(api, tenant, 40))
        {
            await tenant.PostAsync(run, "cancel", Ct);
        }

        var wanted = await tenant.SendAsync(Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var waited = Stopwatch.StartNew();
        Assert.Equal(wanted, (await worker.NextAsync(Ct)).Request.RunId);
        Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20)); // one look for each would be 80 s
    }

    /// <summary>From the word that a study is complete to the worker's result.</summary>
    private static async Task<Waited> WaitedAsync(TenantClient tenant, Serving served)
    {
        var (study, files) = TestStudy.Make(4);
        await tenant.StowAsync(files, Ct);
        var (since, before) = (Stopwatch.GetTimestamp(), served.Count);
        await tenant.CompleteAsync(study, Ct);
        var run = await tenant.RunOfAsync(study, Ct);
        await served.ReachAsync(run, Ct);
        return new Waited(Stopwatch.GetElapsedTime(since), served.PlaceOf(run) - before);
    }

    /// <summary>Rows as the API writes them, for one study under so many parameters.</summary>
    private static Task<List<Guid>> QueueAsync(RunsApi api, TenantClient tenant, int count, Lane lane = Lane.Routine) =>
        api.ReadAsync(
            tenant.TenantId,
            async (db, ct) =>
            {
                var study = await db.Studies.OrderBy(s => s.Id).FirstAsync(ct);
                var model = await db.AiModels.SingleAsync(ct);
                var runs = Enumerable.Range(0, count)
                    .Select(i => Run.Queue(study, model, new Dictionary<string, string> { ["level"] = $"{lane} {i}" }, lane, TimeProvider.System.GetUtcNow()))
                    .ToList();
                db.Runs.AddRange(runs);
                db.WorkReady.AddRange(runs.Select(r => new WorkReady
                {
                    TenantId = r.TenantId, Kind = RunWork.Queued, Lane = r.Lane.ToString(), Deadline = r.Deadline, Id = r.Id,
                }));
                await db.Database.ExecuteSqlAsync($"select pg_notify({RunWork.Channel}, '')", ct);
                await db.SaveChangesAsync(ct);
                return runs.ConvertAll(r => r.Id);
            },
            Ct);

    private static Task<int> CountQueuedAsync(RunsApi api, TenantClient tenant) =>
        api.ReadAsync(tenant.TenantId, (db, ct) => db.Runs.CountAsync(r => r.Status == RunStatus.Queued, ct), Ct);

    private static string Listed(List<Waited> waits) => string.Join(' ', waits.Select(w => $"{w.Time.TotalMilliseconds:0}"));

    private static TimeSpan Median(List<Waited> waits) => waits.Select(w => w.Time).Order().ElementAt(waits.Count / 2);

    /// <param name="ServedBefore">Runs of anybody that a worker took between the asking and this one.</param>
    private sealed record Waited(TimeSpan Time, int ServedBefore);

    /// <summary>A worker that takes one run after the other, each for the same time.</summary>
    private sealed class Serving : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = new();
        private readonly ConcurrentDictionary<Guid, int> places = [];
        private readonly SemaphoreSlim progress = new(0);
        private readonly Task serving;

        public Serving(ScriptedWorker worker, TimeSpan runTime) => serving = ServeAsync(worker, runTime);

        /// <summary>Runs that were taken so far.</summary>
        public int Count => places.Count;

        public int PlaceOf(Guid run) => places[run];

        public async Task ReachAsync(int count, CancellationToken ct)
        {
            while (places.Count < count)
            {
                await AdvanceAsync(ct);
            }
        }

        /// <summary>Waits until this run is done.</summary>
        public async Task ReachAsync(Guid run, CancellationToken ct)
        {
            while (!places.ContainsKey(run))
            {
                await AdvanceAsync(ct);
            }
        }

        private async Task AdvanceAsync(CancellationToken ct)
        {
            // Should serving fail, the test does.
            var advanced = progress.WaitAsync(ct);
            await await Task.WhenAny(advanced, serving);
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.Dispose();
            progress.Dispose();
        }

        private async Task ServeAsync(ScriptedWorker worker, TimeSpan runTime)
        {
            while (true)
            {
                var delivery = await worker.NextAsync(stopping.Token);
                var place = places.Count;
                await delivery.StartAsync(stopping.Token);
                await Task.Delay(runTime, stopping.Token); // what the run costs
                await delivery.SucceedAsync(stopping.Token);
                places[delivery.Request.RunId] = place;
                progress.Release();
            }
        }
    }
}
