using Platform.Contracts;
using Platform.Inference.Child;
using Platform.Inference.Engine;
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

    public void Dispose() => runs.Dispose();

    private static ComputeRequest Request(RunManifest run) => new(Guid.CreateVersion7(), run, IsVerified: true);
}
