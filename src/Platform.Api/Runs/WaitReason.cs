using Platform.Api.Data;
using Platform.Api.Usage;

namespace Platform.Api.Runs;

/// <summary>What people are told of a run's state: its own reason, or, while it waits, what it waits for.</summary>
internal static class WaitReason
{
    public static async Task<(string? Code, string? Reason)> OfAsync(PlatformDb db, Run run, TimeProvider clock, CancellationToken ct) =>
        (await OfAsync(db, [run], clock, ct))(run);

    /// <summary>The same for many; asks the database only when it may matter.</summary>
    public static async Task<Func<Run, (string? Code, string? Reason)>> OfAsync(
        PlatformDb db, IReadOnlyCollection<Run> runs, TimeProvider clock, CancellationToken ct)
    {
        var quota = runs.Any(IsBound) ? await MonthlyQuota.ReadAsync(db, clock, ct) : null;
        return run => run switch
        {
            { Status: RunStatus.Waiting } => ("input-waiting", "It needs the result of another model on this study, which is still to come."),
            _ when IsBound(run) && quota?.Reason is { } reason => (MonthlyQuota.Code, reason),
            _ => (run.ReasonCode, run.Reason),
        };
    }

    private static bool IsBound(Run run) => run is { Status: RunStatus.Queued, Lane: Lane.Routine };
}
