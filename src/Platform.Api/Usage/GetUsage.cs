using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Usage;

/// <summary>GET /t/{tenant}/usage: device time by day, model and device, and how much of the month's quota is left.</summary>
internal static class GetUsage
{
    private const int DefaultDays = 31;
    private const int MostDays = 400;

    public sealed record Response(DateOnly From, DateOnly To, IReadOnlyList<DayItem> Days, MonthItem Month);

    /// <param name="Attempts">That computed, whatever came of them.</param>
    public sealed record DayItem(
        DateOnly Day,
        string Model,
        string ModelVersion,
        [property: Description("Execution provider and device class, e.g. `cpu-avx2`.")] string Device,
        int Attempts,
        [property: Description("Wall seconds of computing times devices held.")] double ComputeSeconds);

    /// <param name="NextMonth">When the count begins anew (UTC).</param>
    public sealed record MonthItem(double UsedComputeSeconds, double? ComputeSecondsPerMonth, bool IsUsedUp, DateOnly NextMonth);

    public static void MapUsage(this RouteGroupBuilder tenant) => tenant
        .MapGet("usage", Handle)
        .RequireAuthorization(Policy.ManageTenant)
        .WithName(nameof(GetUsage))
        .WithTags("Usage")
        .ProducesProblem(StatusCodes.Status400BadRequest);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        DateOnly? from, DateOnly? to, PlatformDb db, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var last = to ?? DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var first = from ?? last.AddDays(1 - DefaultDays);
        if (first > last || last.DayNumber - first.DayNumber >= MostDays)
        {
            return TypedResults.Problem($"Ask for at most {MostDays} days, the first before the last.", statusCode: StatusCodes.Status400BadRequest);
        }

        var days = await db.UsageDays.AsNoTracking()
            .Where(u => u.Day >= first && u.Day <= last)
            .Join(db.AiModels, u => u.ModelId, m => m.Id, (usage, model) => new { usage, model.Name, model.Version })
            .OrderBy(u => u.usage.Day).ThenBy(u => u.Name).ThenBy(u => u.Version).ThenBy(u => u.usage.Device)
            .ToListAsync(ct);
        var quota = await MonthlyQuota.ReadAsync(db, clock, ct);
        await audit.RecordReadAsync(db.TenantId, "usage.read", "tenant", db.TenantId.ToString(), ct);
        return TypedResults.Ok(new Response(
            first,
            last,
            [.. days.Select(d => new DayItem(d.usage.Day, d.Name, d.Version, d.usage.Device, d.usage.Attempts, d.usage.ComputeSeconds))],
            new MonthItem(quota.UsedComputeSeconds, quota.ComputeSecondsPerMonth, quota.IsUsedUp, quota.NextMonth)));
    }
}
