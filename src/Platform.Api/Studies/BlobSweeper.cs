using Microsoft.Extensions.Options;

namespace Platform.Api.Studies;

/// <summary>Runs <see cref="BlobSweep"/> at its interval.</summary>
internal sealed partial class BlobSweeper(
    BlobSweep sweep, IOptions<StudiesOptions> options, TimeProvider clock, ILogger<BlobSweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await sweep.RunAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The blob sweep stopped; the next one begins anew")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
