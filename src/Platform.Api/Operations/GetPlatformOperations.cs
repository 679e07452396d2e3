using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.Operations;

/// <summary>GET /operations: what a platform operator sees of all tenants' work: counts, workers and times; no study, no run, no finding.</summary>
internal static class GetPlatformOperations
{
    /// <param name="Phases">Of the latest results that this process has committed, at most 1,000; <paramref name="PhaseRuns"/> says how many.</param>
    public sealed record Response(
        IReadOnlyList<QueueItem> Queue, IReadOnlyList<WorkerItem> Workers, IReadOnlyList<PhaseQuantiles> Phases, int PhaseRuns, IReadOnlyList<TroubleItem> Troubled);

    /// <param name="Queued">Wait for a slot.</param>
    /// <param name="OnTheWay">Have one: dispatched or running.</param>
    /// <param name="NearestDeadline">Of those that wait; null when none does.</param>
    public sealed record QueueItem(string Tenant, string Name, Lane Lane, int Queued, int OnTheWay, DateTimeOffset? NearestDeadline);

    /// <param name="Utilisation">0 to 1: share of the slots' time with a run, at the last beat.</param>
    /// <param name="Gpus">Null where the worker's machine tells of none.</param>
    public sealed record WorkerItem(
        Guid Id,
        string Name,
        string Device,
        int Slots,
        int Busy,
        double Utilisation,
        long MemoryBytes,
        bool IsDraining,
        IReadOnlyList<string> LoadedModels,
        IReadOnlyList<GpuFacts>? Gpus,
        DateTimeOffset BeatAt);

    /// <summary>How many runs of a tenant wait for a person.</summary>
    /// <param name="DeadLetters">Deliveries that the broker gave up in the last week; their runs were queued again each time.</param>
    public sealed record TroubleItem(string Tenant, string Name, int Quarantined, int DeadLetters);

    public static void MapGetPlatformOperations(this IEndpointRouteBuilder app) => app
        .MapGet("/operations", Handle)
        .RequireAuthorization(Policy.OperatePlatform)
        .WithName(nameof(GetPlatformOperations))
        .WithTags("Operations");

    private static async Task<Ok<Response>> Handle(
        RoleConnections connections, IdentityDb identities, TenantScope scopes, WorkerRegistry workers, PhaseTimes phases, TimeProvider clock, CancellationToken ct)
    {
        var tenants = await identities.TenantNames.AsNoTracking().OrderBy(t => t.Slug).ToDictionaryAsync(t => t.Id, ct);
        await using var system = await connections.System.OpenConnectionAsync(ct);
        var queue = (await RunWork.CountAsync(system, ct))
            .Where(c => tenants.ContainsKey(c.TenantId))
            .Select(c => new QueueItem(tenants[c.TenantId].Slug, tenants[c.TenantId].Name, c.Lane, c.Queued, c.OnTheWay, c.NearestDeadline))
            .OrderBy(c => c.Lane).ThenByDescending(c => c.Queued).ThenBy(c => c.Tenant, StringComparer.Ordinal)
            .ToList();
        var troubled = new List<TroubleItem>();
        var since = clock.GetUtcNow() - ListTroubledRuns.Span;
        foreach (var tenant in tenants.Values)
        {
            var (quarantined, deadLetters) = await scopes.RunAsync(
                tenant.Id,
                async (db, token) => (
                    await db.RunsAndShadows.CountAsync(r => r.Status == RunStatus.Quarantined, token),
                    await db.Attempts.CountAsync(a => a.ReasonCode == Attempt.DeadLetter && a.FinishedAt >= since, token)),
                ct);
            if (quarantined + deadLetters > 0)
            {
                troubled.Add(new TroubleItem(tenant.Slug, tenant.Name, quarantined, deadLetters));
            }
        }

        return TypedResults.Ok(new Response(
            queue,
            [
                .. workers.Alive().OrderBy(w => w.WorkerName, StringComparer.Ordinal).ThenBy(w => w.WorkerId).Select(w => new WorkerItem(
                    w.WorkerId,
                    w.WorkerName,
                    w.Device,
                    w.Slots,
                    Math.Min(w.Running.Count, w.Slots),
                    w.Utilisation,
                    w.MemoryBytes,
                    w.IsDraining,
                    w.LoadedModels,
                    w.Gpus,
                    w.At))
            ],
            phases.Quantiles(),
            phases.Count,
            troubled));
    }
}
