using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Dicomweb;
using Platform.Api.Security;
using Platform.Api.Studies;

namespace Platform.Api.Previews;

/// <summary>The series that a preview request names, and its preview where there is one.</summary>
/// <param name="HasImages">Received, or derived; what else is computed marks other images.</param>
internal sealed record PreviewFound(Guid SeriesId, bool HasImages, StudyStatus Study, bool IsHeld, Preview? Preview);

/// <summary>Finds what a preview request names, and audits the read before the first byte goes out.</summary>
internal sealed class PreviewTarget(
    CurrentTenant tenant, TenantScope scopes, TenantKeys keys, HeldPixels held, AuditLog audit, PreviewPlan plan, TimeProvider clock)
{
    /// <param name="version">The preview that the caller has seen; null, or one that is not this series', takes the newest.</param>
    /// <returns>Null when this tenant has no such series.</returns>
    public async Task<PreviewFound?> FindAsync(string study, string series, Guid? version, CancellationToken ct)
    {
        var (found, studyId) = await ReadAsync(study, series, version, ct);
        await RecordAsync(found, studyId, ct);
        return found;
    }

    /// <summary>The same for who asks for a picture: also why it is refused, where the study is held.</summary>
    public async Task<(PreviewFound? Found, IResult? Refused)> FindPictureAsync(
        string study, string series, Guid? version, CancellationToken ct)
    {
        var (found, studyId) = await ReadAsync(study, series, version, ct);
        if (found?.IsHeld == true && await held.RefuseAsync(ct) is { } refused)
        {
            return (null, refused);
        }

        await RecordAsync(found, studyId, ct);
        return (found, found is null ? PreviewsRoutes.NoSuchSeries() : null);
    }

    /// <summary>Somebody looks at an image: a worker is asked for all of the series, once.</summary>
    public Task AskForFullAsync(Guid previewId, CancellationToken ct) => scopes.RunAsync(
        tenant.Id,
        async (db, token) =>
        {
            var preview = await db.LockPreviewAsync(previewId, token);
            if (preview?.TryAskForFull() != true)
            {
                return;
            }

            if (preview.Wanted == Contracts.PreviewPart.Full)
            {
                await PreviewWork.WantedAsync(db, preview, isAsked: true, clock.GetUtcNow(), token);
            }

            await db.SaveChangesAsync(token);
        },
        ct);

    private async Task RecordAsync(PreviewFound? found, Guid studyId, CancellationToken ct)
    {
        if (found is not null)
        {
            await audit.RecordReadAsync(tenant.Id, "study.read", "study", studyId.ToString(), ct);
        }
    }

    private async Task<(PreviewFound? Found, Guid StudyId)> ReadAsync(string study, string series, Guid? version, CancellationToken ct)
    {
        var key = await keys.ForAsync(tenant.Id, ct);
        var (studies, all) = (UidPath.FormsOf(study, key), UidPath.FormsOf(series, key));
        return await scopes.RunAsync(tenant.Id, (db, token) => ReadAsync(db, studies, all, version, token), ct);
    }

    private async Task<(PreviewFound? Found, Guid StudyId)> ReadAsync(
        PlatformDb db, string[] studies, string[] series, Guid? version, CancellationToken ct)
    {
        var row = await db.Series.AsNoTracking()
            .Where(s => series.Contains(s.SeriesInstanceUid))
            .Join(db.Studies.Where(s => studies.Contains(s.StudyInstanceUid)), s => s.StudyId, s => s.Id, (s, study) => new
            {
                s.Id, s.Origin, s.Modality, s.StudyId, study.Status, IsHeld = study.PixelsHeldAt != null && study.PixelsReleasedAt == null,
            })
            .FirstOrDefaultAsync(ct);
        if (row is null)
        {
            return (null, default);
        }

        var hasImages = row.Origin == SeriesOrigin.Received || Series.IsDerivedOf(row.Origin, row.Modality);
        var preview = await PreviewAsync(db, row.Id, version, ct);
        if (preview is null && hasImages && row.Status == StudyStatus.Complete
            && await StudyCompletion.LockAsync(db, row.StudyId, ct) is { } study)
        {
            // A study that was complete before there were previews, or a series derived before those had any.
            await plan.ForCompletedAsync(db, study, ct);
            preview = await PreviewAsync(db, row.Id, version, ct);
        }

        return (new PreviewFound(row.Id, hasImages, row.Status, row.IsHeld, preview), row.StudyId);
    }

    private static Task<Preview?> PreviewAsync(PlatformDb db, Guid seriesId, Guid? version, CancellationToken ct) => db.Previews.AsNoTracking()
        .Where(p => p.SeriesId == seriesId)
        .OrderByDescending(p => p.Id == version).ThenByDescending(p => p.StudyVersion).ThenByDescending(p => p.Id)
        .FirstOrDefaultAsync(ct);
}
