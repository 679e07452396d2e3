using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Data;

namespace Platform.Api.Studies;

/// <summary>
/// Completes studies whose sender fell silent. Every store rings a doorbell in <c>work_ready</c>; this looks at the due ones.
/// Any number of hosts may run it: a study's row is locked while it is completed.
/// </summary>
internal sealed partial class StudyCompleter(
    IDbContextFactory<SystemDb> system,
    TenantScope scopes,
    StudyCompletion completion,
    IOptions<StudiesOptions> options,
    TimeProvider clock,
    ILogger<StudyCompleter> logger) : BackgroundService
{
    public const string Kind = "study-receiving";

    private const int MaxDoorbells = 500;

    /// <summary>Rung in the transaction that stores instances; due when the shortest quiet period may be over.</summary>
    /// <remarks>By SQL: the role of requests may insert here and read nothing back, not even the row's number.</remarks>
    public static NpgsqlBatchCommand Ring(Guid tenantId, Guid studyId, DateTimeOffset due) =>
        new("insert into work_ready (tenant_id, kind, lane, deadline, id) values ($1, $2, '', $3, $4)")
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = tenantId },
                new NpgsqlParameter<string> { TypedValue = Kind },
                new NpgsqlParameter<DateTime> { TypedValue = due.UtcDateTime },
                new NpgsqlParameter<Guid> { TypedValue = studyId },
            },
        };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.CompletionInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CompleteDueAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e); // the doorbells are still there
            }
        }
    }

    /// <summary>Looks at all studies whose doorbell is due.</summary>
    internal async Task CompleteDueAsync(CancellationToken ct)
    {
        await using var db = await system.CreateDbContextAsync(ct);
        var now = clock.GetUtcNow();
        var due = await db.WorkReady.AsNoTracking()
            .Where(w => w.Kind == Kind && w.Deadline <= now)
            .OrderBy(w => w.Deadline)
            .Take(MaxDoorbells)
            .ToListAsync(ct);
        foreach (var doorbells in due.GroupBy(w => (w.TenantId, w.Id)))
        {
            var (tenantId, studyId) = doorbells.Key;
            var lookAgain = await LookAsync(tenantId, studyId, now, ct);
            var seen = doorbells.Select(w => w.Seq).ToArray();
            if (lookAgain is { } at)
            {
                // One doorbell is moved to the new time; the others say nothing that it does not.
                await db.WorkReady.Where(w => w.Seq == seen[0])
                    .ExecuteUpdateAsync(set => set.SetProperty(w => w.Deadline, at), ct);
                seen = seen[1..];
            }

            await db.WorkReady.Where(w => seen.Contains(w.Seq)).ExecuteDeleteAsync(ct);
        }
    }

    /// <summary>Completes the study if it has been quiet for long enough; else when to look again, null for never.</summary>
    private Task<DateTimeOffset?> LookAsync(
        Guid tenantId, Guid studyId, DateTimeOffset now, CancellationToken ct) => scopes.RunAsync(
        tenantId,
        async (db, token) =>
        {
            if (await StudyCompletion.LockAsync(db, studyId, token) is not { Status: StudyStatus.Receiving } study)
            {
                return null;
            }

            var quietAt = await StudyCompletion.QuietAtAsync(db, study, token);
            if (quietAt > now)
            {
                return quietAt;
            }

            await completion.CompleteAsync(db, study, "quiet period", token);
            return (DateTimeOffset?)null;
        },
        ct);

    [LoggerMessage(LogLevel.Error, "Studies that fell silent could not be completed; trying again")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
