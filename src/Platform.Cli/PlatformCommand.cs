using System.CommandLine;
using Platform.Cli.Dicom;
using Platform.Cli.Models;
using Platform.Dicom;
using Platform.Dicom.Network;

namespace Platform.Cli;

/// <summary><c>platform</c>: results to standard output, the rest to standard error, <see cref="ExitCode"/>.</summary>
internal static class PlatformCommand
{
    /// <summary>How long a command may take to end after Ctrl+C or SIGTERM.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken ct)
    {
        var root = new RootCommand("Medical imaging. Exit codes: 0 done, 1 some refused, 2 wrong usage, 3 no connection.")
        {
            DicomCommand.Create(),
            ModelCommand.Create(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var wrong in parsed.Errors)
            {
                await error.WriteLineAsync(wrong.Message);
            }

            await error.WriteLineAsync($"See {string.Join(' ', PathOf(parsed.CommandResult))} --help.");
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = EndTimeout,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, ct);
        }
        catch (UsageException e)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.Usage;
        }
        catch (DicomException e)
        {
            await error.WriteLineAsync($"{e.Error}: {e.Message}");
            return ExitCode.SomeRefused;
        }
        catch (DicomNetworkException e)
        {
            var cause = e.InnerException is { } inner ? $" {inner.Message}" : "";
            await error.WriteLineAsync(e.Message + cause);
            return ExitCode.NoConnection;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.SomeRefused;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.SomeRefused;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Interrupted.");
            return ExitCode.SomeRefused;
        }
    }

    private static List<string> PathOf(System.CommandLine.Parsing.CommandResult result)
    {
        var names = new List<string>();
        for (var at = result; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Insert(0, at.Parent is null ? "platform" : at.Command.Name);
        }

        return names;
    }
}
