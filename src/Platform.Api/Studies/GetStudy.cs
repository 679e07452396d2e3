using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.Contracts;

namespace Platform.Api.Studies;

/// <summary>GET /t/{tenant}/studies/{uid}: the study, its series, and its runs with their findings, or why no AI ran.</summary>
internal static class GetStudy
{
    public sealed record Response(
        Guid Id,
        string StudyInstanceUid,
        string PatientPseudonym,
        string? StudyDate,
        string? Description,
        string? BodyPart,
        string? BodyPartSource,
        int Version,
        StudyStatus Status,
        DateTimeOffset ArrivedAt,
        DateTimeOffset LastInstanceAt,
        DateTimeOffset? CompletedAt,
        string? NoAiCode,
        string? NoAiReason,
        [property: Description("Null when nothing says that an image may show who the patient is.")] PixelsItem? Pixels,
        IReadOnlyList<SeriesItem> Series,
        IReadOnlyList<RunItem> Runs);

    /// <param name="Id">What changes of kind <c>preview</c> name.</param>
    public sealed record SeriesItem(
        Guid Id,
        string SeriesInstanceUid,
        string Modality,
        string? BodyPart,
        string? Description,
        int? Number,
        SeriesOrigin Origin,
        Guid? RunId,
        [property: Description("Images that a model made of those that were received: AI-enhanced, no originals.")] bool IsDerived,
        int Instances,
        int Damaged,
        [property: Description("Instances that may show who the patient is and that no administrator has looked at.")] int Held);

    /// <param name="ReleasedAt">Null while they are held: then only administrators may have them.</param>
    /// <param name="Images">How many are to be looked at.</param>
    public sealed record PixelsItem(
        DateTimeOffset HeldAt, DateTimeOffset? ReleasedAt, Guid? ReleasedBy, int Images, IReadOnlyList<SuspicionItem> Suspicions);

    /// <param name="Code">e.g. <c>TextFound</c>.</param>
    /// <param name="Images">Of those to be looked at.</param>
    public sealed record SuspicionItem(string Code, int Images);

    public sealed record RunItem(
        Guid Id,
        int StudyVersion,
        string Model,
        string ModelVersion,
        Lane Lane,
        RunStatus Status,
        DateTimeOffset CreatedAt,
        DateTimeOffset? StartedAt,
        DateTimeOffset? FinishedAt,
        [property: Description("What its worker is at, e.g. `Infer`; null when no worker has it.")] string? Phase,
        [property: Description("0 to 1 within the phase; null when no worker has it.")] double? Progress,
        string? ReasonCode,
        string? Reason,
        bool IsProvisional,
        [property: Description("The complete study's run, in place of this provisional one; null while there is none.")] Guid? SupersededBy,
        [property: Description("What a model of several inputs takes; empty for a model of one.")] IReadOnlyList<InputSeries> Series,
        IReadOnlyList<Finding> Findings);

    public static void MapGetStudy(this IEndpointRouteBuilder studies) => studies
        .MapGet("{uid}", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(nameof(GetStudy))
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        string uid,
        CurrentTenant tenant,
        TenantScope scopes,
        TenantKeys keys,
        AuditLog audit,
        WorkerRegistry workers,
        TimeProvider clock,
        CancellationToken ct)
    {
        var forms = UidPath.FormsOf(uid, await keys.ForAsync(tenant.Id, ct));
        // One instant: a run that has succeeded is never shown without the series that it made.
        var response = await scopes.SnapshotAsync(
            tenant.Id,
            async (db, token) =>
                await db.Studies.AsNoTracking().SingleOrDefaultAsync(s => forms.Contains(s.StudyInstanceUid), token) is { } study
                    ? await ReadAsync(db, study, workers, clock, token)
                    : null,
            ct);
        if (response is null)
        {
            return TypedResults.Problem("No such study.", statusCode: StatusCodes.Status404NotFound);
        }

        await audit.RecordReadAsync(tenant.Id, "study.read", "study", response.Id.ToString(), ct);
        return TypedResults.Ok(response);
    }

    /// <summary>Null when nothing of the study was ever held.</summary>
    internal static async Task<PixelsItem?> ReadPixelsAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        if (study.PixelsHeldAt is not { } heldAt)
        {
            return null;
        }

        var unseen = study.ArePixelsHeld ? await PixelHold.Unseen(db, study.Id).Select(i => i.PixelSuspicions).ToListAsync(ct) : [];
        return new PixelsItem(
            heldAt,
            study.PixelsReleasedAt,
            study.PixelsReleasedBy,
            unseen.Count,
            [.. unseen.SelectMany(all => all).GroupBy(code => code).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new SuspicionItem(g.Key, g.Count()))]);
    }

    private static async Task<Response> ReadAsync(PlatformDb db, Study study, WorkerRegistry workers, TimeProvider clock, CancellationToken ct)
    {
        var series = await db.Series
            .Where(e => e.StudyId == study.Id)
            .OrderBy(e => e.Number).ThenBy(e => e.Id)
            .Select(e => new SeriesItem(
                e.Id,
                e.SeriesInstanceUid,
                e.Modality,
                e.BodyPart,
                e.Description,
                e.Number,
                e.Origin,
                e.RunId,
                e.Origin == SeriesOrigin.Computed && !Series.MarkModalities.Contains(e.Modality),
                db.Instances.Count(i => i.SeriesId == e.Id),
                db.Instances.Count(i => i.SeriesId == e.Id && i.Status == InstanceStatus.Damaged),
                db.Instances.Count(i => i.SeriesId == e.Id && i.PixelsReleasedAt == null && i.PixelSuspicions.Length > 0)))
            .ToListAsync(ct);
        var runs = await db.Runs.AsNoTracking()
            .Where(r => r.StudyId == study.Id)
            .Join(db.AiModels, r => r.ModelId, m => m.Id, (run, model) => new { run, model.Name, model.Version })
            .OrderByDescending(r => r.run.StudyVersion).ThenBy(r => r.run.Id)
            .ToListAsync(ct);
        var ids = runs.ConvertAll(r => r.run.Id);
        var taken = await InputSeries.ReadAsync(db, runs.ConvertAll(r => r.run), ct);
        var reasons = await WaitReason.OfAsync(db, runs.ConvertAll(r => r.run), clock, ct);
        var findings = (await db.Findings.AsNoTracking()
                .Where(f => ids.Contains(f.RunId)).OrderBy(f => f.Ordinal).ToListAsync(ct))
            .ToLookup(f => f.RunId);
        return new Response(
            study.Id,
            study.StudyInstanceUid,
            study.PatientPseudonym,
            study.StudyDate,
            study.Description,
            study.BodyPart,
            study.BodyPartSource,
            study.Version,
            study.Status,
            study.ArrivedAt,
            study.LastInstanceAt,
            study.CompletedAt,
            study.NoAiCode,
            study.NoAiReason,
            await ReadPixelsAsync(db, study, ct),
            series,
            [
                .. runs.Select(r => new RunItem(
                    r.run.Id,
                    r.run.StudyVersion,
                    r.Name,
                    r.Version,
                    r.run.Lane,
                    r.run.Status,
                    r.run.CreatedAt,
                    r.run.StartedAt,
                    r.run.FinishedAt,
                    workers.ProgressOf(r.run)?.Phase,
                    workers.ProgressOf(r.run)?.Progress,
                    reasons(r.run).Code,
                    reasons(r.run).Reason,
                    r.run.IsProvisional,
                    r.run.SupersededBy,
                    [.. taken[r.run.Id]],
                    [.. findings[r.run.Id].Select(f => f.Read())]))
            ]);
    }
}
