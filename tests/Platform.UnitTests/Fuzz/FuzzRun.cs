using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Platform.UnitTests.Fuzz;

/// <summary>
/// Feeds a target with its saved inputs, its seeds and their mutants. Ends at the first input that throws what is not documented,
/// takes longer than <see cref="Patience"/> or allocates more than it may; that input is kept as a file.
/// </summary>
internal sealed class FuzzRun(FuzzTarget target, int seed)
{
    /// <summary>A good input takes well under a millisecond; the machine may be busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const long FreeBytes = 8 << 20;
    private const int MaxCorpus = 2000;

    private readonly Random random = new(seed);
    private readonly List<byte[]> corpus = [];
    private byte[] current = [];
    private long startedAt;
    private string? failure;

    public long Executions { get; private set; }

    /// <summary>Inputs that reached what none before them did; counted only where the code is instrumented.</summary>
    public int Found { get; private set; }

    /// <summary>Runs that many mutants, or until time is up.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public string? Run(long executions, TimeSpan limit)
    {
        startedAt = Stopwatch.GetTimestamp();
        var thread = new Thread(() => LoopSafely(executions, limit)) { IsBackground = true, Name = $"fuzz {target.Name}" };
        thread.Start();
        while (!thread.Join(TimeSpan.FromMilliseconds(200)))
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref startedAt)) > Patience)
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
        while (Executions < executions && watch.Elapsed < limit)
        {
            var input = corpus[random.Next(corpus.Count)];
            if (target.MutateShape is { } shape && random.Next(2) == 0)
            {
                input = shape(input, random);
            }

            if (target.MutateShape is null || random.Next(2) == 0)
            {
                input = bytes.Mutate(input, corpus[random.Next(corpus.Count)]);
            }

            if (!Execute(input))
            {
                return;
            }

            if (Coverage.IsNew() && corpus.Count < MaxCorpus)
            {
                corpus.Add(input);
                Found++;
            }
        }
    }

    private bool Execute(byte[] input)
    {
        current = input;
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

        return true;
    }

    private string Describe(string what, byte[] input)
    {
        var file = FuzzSeeds.Keep(target.Name, Convert.ToHexStringLower(SHA256.HashData(input))[..12], input);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name}, seed {seed}, execution {Executions}, {input.Length} bytes (kept in {file}): {what}");
    }
}
