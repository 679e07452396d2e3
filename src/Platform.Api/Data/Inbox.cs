using Microsoft.EntityFrameworkCore;

namespace Platform.Api.Data;

/// <summary>What consumers have committed. The row is written in their transaction, so a redelivery finds it or finds nothing done.</summary>
internal static class Inbox
{
    /// <summary>False when the consumer has already committed this.</summary>
    /// <param name="id">What makes the message the same one: the attempt, not the delivery.</param>
    public static async Task<bool> TryReceiveAsync(PlatformDb db, string consumer, Guid id, TimeProvider clock, CancellationToken ct)
    {
        var key = $"{consumer}:{id:N}";
        return await db.Database.ExecuteSqlAsync(
            $"insert into inbox (key, received_at) values ({key}, {clock.GetUtcNow()}) on conflict do nothing", ct) == 1;
    }
}
