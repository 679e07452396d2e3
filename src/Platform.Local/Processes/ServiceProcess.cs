using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Platform.Local.Processes;

/// <summary>How to start and to stop a service.</summary>
/// <param name="StopSignal">Name of the signal that asks it to leave in order, e.g. <c>INT</c>.</param>
/// <param name="LogPath">File to which its output is appended.</param>
public sealed record ServiceStart(string FileName, IReadOnlyList<string> Arguments, string StopSignal, string LogPath)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? WorkingDirectory { get; init; }
}

/// <summary>
/// A service that lives no longer than this process, however this process ends. A shell between the two holds a pipe from here:
/// when the pipe closes, also by kill -9, the shell signals the service. (A parent-death signal would follow the thread that
/// started the service, and thread-pool threads come and go.) It has a session of its own, so that a terminal's Ctrl-C reaches
/// this process alone, which then stops the services in their order.
/// </summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int Kill = 9;

    // $1 is the signal, $2 the log, the rest the command. 3 is the pipe, which the service itself must not hold.
    private const string Shell = """
        exec 3<&0; signal=$1; exec >>"$2" 2>&1; shift 2
        "$@" </dev/null 3<&- & service=$!
        ( read -r _ <&3; kill -s "$signal" "$service" ) & watcher=$!
        exec 3<&-
        wait "$service"; code=$?
        kill "$watcher" 2>/dev/null
        exit "$code"
        """;

    private readonly Process process;

    private ServiceProcess(Process process) => this.process = process;

    /// <summary>Process group of the shell, the service and what it starts.</summary>
    public int GroupId => process.Id;

    public bool IsRunning => !process.HasExited;

    /// <summary>Completes when the service has left, with its exit code.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken ct)
    {
        await process.WaitForExitAsync(ct);
        return process.ExitCode;
    }

    public static ServiceProcess Start(ServiceStart start)
    {
        var info = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = start.WorkingDirectory ?? "",
        };
        foreach (var argument in (string[])["sh", "-c", Shell, "sh", start.StopSignal, start.LogPath, start.FileName, .. start.Arguments])
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in start.Environment)
        {
            info.Environment[name] = value;
        }

        return new ServiceProcess(Process.Start(info) ?? throw new InvalidOperationException($"{start.FileName} did not start."));
    }

    /// <summary>Asks it to leave and waits; what is still there after <paramref name="patience"/> is killed.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (process.HasExited)
        {
            return;
        }

        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
        }
    }

    /// <summary>kill -9 of the whole group: the service and everything it started.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited && kill(-GroupId, Kill) != 0 && !process.HasExited)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(30));
        process.Dispose();
    }

    /// <summary>Sends a signal to a process that is not a child; false when it is gone.</summary>
    internal static bool Signal(int processId, int signal) => kill(processId, signal) == 0;

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int processId, int signal);
}
