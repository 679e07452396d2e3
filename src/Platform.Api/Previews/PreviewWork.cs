using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Api.Data;

namespace Platform.Api.Previews;

/// <summary>
/// What previews leave in <c>work_ready</c>: <c>preview-wanted</c> waits to be asked of a worker, <c>preview-rung</c> has been,
/// <c>preview-ended</c> takes that away. Only <see cref="PreviewRinger"/> reads and deletes.
/// </summary>
internal static class PreviewWork
{
    public const string Channel = "platform_previews";

    private const string Wanted = "preview-wanted";
    private const string Rung = "preview-rung";
    private const string Ended = "preview-ended";

    // A person who waits for an image goes before strips that nobody may look at.
    private const string Asked = "a";
    private const string Planned = "b";

    public static Task WantedAsync(PlatformDb db, Preview preview, bool isAsked, DateTimeOffset now, CancellationToken ct) =>
        AddAsync(db, Wanted, isAsked ? Asked : Planned, preview.Id, now, ct);

    public static Task RungAsync(PlatformDb db, Preview preview, DateTimeOffset againAt, CancellationToken ct) =>
        AddAsync(db, Rung, "", preview.Id, againAt, ct);

    public static Task EndedAsync(PlatformDb db, Preview preview, DateTimeOffset now, CancellationToken ct) =>
        AddAsync(db, Ended, "", preview.Id, now, ct);

    /// <summary>Takes away what has ended; what was rung and is overdue becomes wanted again. The number that is still rung.</summary>
    public static async Task<int> SettleAsync(NpgsqlConnection system, DateTimeOffset overdueBefore, CancellationToken ct)
    {
        await Sql.ExecuteAsync(
            system,
            $"""
            with ended as (delete from work_ready where kind = '{Ended}' returning id, seq)
            delete from work_ready rung using ended where rung.kind = '{Rung}' and rung.id = ended.id and rung.seq < ended.seq
            """,
            ct);
        await Sql.ExecuteAsync(
            system, $"update work_ready set kind = '{Wanted}', lane = '{Planned}' where kind = '{Rung}' and deadline < $1", ct, overdueBefore);
        return (int)await Sql.ScalarAsync<long>(system, $"select count(*) from work_ready where kind = '{Rung}'", ct);
    }

    /// <summary>The next to ask for: what people wait for first, then each tenant in turn.</summary>
    public static async Task<List<WaitingPreview>> ReadWantedAsync(NpgsqlConnection system, int most, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select seq, tenant_id, id from (
                select *, row_number() over (partition by lane, tenant_id order by seq) as place
                from work_ready where kind = '{Wanted}') as waiting
            order by lane, place, seq limit $1
            """,
            system);
        command.Parameters.Add(new NpgsqlParameter { Value = most });
        var waiting = new List<WaitingPreview>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            waiting.Add(new WaitingPreview(reader.GetInt64(0), reader.GetGuid(1), reader.GetGuid(2)));
        }

        return waiting;
    }

    public static Task RemoveAsync(NpgsqlConnection system, long seq, CancellationToken ct) =>
        Sql.ExecuteAsync(system, "delete from work_ready where seq = $1", ct, seq);

    private static async Task AddAsync(PlatformDb db, string kind, string lane, Guid id, DateTimeOffset deadline, CancellationToken ct)
    {
        await db.Database.ExecuteSqlAsync(
            $"insert into work_ready (tenant_id, kind, lane, deadline, id) values ({db.TenantId}, {kind}, {lane}, {deadline}, {id})", ct);
        await db.Database.ExecuteSqlAsync($"select pg_notify({Channel}, '')", ct);
    }
}

/// <summary>A preview that waits to be asked of a worker.</summary>
internal sealed record WaitingPreview(long Seq, Guid TenantId, Guid PreviewId);
