using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;

namespace Platform.Api.Usage;

/// <summary>How much of its month's device time a tenant has used; what is being computed now counts when it ends.</summary>
/// <param name="ComputeSecondsPerMonth">Null sets no bound.</param>
internal sealed record MonthlyQuota(double UsedComputeSeconds, double? ComputeSecondsPerMonth, DateOnly NextMonth)
{
    public const string Code = "quota";

    public bool IsUsedUp => UsedComputeSeconds >= ComputeSecondsPerMonth;

    /// <summary>Why a routine run waits; null when this is no reason.</summary>
    public string? Reason => IsUsedUp
        ? FormattableString.Invariant($"This month's device time ({ComputeSecondsPerMonth:0} s) is used up. Routine runs wait until {NextMonth:yyyy-MM-dd} or a larger quota; urgent ones still run.")
        : null;

    public static async Task<MonthlyQuota> ReadAsync(PlatformDb db, TimeProvider clock, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var month = new DateOnly(today.Year, today.Month, 1);
        var quota = await db.Tenants.Select(t => t.ComputeSecondsPerMonth).SingleAsync(ct);
        var used = await db.UsageDays.Where(u => u.Day >= month).SumAsync(u => u.ComputeSeconds, ct);
        return new MonthlyQuota(used, quota, month.AddMonths(1));
    }
}
