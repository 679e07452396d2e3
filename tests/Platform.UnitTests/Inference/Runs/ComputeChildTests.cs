using Platform.Contracts;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Platform.Inference.Worker;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Bounds of a run, on a real child process. The graph of the package "slow" takes minutes for its one patch.</summary>
public sealed class ComputeChildTests : IDisposable
{
    private static readonly TimeSpan Minutes = TimeSpan.FromMinutes(4);
    private readonly ChildRuns runs = new();

    [Theory]
    [InlineData(60, 1 << 20, "manifest")]
    [InlineData(2000, 60, "worker")]
    public async Task A_run_over_the_lesser_of_both_memory_limits_is_stopped(int manifestMb, int workerMiB, string whose)
    {
        using var child = await runs.StartAsync();
        var run = await runs.StoreAsync("slow", manifestMb);

        var crash = await Assert.ThrowsAsync<ChildCrashedException>(
            () => child.ComputeAsync(Request(run), Minutes, (long)workerMiB << 20, _ => { }, CancellationToken.None));

        Assert.Equal("memory-limit", crash.Code);
        Assert.Contains(whose, crash.Message, StringComparison.Ordinal);
        Assert.False(child.IsUsable);
    }

    [Fact]
    public async Task A_run_within_its_limits_is_left_alone()
    {
        using var child = await runs.StartAsync();

        var answer = await child.ComputeAsync(Request(await runs.StoreAsync("threshold")), Minutes, 4L << 30, _ => { }, CancellationToken.None);

        Assert.Equal((ComputeOutcome.Succeeded, null), (answer.Outcome, answer.ReasonCode));
    }

    [Fact]
    public async Task Cancelling_stops_within_a_patch_and_the_child_goes_on()
    {
        using var child = await runs.StartAsync();
        using var cancel = new CancellationTokenSource();
        void CancelInTheMidst(ComputeProgress report)
        {
            if (report.Phase == RunPhase.Infer)
            {
                cancel.Cancel();
            }
        }

        var answer = await child.ComputeAsync(Request(await runs.StoreAsync("slow")), Minutes, long.MaxValue, CancelInTheMidst, cancel.Token);

        // The child itself has answered: it was not killed for not listening.
        Assert.Equal(ComputeOutcome.Cancelled, answer.Outcome);
        Assert.True(child.IsUsable);
        var next = await child.ComputeAsync(Request(await runs.StoreAsync("threshold")), Minutes, long.MaxValue, _ => { }, CancellationToken.None);
        Assert.Equal(ComputeOutcome.Succeeded, next.Outcome);
    }

    [Fact]
    public async Task A_run_over_its_time_is_stopped()
    {
        using var child = await runs.StartAsync();
        var run = await runs.StoreAsync("slow");

        var crash = await Assert.ThrowsAsync<ChildCrashedException>(
            () => child.ComputeAsync(Request(run), TimeSpan.FromSeconds(1), long.MaxValue, _ => { }, CancellationToken.None));

        Assert.Equal("time-limit", crash.Code);
    }

    [Fact]
    public async Task A_run_ahead_prepares_and_waits_for_its_turn_beyond_its_time()
    {
        using ComputeChild computing = await runs.StartAsync(), ahead = await runs.StartAsync();
        var (slow, quick) = (await runs.StoreAsync("slow"), await runs.StoreAsync("threshold"));
        await WarmAsync(ahead, quick);
        var turns = new ComputeTurns(1);
        using var cancel = new CancellationTokenSource();
        var (infers, prepares) = (new TaskCompletionSource(), new TaskCompletionSource());
        var phases = new List<RunPhase>();

        var first = computing.ComputeAsync(Turned(slow), Minutes, long.MaxValue, Saw(RunPhase.Infer, infers), cancel.Token, turns);
        await infers.Task;
        var second = ahead.ComputeAsync(
            Turned(quick), TimeSpan.FromSeconds(2), long.MaxValue, Saw(RunPhase.Prepare, prepares) + (report => phases.Add(report.Phase)), CancellationToken.None, turns);
        await prepares.Task;
        await Task.WhenAny(second, Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken));

        Assert.False(second.IsCompleted);
        Assert.DoesNotContain(RunPhase.Infer, phases);
        await cancel.CancelAsync();
        Assert.Equal(ComputeOutcome.Cancelled, (await first).Outcome);
        Assert.Equal(ComputeOutcome.Succeeded, (await second).Outcome);
        Assert.Contains(RunPhase.Infer, phases);
        Assert.True(ahead.Waited > TimeSpan.FromSeconds(3));
        Assert.True(computing.Waited < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_child_that_dies_in_its_turn_gives_it_to_the_next()
    {
        using ComputeChild computing = await runs.StartAsync(), ahead = await runs.StartAsync();
        var turns = new ComputeTurns(1);
        var infers = new TaskCompletionSource();
        var first = computing.ComputeAsync(
            Turned(await runs.StoreAsync("slow")), Minutes, long.MaxValue, Saw(RunPhase.Infer, infers), CancellationToken.None, turns);
        await infers.Task;
        var second = ahead.ComputeAsync(Turned(await runs.StoreAsync("threshold")), Minutes, long.MaxValue, _ => { }, CancellationToken.None, turns);

        using var process = System.Diagnostics.Process.GetProcessById(computing.ProcessId);
        process.Kill();

        Assert.Equal("child-died", (await Assert.ThrowsAsync<ChildCrashedException>(() => first)).Code);
        Assert.Equal(ComputeOutcome.Succeeded, (await second).Outcome);
    }

    [Fact]
    public async Task Cancelling_a_run_that_waits_ends_it_and_leaves_the_other_alone()
    {
        using ComputeChild computing = await runs.StartAsync(), ahead = await runs.StartAsync();
        var turns = new ComputeTurns(1);
        using CancellationTokenSource cancel = new(), end = new();
        var infers = new TaskCompletionSource();
        var quick = await runs.StoreAsync("threshold");
        await WarmAsync(ahead, quick);
        var first = computing.ComputeAsync(
            Turned(await runs.StoreAsync("slow")), Minutes, long.MaxValue, Saw(RunPhase.Infer, infers), end.Token, turns);
        await infers.Task;
        var prepares = new TaskCompletionSource();
        var second = ahead.ComputeAsync(Turned(quick), Minutes, long.MaxValue, Saw(RunPhase.Prepare, prepares), cancel.Token, turns);
        await prepares.Task;

        await cancel.CancelAsync();

        Assert.Equal(ComputeOutcome.Cancelled, (await second).Outcome);
        Assert.True(ahead.IsUsable);
        Assert.False(first.IsCompleted);
        await end.CancelAsync();
        Assert.Equal(ComputeOutcome.Cancelled, (await first).Outcome);
        Assert.True(turns.TakeAsync(Guid.CreateVersion7()).IsCompleted);
    }


    public void Dispose() => runs.Dispose();

    private static ComputeRequest Request(RunManifest run) => new(Guid.CreateVersion7(), run, IsVerified: true);

    private static ComputeRequest Turned(RunManifest run) => Request(run) with { TakesTurns = true };

    private static Action<ComputeProgress> Saw(RunPhase phase, TaskCompletionSource seen) => report =>
    {
        if (report.Phase == phase)
        {
            seen.TrySetResult();
        }
    };

    /// <summary>Its model loaded and seen to be right, for which a child takes a turn of its own.</summary>
    private static async Task WarmAsync(ComputeChild child, RunManifest run) => Assert.Equal(
        ComputeOutcome.Succeeded, (await child.ComputeAsync(Request(run), Minutes, long.MaxValue, _ => { }, CancellationToken.None)).Outcome);
}
