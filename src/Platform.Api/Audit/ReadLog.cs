using System.Collections.Concurrent;
using System.Globalization;
using Platform.Api.Data;

namespace Platform.Api.Audit;

/// <summary>One identity doing one thing to one entity.</summary>
internal sealed record Reading(
    Guid TenantId, AuditAgent Agent, string Action, string EntityKind, string EntityId, AuditOutcome Outcome);

/// <summary>Repeated readings: the first of ten minutes is written at once, the others are counted and written each minute.</summary>
internal sealed partial class ReadLog(TenantScope scopes, TimeProvider clock, ILogger<ReadLog> logger) : BackgroundService
{
    /// <summary>In which one identity doing one thing to one entity is one event.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Reading, Opened> opened = new();

    public async Task RecordAsync(Reading reading, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        while (true)
        {
            var mine = new Opened(now, new Lazy<Task>(() => WriteAsync(reading, null, CancellationToken.None)));
            var entry = opened.GetOrAdd(reading, mine);
            if (now - entry.Since >= Window)
            {
                await FlushAsync(reading, entry, ct);
                opened.TryRemove(new KeyValuePair<Reading, Opened>(reading, entry));
                continue;
            }

            if (entry != mine)
            {
                entry.CountOne();
            }

            try
            {
                // Also those who come second wait until the first event is durable.
                await entry.Written.Value.WaitAsync(ct);
                return;
            }
            catch when (entry.Written.Value.IsFaulted)
            {
                opened.TryRemove(new KeyValuePair<Reading, Opened>(reading, entry));
                throw;
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await FlushAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host is stopping; StopAsync writes the rest.
        }
    }

    private async Task FlushAsync(CancellationToken ct)
    {
        foreach (var (reading, entry) in opened)
        {
            try
            {
                await FlushAsync(reading, entry, ct);
                if (clock.GetUtcNow() - entry.Since >= Window && entry.Count == 0)
                {
                    opened.TryRemove(new KeyValuePair<Reading, Opened>(reading, entry));
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogNotWritten(logger, e);
            }
        }
    }

    private async Task FlushAsync(Reading reading, Opened entry, CancellationToken ct)
    {
        var count = entry.TakeCount();
        if (count == 0)
        {
            return;
        }

        try
        {
            await WriteAsync(reading, string.Create(CultureInfo.InvariantCulture, $"{count} more"), ct);
        }
        catch
        {
            entry.GiveBack(count);
            throw;
        }
    }

    private Task<int> WriteAsync(Reading r, string? detail, CancellationToken ct) => scopes.RunAsync(
        r.TenantId,
        (db, token) =>
        {
            db.AuditEvents.Add(AuditRecord.Of(
                r.TenantId, r.Agent, clock.GetUtcNow(), r.Action, r.EntityKind, r.EntityId, r.Outcome, detail));
            return db.SaveChangesAsync(token);
        },
        ct);

    [LoggerMessage(LogLevel.Warning, "Counts of repeated reads were not written; trying again in a minute")]
    private static partial void LogNotWritten(ILogger logger, Exception e);

    private sealed class Opened(DateTimeOffset since, Lazy<Task> written)
    {
        private long count;

        public DateTimeOffset Since { get; } = since;

        public Lazy<Task> Written { get; } = written;

        public long Count => Interlocked.Read(ref count);

        public void CountOne() => Interlocked.Increment(ref count);

        public long TakeCount() => Interlocked.Exchange(ref count, 0);

        public void GiveBack(long taken) => Interlocked.Add(ref count, taken);
    }
}
