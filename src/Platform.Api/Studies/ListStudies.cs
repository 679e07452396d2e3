using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;

namespace Platform.Api.Studies;

/// <summary>
/// GET /t/{tenant}/studies: the newest arrivals first, of a status if one is named, or those whose pixels are held (or not);
/// <c>before</c> is the last id of the page before.
/// </summary>
internal static class ListStudies
{
    private const int DefaultLimit = 100;

    public sealed record Response(IReadOnlyList<Item> Studies);

    public sealed record Item(
        Guid Id,
        string StudyInstanceUid,
        string PatientPseudonym,
        string? StudyDate,
        string? Description,
        string? BodyPart,
        IReadOnlyList<string> Modalities,
        int Series,
        int Instances,
        int Version,
        StudyStatus Status,
        bool ArePixelsHeld,
        DateTimeOffset ArrivedAt,
        DateTimeOffset? CompletedAt,
        string? NoAiCode,
        string? NoAiReason,
        IReadOnlyList<RunStatus> Runs,
        int Findings,
        [property: Description("Measures of the images that miss a bar of a model whose result counts, e.g. `noise`: that result is limited. Empty when none is.")]
        IReadOnlyList<string> LimitedBy);

    public static void MapListStudies(this IEndpointRouteBuilder studies) => studies
        .MapGet("", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(nameof(ListStudies));

    private static async Task<Ok<Response>> Handle(
        StudyStatus? status,
        bool? held,
        Guid? before,
        [Range(1, 500)] int? limit,
        CurrentTenant tenant,
        TenantScope scopes,
        AuditLog audit,
        CancellationToken ct)
    {
        var items = await scopes.RunAsync(
            tenant.Id, (db, token) => ReadAsync(db, status, held, before, limit ?? DefaultLimit, token), ct);
        await audit.RecordReadAsync(tenant.Id, "studies.list", "tenant", tenant.Id.ToString(), ct);
        return TypedResults.Ok(new Response(items));
    }

    private static async Task<List<Item>> ReadAsync(
        PlatformDb db, StudyStatus? status, bool? held, Guid? before, int limit, CancellationToken ct)
    {
        var studies = db.Studies.AsNoTracking();
        if (status is not null)
        {
            studies = studies.Where(s => s.Status == status);
        }

        if (held is not null)
        {
            studies = studies.Where(s => (s.PixelsHeldAt != null && s.PixelsReleasedAt == null) == held);
        }

        if (before is { } last)
        {
            studies = studies.Where(s => s.Id.CompareTo(last) < 0); // version 7: by time
        }

        var page = await studies.OrderByDescending(s => s.Id).Take(limit).ToListAsync(ct);
        var ids = page.ConvertAll(s => s.Id);
        var series = (await db.Series.Where(e => ids.Contains(e.StudyId))
                .Select(e => new { e.StudyId, e.Modality }).ToListAsync(ct))
            .ToLookup(e => e.StudyId, e => e.Modality);
        var instances = await db.Instances.Where(i => ids.Contains(i.StudyId)).GroupBy(i => i.StudyId)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, ct);
        var runs = (await db.Runs.Where(r => ids.Contains(r.StudyId) && r.SupersededBy == null).OrderBy(r => r.Id)
                .Select(r => new { r.StudyId, r.StudyVersion, r.Status, r.LimitedBy }).ToListAsync(ct))
            .ToLookup(r => (r.StudyId, r.StudyVersion));
        var findings = await db.Findings
            .Join(
                db.Runs.Where(r => ids.Contains(r.StudyId) && r.SupersededBy == null),
                f => new { f.TenantId, Id = f.RunId },
                r => new { r.TenantId, r.Id },
                (_, r) => new { r.StudyId, r.StudyVersion })
            .GroupBy(r => r).Select(g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(g => (g.Key.StudyId, g.Key.StudyVersion), g => g.Count, ct);
        return page.ConvertAll(s => new Item(
            s.Id,
            s.StudyInstanceUid,
            s.PatientPseudonym,
            s.StudyDate,
            s.Description,
            s.BodyPart,
            [.. series[s.Id].Distinct().Order()],
            series[s.Id].Count(),
            instances.GetValueOrDefault(s.Id),
            s.Version,
            s.Status,
            s.ArePixelsHeld,
            s.ArrivedAt,
            s.CompletedAt,
            s.NoAiCode,
            s.NoAiReason,
            [.. runs[(s.Id, s.Version)].Select(r => r.Status)],
            findings.GetValueOrDefault((s.Id, s.Version)),
            [.. runs[(s.Id, s.Version)].SelectMany(r => r.LimitedBy).Distinct().Order(StringComparer.Ordinal)]));
    }
}
