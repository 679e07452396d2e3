using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Platform.Benchmarks.Peers;

/// <summary>A contestant in a process of its own on one core, which measures itself: a line says what to do, a line of JSON answers.</summary>
internal sealed class PinnedProcess : IAsyncDisposable
{
    private readonly Process process;

    private PinnedProcess(Process process, string version)
    {
        this.process = process;
        Version = version;
    }

    /// <summary>What it says of itself when it starts.</summary>
    public string Version { get; }

    /// <summary>Null where the program does not start, as when a package that it needs is missing.</summary>
    public static async Task<PinnedProcess?> StartAsync(string program, params string[] arguments)
    {
        var core = (Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture);
        var process = Process.Start(new ProcessStartInfo("taskset", ["-c", core, program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += (_, _) => { }; // a peer's warnings may quote values
        process.BeginErrorReadLine();
        if (await process.StandardOutput.ReadLineAsync() is { } version)
        {
            return new PinnedProcess(process, version);
        }

        process.Dispose();
        return null;
    }

    /// <summary>For each file of a set what was measured; null for a file that the contestant refuses.</summary>
    public async Task<double?[]> MeasureAsync(string set, int rounds, string what)
    {
        await process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{set}\t{rounds}\t{what}"));
        await process.StandardInput.FlushAsync();
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A contestant left in the middle.");
        return JsonSerializer.Deserialize<double?[]>(line)!;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
