namespace Platform.Benchmarks.Measuring;

/// <summary>Times of one contestant, repetition by repetition.</summary>
internal sealed record Timing(string Contestant, IReadOnlyList<TimeSpan> Times)
{
    public TimeSpan Median => TimeSpan.FromMilliseconds(Quantile(Times.Select(t => t.TotalMilliseconds), 0.5));

    public TimeSpan Fastest => Times.Min();

    public TimeSpan Slowest => Times.Max();

    /// <summary>
    /// This one's time by the other's, repetition by repetition: both were measured within moments of each other, so that a
    /// machine that is busy for a while slows both. Median and quartiles.
    /// </summary>
    public Ratio By(Timing other)
    {
        var ratios = Times.Zip(other.Times, (mine, theirs) => mine / theirs).ToList();
        return new Ratio(Quantile(ratios, 0.5), Quantile(ratios, 0.25), Quantile(ratios, 0.75));
    }

    private static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        var at = quantile * (sorted.Count - 1);
        var below = (int)Math.Floor(at);
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }
}

/// <summary>Median and quartiles of a ratio.</summary>
internal readonly record struct Ratio(double Median, double Lower, double Upper);
