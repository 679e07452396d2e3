using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SharpFuzz;
using Xunit;

namespace Platform.UnitTests.Fuzz;

/// <summary>Measured alone: an input's time and memory are part of what is tested.</summary>
[CollectionDefinition(nameof(FuzzTests), DisableParallelization = true)]
public sealed class FuzzDefinition;

/// <summary>
/// Damaged and made-up bytes for every reader of untrusted bytes: nothing but the documented exception, no hang, no allocation out
/// of proportion. Some hundred inputs a target run here; a hundred thousand, or two million in the long run (PLATFORM_TEST_LONG=1),
/// in a copy of this program whose libraries count their branches, so that inputs which reach something new are built upon.
/// </summary>
[Collection(nameof(FuzzTests))]
public partial class FuzzTests(ITestOutputHelper output)
{
    internal const string CoverageVariable = "PLATFORM_FUZZ_COVERAGE";
    private const string ExecutionsVariable = "PLATFORM_FUZZ_EXECUTIONS";
    private const string SeedVariable = "PLATFORM_FUZZ_SEED";
    private const int HereExecutions = 200;
    private const int ShortExecutions = 100_000;
    private const int LongExecutions = 2_000_000;

    static FuzzTests() => Coverage.Start();

    public static TheoryData<string> Managed => [.. FuzzTargets.Managed];

    public static TheoryData<string> Native => [.. FuzzTargets.Native];

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    /// <summary>How many inputs a child of this test runs, all targets together; null where this process is no child.</summary>
    private static int? ChildExecutions => Environment.GetEnvironmentVariable(ExecutionsVariable) is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : null;

    // The short run is the same each time, so that it fails for a change and not by chance; the long one goes where none was before.
    private static int Seed => Environment.GetEnvironmentVariable(SeedVariable) is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : IsLong ? Random.Shared.Next() : 1;

    [Theory]
    [MemberData(nameof(Managed))]
    public void Bad_bytes_are_refused_as_documented(string target) => Run(target);

    [Theory]
    [MemberData(nameof(Native))]
    public async Task Bad_frames_do_not_crash_the_child_that_decodes_them(string target)
    {
        if (ChildExecutions is not null)
        {
            Run(target);
            return;
        }

        const string Method = nameof(Bad_frames_do_not_crash_the_child_that_decodes_them);
        await InChildAsync(AppContext.BaseDirectory, isCounted: false, Method);
    }

    [Fact]
    public async Task A_hundred_thousand_mutants_that_follow_the_branches_find_nothing()
    {
        if (ChildExecutions is not null)
        {
            return;
        }

        var copy = Copy();
        try
        {
            Instrument(Path.Combine(copy, "Platform.Dicom.dll"), "Platform.Dicom.");
            Instrument(Path.Combine(copy, "Platform.Inference.Packages.dll"), "Platform.Inference.Packages.");
            var executions = await InChildAsync(copy, isCounted: true, nameof(Bad_bytes_are_refused_as_documented));
            output.WriteLine($"{executions.Values.Sum()} executions of {executions.Count} targets");
            Assert.Equal(FuzzTargets.Managed.Order(StringComparer.Ordinal), executions.Keys.Order(StringComparer.Ordinal));
            Assert.True(executions.Values.Sum() >= (IsLong ? LongExecutions : ShortExecutions), "Fewer were run than asked for.");
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static void Instrument(string library, string prefix) =>
        Assert.NotEmpty(Fuzzer.Instrument(library, type => type.StartsWith(prefix, StringComparison.Ordinal), Options.Value).ToList());

    /// <summary>This program's folder again, inside the repository, where the tests look for it.</summary>
    private static string Copy()
    {
        var copy = Path.Combine(FuzzSeeds.Root, "artifacts", "fuzz", Guid.CreateVersion7().ToString("N"));
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return copy;
    }

    private void Run(string name)
    {
        var seed = Seed;
        var target = FuzzTargets.Find(name);
        var run = new FuzzRun(target, seed);
        var executions = ChildExecutions is { } all ? (long)Math.Ceiling(all / 1000.0 * target.Share) : HereExecutions;
        var watch = Stopwatch.StartNew();
        var failure = run.Run(executions, TimeSpan.FromMinutes(IsLong ? 20 : 3));
        output.WriteLine(
            $"{name}: {run.Executions} executions in {watch.Elapsed.TotalSeconds:0} s, seed {seed}, {run.Found} inputs reached something new");
        Assert.True(failure is null, failure);
        Assert.True(!Coverage.IsOn || run.Found > 0, "No branch was counted: the libraries are not instrumented.");
    }

    /// <summary>How many inputs each target was given.</summary>
    private async Task<Dictionary<string, long>> InChildAsync(string folder, bool isCounted, string method)
    {
        var ct = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo(Path.Combine(folder, "Platform.UnitTests"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[] { "-noColor", "-noLogo", "-showLiveOutput", "-method", "*FuzzTests." + method })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[ExecutionsVariable] = (IsLong ? LongExecutions : ShortExecutions).ToString(CultureInfo.InvariantCulture);
        start.Environment[CoverageVariable] = isCounted ? "1" : "0";
        using var child = Process.Start(start)!;
        var errors = child.StandardError.ReadToEndAsync(ct);
        var said = await child.StandardOutput.ReadToEndAsync(ct);
        await child.WaitForExitAsync(ct);
        output.WriteLine(string.Join('\n', said.Split('\n').Where(line => line.Contains("executions", StringComparison.Ordinal))));
        Assert.True(child.ExitCode == 0, $"exit {child.ExitCode}\n{said}\n{await errors}");
        var counts = Counts().Matches(said).ToDictionary(m => m.Groups[1].Value, m => long.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        Assert.NotEmpty(counts);
        return counts;
    }

    [GeneratedRegex(@"\] ([a-z-]+): (\d+) executions")]
    private static partial Regex Counts();
}
