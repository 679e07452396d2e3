using Platform.Api.AiModels;
using Platform.Api.Runs;
using Platform.Api.Studies;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class RunTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_third_crash_quarantines_with_its_cause()
    {
        var run = Queued();
        for (var i = 1; i <= 2; i++)
        {
            run.TryDispatch("blob", Now);
            Assert.True(run.TryCrash("crashed", $"Crash {i}.", Now));
            Assert.Equal(RunStatus.Queued, run.Status);
        }

        run.TryDispatch("blob", Now);
        Assert.True(run.TryCrash("timeout", "Crash 3.", Now));
        Assert.Equal((RunStatus.Quarantined, "timeout", "Crash 3."), (run.Status, run.ReasonCode, run.Reason));
        Assert.False(run.TryCrash("timeout", "Crash 4.", Now));
        Assert.Equal(3, run.Crashes);
    }

    [Fact]
    public void A_crash_while_another_attempt_computes_leaves_it_running()
    {
        var run = Queued();
        run.TryDispatch("blob", Now);
        run.TryStart(Now);
        Assert.True(run.TryCountCrash("crashed", "Crash.", Now));
        Assert.Equal((RunStatus.Running, 1), (run.Status, run.Crashes));
    }

    [Fact]
    public void Only_the_first_result_counts()
    {
        var run = Queued();
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Assert.True(run.TrySucceed(first, "hash", ["noise"], Now));
        Assert.False(run.TrySucceed(second, "other", [], Now));
        Assert.False(run.TryCancel(Now));
        Assert.False(run.TryRequeue());
        Assert.Equal((first, "hash"), (run.WinningAttemptId, run.ResultHash));
    }

    [Fact]
    public void A_retry_forgets_the_crashes_and_a_result_allows_none()
    {
        var run = Queued();
        Enumerable.Range(0, 3).ToList().ForEach(_ => run.TryCrash("crashed", "Crash.", Now));
        Assert.True(run.TryRetry());
        Assert.Equal((RunStatus.Queued, 0, null), (run.Status, run.Crashes, run.ReasonCode));
        run.TrySucceed(Guid.CreateVersion7(), "hash", [], Now);
        Assert.False(run.TryRetry());
    }

    [Fact]
    public void Parameters_in_another_order_are_the_same_parameters()
    {
        var one = Queued(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });
        var other = Queued(new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });
        Assert.Equal(one.ParametersHash, other.ParametersHash);
        Assert.NotEqual(one.ParametersHash, Queued().ParametersHash);
    }

    private static Run Queued(Dictionary<string, string>? parameters = null)
    {
        var study = new Study { Id = Guid.CreateVersion7(), StudyInstanceUid = "2.25.1", PatientPseudonym = "p" };
        var model = new AiModel { Name = "m", Version = "1", Hash = "h", PackageBlob = "b", Manifest = "{}" };
        return Run.Queue(study, model, parameters ?? [], Lane.Routine, Now);
    }
}
