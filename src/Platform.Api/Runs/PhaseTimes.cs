using Platform.Contracts;

namespace Platform.Api.Runs;

/// <summary>Half and nineteen of twenty runs needed at most so many seconds in a phase.</summary>
internal sealed record PhaseQuantiles(string Phase, double P50Seconds, double P95Seconds);

/// <summary>Where the time of the latest results went, of all tenants, as this process has committed them; no run is named.</summary>
internal sealed class PhaseTimes
{
    private const int Kept = 1_000;

    private readonly Lock gate = new();
    private readonly Queue<PhaseSeconds> latest = new(Kept);

    public int Count
    {
        get
        {
            lock (gate)
            {
                return latest.Count;
            }
        }
    }

    public void Add(PhaseSeconds seconds)
    {
        lock (gate)
        {
            if (latest.Count == Kept)
            {
                latest.Dequeue();
            }

            latest.Enqueue(seconds);
        }
    }

    public IReadOnlyList<PhaseQuantiles> Quantiles()
    {
        lock (gate)
        {
            return Quantiles([.. latest]);
        }
    }

    /// <summary>Nearest rank; nothing where nothing was measured.</summary>
    public static IReadOnlyList<PhaseQuantiles> Quantiles(IReadOnlyCollection<PhaseSeconds> runs)
    {
        if (runs.Count == 0)
        {
            return [];
        }

        return
        [
            Of(nameof(PhaseSeconds.Fetch), s => s.Fetch),
            Of(nameof(PhaseSeconds.Decode), s => s.Decode),
            Of(nameof(PhaseSeconds.Prepare), s => s.Prepare),
            Of(nameof(PhaseSeconds.Infer), s => s.Infer),
            Of(nameof(PhaseSeconds.Post), s => s.Post),
            Of(nameof(PhaseSeconds.Write), s => s.Write),
        ];

        PhaseQuantiles Of(string phase, Func<PhaseSeconds, double> select)
        {
            var sorted = runs.Select(select).Order().ToArray();
            return new PhaseQuantiles(phase, At(sorted, 0.5), At(sorted, 0.95));
        }
    }

    private static double At(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
