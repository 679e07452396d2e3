using Microsoft.Extensions.Options;
using Platform.Api.Runs;
using Platform.Contracts;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class WorkerRegistryTests
{
    private readonly Clock clock = new();
    private readonly WorkerRegistry workers;

    public WorkerRegistryTests() => workers = new WorkerRegistry(clock, Options.Create(new DispatchOptions()));

    [Fact]
    public void A_worker_unseen_for_three_beats_is_gone()
    {
        workers.Heard(Beat());
        clock.Now += TimeSpan.FromSeconds(15);
        Assert.Single(workers.Alive());
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(workers.Alive());
    }

    [Fact]
    public void A_pause_of_all_beats_starts_the_count_anew()
    {
        workers.Heard(Beat());
        var first = workers.BeatingSince();
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.Null(workers.BeatingSince());
        workers.Heard(Beat());
        Assert.Equal(first + TimeSpan.FromMinutes(1), workers.BeatingSince());
    }

    [Fact]
    public void A_run_is_remembered_after_its_worker_is_gone()
    {
        var run = new RunningRun(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), "infer", 0.5);
        workers.Heard(Beat(run));
        var listed = clock.Now;
        clock.Now += TimeSpan.FromMinutes(1);
        workers.Heard(Beat());
        Assert.Equal(listed, workers.LastListed(run.RunId));
        Assert.Null(workers.LastListed(Guid.CreateVersion7()));
    }

    [Fact]
    public void A_run_advances_with_a_new_phase_and_not_by_being_listed_again()
    {
        var run = new RunningRun(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), "Decode", 0.5);
        Assert.Equal([run], workers.Heard(Beat(run)));
        Assert.Empty(workers.Heard(Beat(run)));
        Assert.Equal([run with { Phase = "Infer" }], workers.Heard(Beat(run with { Phase = "Infer" })));
    }

    private WorkerBeat Beat(params RunningRun[] running) =>
        new(Guid.CreateVersion7(), "worker", "cpu", 2, running, [], 0, 0, false, clock.Now);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
