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
        var input = new Option<string[]>("--input")
        {
            Description = "A folder with the DICOM files of a study; NAME=FOLDER for a further input of the package: a series, an earlier study, or what another package's run wrote.",
            Required = true,
        };
        var to = new Option<string>("--out") { Description = "A folder for result.json and the DICOM objects.", Required = true };
        var threads = new Option<int>("--threads") { Description = "Threads to compute with.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("run", "Runs a package on the series of a folder that it takes.") { package, input, to, threads };
        command.SetAction((parsed, ct) => RunAsync(
            parsed.GetRequiredValue(package),
            Inputs.Of(parsed.GetRequiredValue(input)),
            parsed.GetRequiredValue(to),
            Math.Max(1, parsed.GetValue(threads)),
            parsed.InvocationConfiguration,
            ct));
        return command;
    }

    private static async Task<int> RunAsync(
        string path, Inputs inputs, string to, int threads, InvocationConfiguration io, CancellationToken ct)
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
                zip, inputs.First, new Dictionary<string, string>(StringComparer.Ordinal), to, scratch, threads, phases.At, ct, inputs.Further);
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

    /// <summary>The files of the study, and those of further inputs by name.</summary>
    private sealed record Inputs(List<string> First, Dictionary<string, IReadOnlyList<string>> Further)
    {
        /// <exception cref="UsageException">Not one folder without a name; a name twice; no such folder.</exception>
        public static Inputs Of(IReadOnlyList<string> given)
        {
            var (first, further) = (new List<string>(), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
            foreach (var text in given)
            {
                // A folder's own name may hold the sign.
                if (Directory.Exists(text) || text.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var at))
                {
                    first.Add(text);
                }
                else if (!further.TryAdd(text[..at], InputFiles.Of(text[(at + 1)..])))
                {
                    throw new UsageException($"--input {text[..at]}= stands twice.");
                }
            }

            return first is [var study]
                ? new(InputFiles.Of(study), further)
                : throw new UsageException("--input FOLDER stands once, for the study; further inputs are --input NAME=FOLDER.");
        }
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
