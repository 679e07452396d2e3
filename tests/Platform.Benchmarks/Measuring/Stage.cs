using System.Diagnostics;

namespace Platform.Benchmarks.Measuring;

/// <summary>One who is measured: what to do in a repetition, and how long it took. Negative repetitions are warm-ups.</summary>
internal sealed record Contestant(string Name, Func<int, Task<TimeSpan>> TimeAsync)
{
    /// <summary>One whose time is what passes while it works.</summary>
    public Contestant(string name, Func<int, Task> doAsync)
        : this(name, async repetition =>
        {
            var started = Stopwatch.GetTimestamp();
            await doAsync(repetition);
            return Stopwatch.GetElapsedTime(started);
        })
    {
    }
}

/// <summary>Measures contestants in turn, A/B/A/B, and keeps what came out.</summary>
internal sealed class Stage(bool isQuick)
{
    private readonly List<Measurement> measurements = [];

    private readonly List<string> notes = [];

    public IReadOnlyList<string> Notes => notes;

    public IReadOnlyList<Measurement> Measurements => measurements;

    /// <param name="what">One row of the table: what is done.</param>
    /// <param name="amount">How much, e.g. "40 × 512 KiB".</param>
    /// <param name="prepare">Outside the time, before each repetition.</param>
    public async Task MeasureAsync(
        string what, string amount, int repetitions, IReadOnlyList<Contestant> contestants, Action<int>? prepare = null)
    {
        var warmUps = isQuick ? 1 : 2;
        repetitions = isQuick ? Math.Max(3, repetitions / 3) : repetitions;
        var times = contestants.ToDictionary(c => c, _ => new List<TimeSpan>());
        for (var repetition = -warmUps; repetition < repetitions; repetition++)
        {
            prepare?.Invoke(repetition);

            // Who comes first meets the caches of who came last: take turns.
            var shift = (repetition + warmUps) % contestants.Count;
            foreach (var contestant in contestants.Skip(shift).Concat(contestants.Take(shift)))
            {
                var time = await contestant.TimeAsync(repetition);
                if (repetition >= 0)
                {
                    times[contestant].Add(time);
                }
            }
        }

        Keep(new Measurement(what, amount, [.. contestants.Select(c => new Timing(c.Name, times[c]))]));
    }

    /// <summary>A line below the table.</summary>
    public void Note(string line)
    {
        notes.Add(line);
        Console.WriteLine($"    {line}");
    }

    public void Keep(Measurement measurement)
    {
        measurements.Add(measurement);
        foreach (var line in Report.Lines(measurement))
        {
            Console.WriteLine(line);
        }
    }
}

/// <summary>One row group of the table; the first timing is Platform's.</summary>
internal sealed record Measurement(string What, string Amount, IReadOnlyList<Timing> Timings)
{
    public Timing Platform => Timings[0];

    public IEnumerable<(Timing Peer, Ratio Ratio)> Ratios => Timings.Skip(1).Select(peer => (peer, Platform.By(peer)));
}
