using System.Collections.Frozen;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts;

namespace Platform.Api.Data;

/// <summary>Messages that leave with the business transaction or not at all.</summary>
internal static class Outbox
{
    public const string Channel = "platform_outbox";

    /// <summary>Adds a message to the transaction of <paramref name="db"/>; the sender wakes when it commits.</summary>
    public static async Task SendAsync(PlatformDb db, RunRequested message, TimeProvider clock, CancellationToken ct) =>
        await AddAsync(db, nameof(RunRequested), JsonSerializer.Serialize(message, PlatformJson.Options), clock, ct);

    /// <inheritdoc cref="SendAsync(PlatformDb, RunRequested, TimeProvider, CancellationToken)"/>
    public static async Task SendAsync(PlatformDb db, CancelRequested message, TimeProvider clock, CancellationToken ct) =>
        await AddAsync(db, nameof(CancelRequested), JsonSerializer.Serialize(message, PlatformJson.Options), clock, ct);

    /// <inheritdoc cref="SendAsync(PlatformDb, RunRequested, TimeProvider, CancellationToken)"/>
    public static async Task SendAsync(PlatformDb db, PreviewRequested message, TimeProvider clock, CancellationToken ct) =>
        await AddAsync(db, nameof(PreviewRequested), JsonSerializer.Serialize(message, PlatformJson.Options), clock, ct);

    private static async Task AddAsync(PlatformDb db, string kind, string body, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        db.Outbox.Add(new OutboxMessage { Id = Guid.CreateVersion7(now), TenantId = db.TenantId, Kind = kind, Body = body, CreatedAt = now });
        await db.Database.ExecuteSqlAsync($"select pg_notify({Channel}, '')", ct);
    }
}

/// <summary>
/// Sends what business transactions left in the outbox: takes rows that no other sender has, publishes each persistent, mandatory
/// and confirmed, then marks it sent. A message may go twice, never not at all; consumers know that.
/// </summary>
internal sealed partial class OutboxSender(RoleConnections connections, IBus bus, TimeProvider clock, ILogger<OutboxSender> logger)
    : BackgroundService
{
    private const int BatchSize = 32;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepSent = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeepReceived = TimeSpan.FromDays(7);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromMinutes(10);

    // A cancellation that no worker hears concerns no worker; every other message must reach a queue.
    private static readonly FrozenDictionary<string, (Type Type, bool IsMandatory)> Kinds =
        new Dictionary<string, (Type, bool)>
        {
            [nameof(RunRequested)] = (typeof(RunRequested), true),
            [nameof(PreviewRequested)] = (typeof(PreviewRequested), true),
            [nameof(CancelRequested)] = (typeof(CancelRequested), false),
        }.ToFrozenDictionary();

    private readonly Dictionary<Guid, DateTimeOffset> notBefore = [];
    private readonly HashSet<string> withoutQueue = [];
    private DateTimeOffset prunedAt;
    private bool isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var ear = await connections.System.OpenConnectionAsync(stoppingToken);
                await Sql.ExecuteAsync(ear, $"listen {Outbox.Channel}", stoppingToken);
                while (true)
                {
                    while (await SendBatchAsync(stoppingToken))
                    {
                    }

                    SayOnce(null);
                    await PruneAsync(ear, stoppingToken);
                    await ear.WaitAsync(Poll, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Database or broker away: both come back, and the rows are still there.
                SayOnce(e.InnerException ?? e);
                await Task.Delay(RetryAfter, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>An outage is one line when it begins and one when it ends.</summary>
    private void SayOnce(Exception? trouble)
    {
        if (trouble is not null && !isAway)
        {
            LogAway(logger, trouble.GetType().Name, trouble);
        }
        else if (trouble is null && isAway)
        {
            LogBack(logger);
        }

        isAway = trouble is not null;
    }

    /// <summary>True when there may be more to send at once.</summary>
    private async Task<bool> SendBatchAsync(CancellationToken ct)
    {
        await using var connection = await connections.System.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var rows = await TakeAsync(connection, ct);
        var sent = new List<Guid>();
        Exception? away = null;
        foreach (var row in rows)
        {
            try
            {
                await PublishAsync(row, ct);
                sent.Add(row.Id);
                notBefore.Remove(row.Id);
                withoutQueue.Remove(row.Kind);
            }
            catch (MessageReturnedException)
            {
                // No worker has ever made the queue yet. The others may have theirs.
                notBefore[row.Id] = clock.GetUtcNow() + RetryAfter;
                if (withoutQueue.Add(row.Kind))
                {
                    LogUnroutable(logger, row.Kind);
                }
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                away = e;
                break;
            }
        }

        await MarkSentAsync(connection, sent, ct);
        await transaction.CommitAsync(CancellationToken.None);
        return away is null ? rows.Count == BatchSize && sent.Count > 0 : throw new InvalidOperationException("The broker is away.", away);
    }

    private async Task<List<OutboxMessage>> TakeAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        foreach (var due in notBefore.Where(n => n.Value <= now).Select(n => n.Key).ToList())
        {
            notBefore.Remove(due);
        }

        await using var command = connection.CreateCommand();
        command.CommandText = """
            select id, tenant_id, kind, body from outbox
            where sent_at is null and not (id = any($1))
            order by id limit $2 for update skip locked
            """;
        command.Parameters.Add(new NpgsqlParameter { Value = notBefore.Keys.ToArray() });
        command.Parameters.Add(new NpgsqlParameter { Value = BatchSize });
        var rows = new List<OutboxMessage>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            rows.Add(new OutboxMessage
            {
                Id = reader.GetGuid(0),
                TenantId = reader.GetGuid(1),
                Kind = reader.GetString(2),
                Body = reader.GetString(3),
            });
        }

        return rows;
    }

    private async Task PublishAsync(OutboxMessage row, CancellationToken ct)
    {
        var (type, isMandatory) = Kinds[row.Kind];
        var message = JsonSerializer.Deserialize(row.Body, type, PlatformJson.Options)
            ?? throw new InvalidDataException($"Outbox row {row.Id} is empty.");

        // Without a connection MassTransit waits for one for ever, and a publish that a dying broker took never answers.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(ConfirmWithin);
        await bus.Publish(
            message,
            type,
            Pipe.Execute<PublishContext>(context =>
            {
                context.MessageId = row.Id;
                context.Mandatory = isMandatory;
            }),
            patience.Token).WaitAsync(patience.Token);
    }

    private async Task MarkSentAsync(NpgsqlConnection connection, List<Guid> sent, CancellationToken ct)
    {
        if (sent.Count > 0)
        {
            await Sql.ExecuteAsync(connection, "update outbox set sent_at = $1 where id = any($2)", ct, clock.GetUtcNow(), sent.ToArray());
        }
    }

    private async Task PruneAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (now - prunedAt < PruneEvery)
        {
            return;
        }

        prunedAt = now;
        await Sql.ExecuteAsync(connection, "delete from outbox where sent_at < $1", ct, now - KeepSent);
        await Sql.ExecuteAsync(connection, "delete from inbox where received_at < $1", ct, now - KeepReceived);
    }

    [LoggerMessage(LogLevel.Warning, "The outbox waits: {Cause}")]
    private static partial void LogAway(ILogger logger, string cause, Exception exception);

    [LoggerMessage(LogLevel.Information, "The outbox sends again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(LogLevel.Information, "No queue takes {Kind} yet: no worker has ever been here; such messages wait")]
    private static partial void LogUnroutable(ILogger logger, string kind);
}
