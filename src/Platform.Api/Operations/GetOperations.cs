using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Api.Usage;
using Platform.Contracts;

namespace Platform.Api.Operations;

/// <summary>GET /t/{tenant}/operations: what a tenant's administrator sees of the work: queue, time per phase, what went wrong, and how busy the workers are.</summary>
internal static class GetOperations
{
    private const int Days = 7;
    private const int MostAttempts = 2_000;
    private const int MostTroubled = 100;

    /// <param name="Devices">Of all tenants' work: how busy, not with what.</param>
    /// <param name="Quarantined">Crashed three times; they wait for a person.</param>
    /// <param name="DeadLetters">Given up by the broker in the last week, and queued again each time.</param>
    public sealed record Response(
        IReadOnlyList<LaneItem> Queue,
        GetUsage.MonthItem Month,
        IReadOnlyList<DeviceItem> Devices,
        IReadOnlyList<ModelItem> Models,
        IReadOnlyList<TroubledItem> Quarantined,
        IReadOnlyList<TroubledItem> DeadLetters);

    /// <param name="Waiting">For another run's result.</param>
    /// <param name="OldestQueuedAt">When the one that waits longest was asked for; null when none waits.</param>
    public sealed record LaneItem(Lane Lane, int Waiting, int Queued, int Dispatched, int Running, int Late, DateTimeOffset? OldestQueuedAt);

    /// <param name="Device">Execution provider and device class.</param>
    /// <param name="Utilisation">0 to 1: share of the slots' time with a run, at the last beat.</param>
    public sealed record DeviceItem(string Device, int Workers, int Draining, int Slots, int Busy, double Utilisation);

    /// <param name="Runs">With a result in the last week, the newest 2,000 of all models.</param>
    public sealed record ModelItem(string Model, string ModelVersion, int Runs, IReadOnlyList<PhaseQuantiles> Phases);

    /// <param name="At">When it was quarantined, or given up.</param>
    public sealed record TroubledItem(
        Guid RunId, string StudyInstanceUid, string Model, string ModelVersion, RunStatus Status, bool IsShadow, DateTimeOffset? At, string? ReasonCode, string? Reason);

    public static void MapGetOperations(this RouteGroupBuilder tenant) => tenant
        .MapGet("operations", Handle)
        .RequireAuthorization(Policy.ManageTenant)
        .WithName(nameof(GetOperations))
        .WithTags("Operations");

    private static async Task<Ok<Response>> Handle(
        PlatformDb db, WorkerRegistry workers, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var since = now - TimeSpan.FromDays(Days);
        var quota = await MonthlyQuota.ReadAsync(db, clock, ct);
        await audit.RecordReadAsync(db.TenantId, "operations.read", "tenant", db.TenantId.ToString(), ct);
        return TypedResults.Ok(new Response(
            await QueueAsync(db, now, ct),
            new GetUsage.MonthItem(quota.UsedComputeSeconds, quota.ComputeSecondsPerMonth, quota.IsUsedUp, quota.NextMonth),
            Devices(workers.Alive()),
            await ModelsAsync(db, since, ct),
            await QuarantinedAsync(db, ct),
            await DeadLettersAsync(db, since, ct)));
    }

    private static List<DeviceItem> Devices(IReadOnlyList<WorkerBeat> alive) =>
    [
        .. alive.GroupBy(w => w.Device).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new DeviceItem(
            g.Key,
            g.Count(),
            g.Count(w => w.IsDraining),
            g.Sum(w => w.Slots),
            g.Sum(w => Math.Min(w.Running.Count, w.Slots)),
            g.Sum(w => w.Utilisation * w.Slots) / Math.Max(1, g.Sum(w => w.Slots))))
    ];

    private static async Task<List<LaneItem>> QueueAsync(PlatformDb db, DateTimeOffset now, CancellationToken ct)
    {
        var groups = await db.RunsAndShadows
            .Where(r => r.Status == RunStatus.Waiting || r.Status == RunStatus.Queued || r.Status == RunStatus.Dispatched || r.Status == RunStatus.Running)
            .GroupBy(r => new { r.Lane, r.Status })
            .Select(g => new { g.Key.Lane, g.Key.Status, Count = g.Count(), Late = g.Count(r => r.Deadline < now), Oldest = g.Min(r => r.CreatedAt) })
            .ToListAsync(ct);
        return [.. Enum.GetValues<Lane>().Select(lane => new LaneItem(
            lane,
            Count(lane, RunStatus.Waiting),
            Count(lane, RunStatus.Queued),
            Count(lane, RunStatus.Dispatched),
            Count(lane, RunStatus.Running),
            groups.Where(g => g.Lane == lane).Sum(g => g.Late),
            groups.Find(g => g.Lane == lane && g.Status == RunStatus.Queued)?.Oldest))];

        int Count(Lane lane, RunStatus status) => groups.Where(g => g.Lane == lane && g.Status == status).Sum(g => g.Count);
    }

    private static async Task<List<ModelItem>> ModelsAsync(PlatformDb db, DateTimeOffset since, CancellationToken ct)
    {
        var attempts = await db.Attempts.AsNoTracking()
            .Where(a => a.FinishedAt >= since && a.PhaseSeconds != null)
            .OrderByDescending(a => a.FinishedAt)
            .Take(MostAttempts)
            .Join(db.RunsAndShadows, a => a.RunId, r => r.Id, (a, r) => new { a.PhaseSeconds, r.ModelId })
            .Join(db.AiModels, a => a.ModelId, m => m.Id, (a, m) => new { a.PhaseSeconds, m.Name, m.Version })
            .ToListAsync(ct);
        return
        [
            .. attempts
                .GroupBy(a => (a.Name, a.Version))
                .OrderBy(g => g.Key.Name, StringComparer.Ordinal).ThenBy(g => g.Key.Version, StringComparer.Ordinal)
                .Select(g => new ModelItem(
                    g.Key.Name,
                    g.Key.Version,
                    g.Count(),
                    PhaseTimes.Quantiles([.. g.Select(a => JsonSerializer.Deserialize<PhaseSeconds>(a.PhaseSeconds!, PlatformJson.Options)!)])))
        ];
    }

    private static async Task<List<TroubledItem>> QuarantinedAsync(PlatformDb db, CancellationToken ct) =>
        await db.RunsAndShadows.AsNoTracking()
            .Where(r => r.Status == RunStatus.Quarantined)
            .OrderByDescending(r => r.FinishedAt)
            .Take(MostTroubled)
            .Join(db.Studies, r => r.StudyId, s => s.Id, (run, study) => new { run, study.StudyInstanceUid })
            .Join(db.AiModels, r => r.run.ModelId, m => m.Id, (r, m) => new TroubledItem(
                r.run.Id, r.StudyInstanceUid, m.Name, m.Version, r.run.Status, r.run.IsShadow, r.run.FinishedAt, r.run.ReasonCode, r.run.Reason))
            .ToListAsync(ct);

    private static async Task<List<TroubledItem>> DeadLettersAsync(PlatformDb db, DateTimeOffset since, CancellationToken ct) =>
        await db.Attempts.AsNoTracking()
            .Where(a => a.ReasonCode == Attempt.DeadLetter && a.FinishedAt >= since)
            .OrderByDescending(a => a.FinishedAt)
            .Take(MostTroubled)
            .Join(db.RunsAndShadows, a => a.RunId, r => r.Id, (attempt, run) => new { attempt, run })
            .Join(db.Studies, r => r.run.StudyId, s => s.Id, (r, study) => new { r.attempt, r.run, study.StudyInstanceUid })
            .Join(db.AiModels, r => r.run.ModelId, m => m.Id, (r, m) => new TroubledItem(
                r.run.Id, r.StudyInstanceUid, m.Name, m.Version, r.run.Status, r.run.IsShadow, r.attempt.FinishedAt, r.attempt.ReasonCode, r.attempt.Reason))
            .ToListAsync(ct);
}
