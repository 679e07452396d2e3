using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;
using Platform.Api.Data;
using Platform.Contracts;

namespace Platform.Api.Events;

/// <summary>Listens on a connection of its own and hands each change to the open streams of its tenant, and to no other.</summary>
internal sealed partial class ChangeListener(RoleConnections connections, TimeProvider clock, ILogger<ChangeListener> logger) : BackgroundService
{
    private const int Backlog = 256;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Said when changes may have been missed: read again what you show.</summary>
    public static readonly Change Missed = new(Guid.Empty, "resync", Guid.Empty, "missed");

    private readonly ConcurrentDictionary<Subscription, byte> subscriptions = new();

    public Subscription Subscribe(Guid tenantId)
    {
        var subscription = new Subscription(tenantId, this);
        subscriptions.TryAdd(subscription, 0);
        return subscription;
    }

    /// <summary>To the streams of this process alone, for what is not in the database and may be missed.</summary>
    public void Offer(Change change)
    {
        foreach (var subscription in subscriptions.Keys.Where(s => s.TenantId == change.TenantId))
        {
            subscription.Offer(change);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
            {
                LogLost(logger);
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await connections.App.OpenConnectionAsync(ct);
        connection.Notification += (_, e) => FanOut(e.Payload);
        await using (var listen = new NpgsqlCommand("LISTEN " + Changes.Channel, connection))
        {
            await listen.ExecuteNonQueryAsync(ct);
        }

        foreach (var subscription in subscriptions.Keys)
        {
            subscription.Offer(Missed);
        }

        while (true)
        {
            // A connection that died quietly is noticed by asking.
            if (!await connection.WaitAsync(TimeSpan.FromSeconds(30), ct))
            {
                await using var alive = new NpgsqlCommand("SELECT 1", connection);
                await alive.ExecuteNonQueryAsync(ct);
            }
        }
    }

    private void FanOut(string payload)
    {
        if (JsonSerializer.Deserialize<Change>(payload, PlatformJson.Options) is { } change)
        {
            Offer(change);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The connection that listens for changes was lost; opening another")]
    private static partial void LogLost(ILogger logger);

    /// <summary>One open stream; when its reader is too slow, changes are dropped and it is told to read again.</summary>
    internal sealed class Subscription(Guid tenantId, ChangeListener listener) : IDisposable
    {
        private readonly Channel<Change> changes = Channel.CreateBounded<Change>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        private int hasMissed;

        public Guid TenantId { get; } = tenantId;

        /// <summary>Null after <paramref name="patience"/> without a change.</summary>
        public async Task<Change?> NextAsync(TimeSpan patience, TimeProvider clock, CancellationToken ct)
        {
            if (Interlocked.Exchange(ref hasMissed, 0) == 1)
            {
                return Missed;
            }

            using var patient = new CancellationTokenSource(patience, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patient.Token, ct);
            try
            {
                await changes.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return null;
            }

            return changes.Reader.TryRead(out var change) ? change : null;
        }

        public void Offer(Change change)
        {
            if (!changes.Writer.TryWrite(change))
            {
                Interlocked.Exchange(ref hasMissed, 1);
            }
        }

        public void Dispose() => listener.subscriptions.TryRemove(this, out _);
    }
}
