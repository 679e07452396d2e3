using Npgsql;

namespace Platform.Api.Data;

/// <summary>Before anything else of the host starts: waits for the database, and migrates where this host is the one to do it.</summary>
internal sealed partial class DatabaseStart(RoleConnections connections, TimeProvider clock, ILogger<DatabaseStart> logger)
    : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var giveUpAt = clock.GetUtcNow() + Patience;
        while (true)
        {
            try
            {
                await PrepareAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (e.IsTransient && clock.GetUtcNow() < giveUpAt)
            {
                LogWaiting(logger, e.SqlState ?? "connection");
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal async Task PrepareAsync(CancellationToken ct)
    {
        if (connections is { Admin: { } admin, Passwords: { } passwords })
        {
            await DatabaseSetup.RunAsync(admin, passwords, ct);
        }
        else if (connections.Owner is { } owner)
        {
            await DatabaseSetup.MigrateAsync(owner, ct);
        }

        await using var connection = await connections.App.OpenConnectionAsync(ct);
    }

    [LoggerMessage(LogLevel.Warning, "The database does not answer yet ({Reason}); trying again")]
    private static partial void LogWaiting(ILogger logger, string reason);
}
