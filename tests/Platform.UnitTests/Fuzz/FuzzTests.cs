using System.Diagnostics;
using System.Globalization;
using SharpFuzz;
using Xunit;

namespace Platform.UnitTests.Fuzz;

/// <summary>Measured alone: an input's time and memory are part of what is tested.</summary>
[CollectionDefinition(nameof(FuzzTests), DisableParallelization = true)]
public sealed class FuzzDefinition;

/// <summary>
/// Damaged and made-up bytes for every reader of untrusted bytes: nothing but the documented exception, no hang, no allocation out
/// of proportion. Some hundred inputs a target in the short run. In the long run (PLATFORM_TEST_LONG=1) minutes, in a copy of this
/// program whose libraries count their branches, so that inputs which reach something new are built upon.
/// </summary>
[Collection(nameof(FuzzTests))]
public class FuzzTests(ITestOutputHelper output)
{
    internal const string CoverageVariable = "PLATFORM_FUZZ_COVERAGE";
    private const string SecondsVariable = "PLATFORM_FUZZ_SECONDS";
    private const string SeedVariable = "PLATFORM_FUZZ_SEED";
    private const int ShortExecutions = 600;
    private const int FewExecutions = 40;
    private const int LongSeconds = 45;

    static FuzzTests() => Coverage.Start();

    public static TheoryData<string> Managed => [.. FuzzTargets.Managed];

    public static TheoryData<string> Native => [.. FuzzTargets.Native];

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    /// <summary>How long a child of this test runs each target; null where this process is no child.</summary>
    private static int? ChildSeconds => Environment.GetEnvironmentVariable(SecondsVariable) is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : null;

    // The short run is the same each time, so that it fails for a change and not by chance; the long one goes where none was before.
    private static int Seed => Environment.GetEnvironmentVariable(SeedVariable) is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : ChildSeconds is null or 0 ? 1 : Random.Shared.Next();

    [Theory]
    [MemberData(nameof(Managed))]
    public void Bad_bytes_are_refused_as_documented(string target) => Run(target);

    [Theory]
    [MemberData(nameof(Native))]
    public async Task Bad_frames_do_not_crash_the_child_that_decodes_them(string target)
    {
        if (ChildSeconds is not null)
        {
            Run(target);
            return;
        }

        var seconds = IsLong ? LongSeconds : 1;
        const string Method = nameof(Bad_frames_do_not_crash_the_child_that_decodes_them);
        await InChildAsync(AppContext.BaseDirectory, seconds, isCounted: false, Method);
    }

    [Fact]
    public async Task Minutes_of_mutants_that_follow_the_branches_find_nothing()
    {
        if (ChildSeconds is not null)
        {
            return;
        }

        // The short run sees that the counting works, with a few inputs.
        var copy = Copy();
        try
        {
            Instrument(Path.Combine(copy, "Platform.Dicom.dll"), "Platform.Dicom.");
            Instrument(Path.Combine(copy, "Platform.Inference.dll"), "Platform.Inference.Packages.");
            await InChildAsync(copy, IsLong ? LongSeconds : 0, isCounted: true, nameof(Bad_bytes_are_refused_as_documented));
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
        var run = new FuzzRun(FuzzTargets.Find(name), seed);
        var failure = ChildSeconds switch
        {
            null => run.Run(ShortExecutions, TimeSpan.FromMinutes(1)),
            0 => run.Run(FewExecutions, TimeSpan.FromMinutes(1)),
            { } seconds => run.Run(long.MaxValue, TimeSpan.FromSeconds(seconds)),
        };
        output.WriteLine($"{name}: {run.Executions} executions, seed {seed}, {run.Found} inputs reached something new");
        Assert.True(failure is null, failure);
        Assert.True(!Coverage.IsOn || run.Found > 0, "No branch was counted: the libraries are not instrumented.");
    }

    private async Task InChildAsync(string folder, int seconds, bool isCounted, string method)
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

        start.Environment[SecondsVariable] = seconds.ToString(CultureInfo.InvariantCulture);
        start.Environment[CoverageVariable] = isCounted ? "1" : "0";
        using var child = Process.Start(start)!;
        var errors = child.StandardError.ReadToEndAsync(ct);
        var said = await child.StandardOutput.ReadToEndAsync(ct);
        await child.WaitForExitAsync(ct);
        output.WriteLine(string.Join('\n', said.Split('\n').Where(line => line.Contains("executions", StringComparison.Ordinal))));
        Assert.True(child.ExitCode == 0, $"exit {child.ExitCode}\n{said}\n{await errors}");
        Assert.Contains("executions", said, StringComparison.Ordinal);
    }
}
