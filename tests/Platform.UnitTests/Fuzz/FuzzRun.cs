using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Platform.UnitTests.Fuzz;

/// <summary>
/// Feeds a target with its saved inputs, its seeds and their mutants. Ends at the first input that throws what is not documented,
/// takes longer than 2 s for each MiB or allocates more than it may; that input is kept as a file. Time is the processor's, since the
/// machine may be busy with other things.
/// </summary>
internal sealed class FuzzRun(FuzzTarget target, int seed)
{
    /// <summary>For one input, of the clock: for what waits and computes nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private const long FreeBytes = 8 << 20;
    private const int MaxCorpus = 2000;
    private const int MaxCorpusBytes = 64 << 10;

    /// <summary>One mutant in so many is blown up to as much as a MiB.</summary>
    private const int Grown = 2000;

    private readonly Random random = new(seed);
    private readonly List<byte[]> corpus = [];
    private byte[] current = [];
    private long startedAt;
    private long processorTicks;
    private string? failure;

    public long Executions { get; private set; }

    /// <summary>Inputs that reached what none before them did; counted only where the code is instrumented.</summary>
    public int Found { get; private set; }

    /// <summary>Runs that many inputs.</summary>
    /// <returns>What went wrong, too few inputs before time is up among it; null when nothing did.</returns>
    public string? Run(long executions, TimeSpan limit)
    {
        startedAt = Stopwatch.GetTimestamp();
        var thread = new Thread(() => LoopSafely(executions, limit)) { IsBackground = true, Name = $"fuzz {target.Name}" };
        thread.Start();
        while (!thread.Join(TimeSpan.FromMilliseconds(200)))
        {
            var elapsed = Stopwatch.GetElapsedTime(Volatile.Read(ref startedAt));
            var input = current;
            var time = Environment.CpuUsage.TotalTime.Ticks - Volatile.Read(ref processorTicks);
            if (elapsed > Patience || (elapsed > Limit(input) && time > Limit(input).Ticks && input == current))
            {
                return Describe("hangs", current);
            }
        }

        return failure;
    }

    /// <summary>What the fuzzer itself gets wrong is a failure too; an exception in a thread would be nobody's.</summary>
    private void LoopSafely(long executions, TimeSpan limit)
    {
        try
        {
            Loop(executions, limit);
        }
        catch (Exception e)
        {
            failure = Describe($"the fuzzer fails: {e}", current);
        }
    }

    private void Loop(long executions, TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        foreach (var input in FuzzSeeds.Of(target.Name).Concat(target.Seeds))
        {
            corpus.Add(input);
            if (!Execute(input))
            {
                return;
            }
        }

        var bytes = new ByteMutator(random, target.Tokens);
        while (Executions < executions)
        {
            if (watch.Elapsed > limit)
            {
                failure = $"{target.Name}: only {Executions} of {executions} executions in {limit}";
                return;
            }

            var input = corpus[random.Next(corpus.Count)];
            if (target.MutateShape is { } shape && random.Next(2) == 0)
            {
                input = shape(input, random);
            }

            if (target.MutateShape is null || random.Next(2) == 0)
            {
                input = bytes.Mutate(input, corpus[random.Next(corpus.Count)]);
            }

            if (random.Next(Grown) == 0)
            {
                input = bytes.Grow(input);
            }

            if (!Execute(input))
            {
                return;
            }

            if (Coverage.IsNew() && corpus.Count < MaxCorpus && input.Length <= MaxCorpusBytes)
            {
                corpus.Add(input);
                Found++;
            }
        }
    }

    private bool Execute(byte[] input)
    {
        current = input;
        var time = Environment.CpuUsage.TotalTime;
        Volatile.Write(ref processorTicks, time.Ticks);
        Volatile.Write(ref startedAt, Stopwatch.GetTimestamp());
        Executions++;
        Coverage.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Execute(input);
        }
        catch (Exception e) when (target.IsDocumented(e))
        {
            // As it should be.
        }
        catch (Exception e)
        {
            failure = Describe($"{e.GetType().Name}: {e.Message}\n{e.StackTrace}", input);
            return false;
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > (target.AllocatedPerByte * input.Length) + FreeBytes)
        {
            failure = Describe($"allocates {allocated} bytes for {input.Length}", input);
            return false;
        }

        time = Environment.CpuUsage.TotalTime - time;
        if (time > Limit(input))
        {
            failure = Describe($"takes {time.TotalSeconds:0.0} s", input);
            return false;
        }

        return true;
    }

    private static TimeSpan Limit(byte[] input) => TimeSpan.FromSeconds(Math.Max(2, 2.0 * input.Length / (1 << 20)));

    private string Describe(string what, byte[] input)
    {
        var file = FuzzSeeds.Keep(target.Name, Convert.ToHexStringLower(SHA256.HashData(input))[..12], input);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name}, seed {seed}, execution {Executions}, {input.Length} bytes (kept in {file}): {what}");
    }
}
