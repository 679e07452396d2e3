using System.CommandLine;
using System.Globalization;
using Platform.Contracts;
using Platform.Inference;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Cli.Models;

/// <summary><c>platform model run</c>: a package on the DICOM files of a folder, by the engine of the workers.</summary>
internal static class Run
{
    public static Command Create()
    {
        var package = new Argument<string>("package") { Description = "A folder or a zip." };
        var input = new Option<string>("--input") { Description = "A folder with the DICOM files of a study.", Required = true };
        var to = new Option<string>("--out") { Description = "A folder for result.json and the DICOM objects.", Required = true };
        var threads = new Option<int>("--threads") { Description = "Threads to compute with.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("run", "Runs a package on the series of a folder that it takes.") { package, input, to, threads };
        command.SetAction((parsed, ct) => RunAsync(
            parsed.GetRequiredValue(package),
            InputFiles.Of(parsed.GetRequiredValue(input)),
            parsed.GetRequiredValue(to),
            Math.Max(1, parsed.GetValue(threads)),
            parsed.InvocationConfiguration,
            ct));
        return command;
    }

    private static async Task<int> RunAsync(
        string path, List<string> files, string to, int threads, InvocationConfiguration io, CancellationToken ct)
    {
        try
        {
            if (await PackageFile.SignatureAsync(path, ct) is null)
            {
                await io.Error.WriteLineAsync("The package is not signed; a service takes it only where its operator allows that.");
            }

            await using var zip = await PackageFile.OpenAsync(path, ct);
            var scratch = Path.Combine(Path.GetTempPath(), "platform-run-" + Path.GetRandomFileName());
            var phases = new Phases(io.Error);
            var done = await FolderRun.RunAsync(
                zip, files, new Dictionary<string, string>(StringComparer.Ordinal), to, scratch, threads, phases.At, ct);
            phases.End();
            if (done.Result is not { } result)
            {
                await io.Error.WriteLineAsync($"refused ({done.Code}): {done.Reason}");
                return ExitCode.SomeRefused;
            }

            foreach (var finding in result.Findings)
            {
                await io.Output.WriteLineAsync(Line(finding));
            }

            await io.Output.WriteLineAsync($"{result.Findings.Count} findings on {result.Device}; {to}: {string.Join(", ", done.Files)}");
            return ExitCode.Ok;
        }
        catch (PackageRefusedException e)
        {
            await io.Error.WriteLineAsync(PackageFile.Refusal(path, e));
        }
        catch (InputRefusedException e)
        {
            await io.Error.WriteLineAsync($"refused ({e.Code}): {e.Message}");
        }

        return ExitCode.SomeRefused;
    }

    private static string Line(Finding finding)
    {
        var values = finding.Measurements.Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Value:0.###} {m.Unit.Value}"));
        var probability = finding.Probability is { } p ? string.Create(CultureInfo.InvariantCulture, $" ({p:0.00})") : "";
        return $"{finding.Concept.Meaning}{probability}: {string.Join(", ", values)}";
    }

    /// <summary>The phase of the run and how much of it is done: in place on a terminal, else a line for each phase.</summary>
    private sealed class Phases(TextWriter error)
    {
        private readonly bool _isTerminal = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
        private readonly Lock _lock = new();
        private RunPhase? _phase;
        private int _percent;

        public void At(RunPhase phase, double fraction)
        {
            lock (_lock) // files are read by several threads
            {
                var percent = (int)(100 * fraction);
                if (_isTerminal && (phase != _phase || percent != _percent))
                {
                    error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{phase} {percent} %   "));
                }
                else if (phase != _phase)
                {
                    error.WriteLine(phase);
                }

                (_phase, _percent) = (phase, percent);
            }
        }

        public void End()
        {
            if (_isTerminal && _phase is not null)
            {
                error.WriteLine();
            }
        }
    }
}
