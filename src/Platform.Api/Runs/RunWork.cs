using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Data;

namespace Platform.Api.Runs;

/// <summary>
/// What runs leave in <c>work_ready</c> in their business transactions. Only the active dispatcher reads and deletes:
/// <c>run-queued</c> waits for a slot, <c>run-live</c> has one (dispatched or running), <c>run-ended</c> gives it back.
/// </summary>
internal static class RunWork
{
    public const string Channel = "platform_runs";
    public const string Queued = "run-queued";
    public const string Live = "run-live";
    public const string Ended = "run-ended";

    public static Task QueuedAsync(PlatformDb db, Run run, CancellationToken ct) => AddAsync(db, Queued, run, run.Deadline, ct);

    /// <param name="claimBy">By then a worker should have claimed it.</param>
    public static Task LiveAsync(PlatformDb db, Run run, DateTimeOffset claimBy, CancellationToken ct) => AddAsync(db, Live, run, claimBy, ct);

    public static Task EndedAsync(PlatformDb db, Run run, CancellationToken ct) => AddAsync(db, Ended, run, run.Deadline, ct);

    /// <summary>After a change of a run's state: the row that the new state asks for.</summary>
    public static async Task FollowAsync(PlatformDb db, Run run, CancellationToken ct)
    {
        if (run.Status == RunStatus.Queued || run.IsTerminal)
        {
            await EndedAsync(db, run, ct);
        }

        if (run.Status == RunStatus.Queued)
        {
            await QueuedAsync(db, run, ct);
        }
    }

    /// <summary>Gives back the slots of ended runs: a live row older than the end goes with it, a younger one stays.</summary>
    public static Task SettleAsync(NpgsqlConnection system, CancellationToken ct) => Sql.ExecuteAsync(
        system,
        $"""
        with ended as (delete from work_ready where kind = '{Ended}' returning id, seq)
        delete from work_ready live using ended where live.kind = '{Live}' and live.id = ended.id and live.seq < ended.seq
        """,
        ct);

    public static Task RemoveAsync(NpgsqlConnection system, long seq, CancellationToken ct) =>
        Sql.ExecuteAsync(system, "delete from work_ready where seq = $1", ct, seq);

    public static async Task<List<LiveRun>> ReadLiveAsync(NpgsqlConnection system, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select seq, tenant_id, id, deadline from work_ready where kind = '{Live}' order by seq", system);
        var live = new List<LiveRun>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var claimBy = await reader.GetFieldValueAsync<DateTimeOffset>(3, ct);
            live.Add(new LiveRun(reader.GetInt64(0), reader.GetGuid(1), reader.GetGuid(2), claimBy));
        }

        return live;
    }

    /// <summary>Of each lane and tenant the runs with the nearest deadlines, at most <paramref name="perTenant"/>.</summary>
    public static async Task<List<WaitingRun>> ReadQueuedAsync(NpgsqlConnection system, int perTenant, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select seq, tenant_id, id, lane, deadline from (
                select *, row_number() over (partition by tenant_id, lane order by deadline, seq) as place
                from work_ready where kind = '{Queued}') as waiting
            where place <= $1
            order by deadline, seq
            """,
            system);
        command.Parameters.Add(new NpgsqlParameter { Value = perTenant });
        var queued = new List<WaitingRun>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            queued.Add(new WaitingRun(reader.GetInt64(0), reader.GetGuid(1), reader.GetGuid(2), Enum.Parse<Lane>(reader.GetString(3))));
        }

        return queued;
    }

    /// <summary>How many runs of each tenant and lane wait, and how many have a slot.</summary>
    public static async Task<List<WorkCount>> CountAsync(NpgsqlConnection system, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select tenant_id, lane,
                count(*) filter (where kind = '{Queued}')::int, count(*) filter (where kind = '{Live}')::int,
                min(deadline) filter (where kind = '{Queued}')
            from work_ready where kind in ('{Queued}', '{Live}') group by tenant_id, lane
            """,
            system);
        var counts = new List<WorkCount>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            counts.Add(new WorkCount(
                reader.GetGuid(0),
                Enum.Parse<Lane>(reader.GetString(1)),
                reader.GetInt32(2),
                reader.GetInt32(3),
                await reader.IsDBNullAsync(4, ct) ? null : await reader.GetFieldValueAsync<DateTimeOffset>(4, ct)));
        }

        return counts;
    }

    /// <summary>Something that decides about waiting runs has changed.</summary>
    public static Task RingAsync(PlatformDb db, CancellationToken ct) => db.Database.ExecuteSqlAsync($"select pg_notify({Channel}, '')", ct);

    private static async Task AddAsync(PlatformDb db, string kind, Run run, DateTimeOffset deadline, CancellationToken ct)
    {
        db.WorkReady.Add(new WorkReady
        {
            TenantId = run.TenantId,
            Kind = kind,
            Lane = run.Lane.ToString(),
            Deadline = deadline,
            Id = run.Id,
        });
        await RingAsync(db, ct);
    }
}

/// <summary>A tenant's runs of a lane that wait, and those that hold a slot.</summary>
internal sealed record WorkCount(Guid TenantId, Lane Lane, int Queued, int OnTheWay, DateTimeOffset? NearestDeadline);

/// <summary>A run that holds a slot.</summary>
internal sealed record LiveRun(long Seq, Guid TenantId, Guid RunId, DateTimeOffset ClaimBy);

/// <summary>A run that waits for a slot.</summary>
internal sealed record WaitingRun(long Seq, Guid TenantId, Guid RunId, Lane Lane);
