using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Runs;

/// <summary>GET /t/{tenant}/runs: the newest runs first, of a state if one is named; <c>before</c> is the last id of the page before.</summary>
internal static class ListRuns
{
    public sealed record Response(IReadOnlyList<Item> Runs);

    public sealed record Item(
        Guid Id,
        string StudyUid,
        int StudyVersion,
        string Model,
        string ModelVersion,
        Lane Lane,
        RunStatus Status,
        DateTimeOffset CreatedAt,
        DateTimeOffset? FinishedAt,
        bool IsProvisional,
        Guid? SupersededBy,
        string? ReasonCode,
        string? Reason);

    public static void MapListRuns(this IEndpointRouteBuilder runs) => runs
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithName(nameof(ListRuns));

    private static async Task<Ok<Response>> Handle(
        RunStatus? status, Guid? before, [Range(1, 500)] int? limit, PlatformDb db, AuditLog audit, TimeProvider clock, CancellationToken ct)
    {
        var runs = db.Runs.AsNoTracking();
        if (status is not null)
        {
            runs = runs.Where(r => r.Status == status);
        }

        if (before is { } last)
        {
            runs = runs.Where(r => r.Id.CompareTo(last) < 0); // version 7: by time
        }

        var items = await runs
            .OrderByDescending(r => r.Id)
            .Take(limit ?? 100)
            .Join(db.Studies, r => r.StudyId, s => s.Id, (run, study) => new { run, study.StudyInstanceUid })
            .Join(db.AiModels, r => r.run.ModelId, m => m.Id, (r, model) => new { r.run, r.StudyInstanceUid, model.Name, model.Version })
            .OrderByDescending(r => r.run.Id)
            .ToListAsync(ct);
        await audit.RecordReadAsync(db.TenantId, "run.list", "tenant", db.TenantId.ToString(), ct);
        var reasons = await WaitReason.OfAsync(db, [.. items.Select(i => i.run)], clock, ct);
        return TypedResults.Ok(new Response(
        [
            .. items.Select(i => new Item(
                i.run.Id,
                i.StudyInstanceUid,
                i.run.StudyVersion,
                i.Name,
                i.Version,
                i.run.Lane,
                i.run.Status,
                i.run.CreatedAt,
                i.run.FinishedAt,
                i.run.IsProvisional,
                i.run.SupersededBy,
                reasons(i.run).Code,
                reasons(i.run).Reason))
        ]));
    }
}
