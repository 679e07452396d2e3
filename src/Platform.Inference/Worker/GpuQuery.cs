using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Options;
using Platform.Contracts;

namespace Platform.Inference.Worker;

/// <summary>What the driver says of the machine's GPUs, asked beside the beats and never waited for; where nothing can be asked, nothing is said.</summary>
internal sealed partial class GpuQuery(IOptions<InferenceOptions> options, TimeProvider clock, ILogger<GpuQuery> logger)
{
    private const string Arguments = "--query-gpu=index,name,memory.total,memory.used,utilization.gpu,temperature.gpu --format=csv,noheader,nounits";
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private IReadOnlyList<GpuFacts>? latest;
    private long? askedAt;
    private bool isAbsent;
    private Task asking = Task.CompletedTask;

    /// <summary>The last answer; null before the first, and where no program tells.</summary>
    public IReadOnlyList<GpuFacts>? Latest()
    {
        lock (gate)
        {
            if (!isAbsent && asking.IsCompleted && (askedAt is not { } at || clock.GetElapsedTime(at) >= AskEvery))
            {
                askedAt = clock.GetTimestamp();
                asking = Task.Run(AskAsync);
            }

            return latest;
        }
    }

    /// <summary>The program's lines: index, name, MiB in all, MiB used, percent busy, °C; null for what the driver does not say.</summary>
    internal static IReadOnlyList<GpuFacts> Parse(string lines) =>
    [
        .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(',', StringSplitOptions.TrimEntries))
            .Where(fields => fields.Length == 6 && Number(fields[0]) is not null)
            .Select(fields => new GpuFacts(
                (int)Number(fields[0])!.Value,
                fields[1],
                Bytes(fields[2]),
                Bytes(fields[3]),
                Number(fields[4]) / 100,
                Number(fields[5])))
    ];

    private static double? Number(string field) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    private static long? Bytes(string field) => Number(field) is { } mebibytes ? (long)(mebibytes * (1 << 20)) : null;

    private async Task AskAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience, clock);
            using var process = Process.Start(new ProcessStartInfo(options.Value.GpuQueryCommand, Arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            try
            {
                var text = await process.StandardOutput.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                Say(process.ExitCode == 0 ? Parse(text) : null);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                Say(null);
            }
        }
        catch (Win32Exception)
        {
            // No such program: this machine has no such driver, and will not get one while the worker runs.
            isAbsent = true;
            LogAbsent(logger, options.Value.GpuQueryCommand);
        }
    }

    private void Say(IReadOnlyList<GpuFacts>? facts)
    {
        lock (gate)
        {
            latest = facts is { Count: > 0 } ? facts : null;
        }
    }

    [LoggerMessage(LogLevel.Information, "No program {Command}: beats name no GPU")]
    private static partial void LogAbsent(ILogger logger, string command);
}
