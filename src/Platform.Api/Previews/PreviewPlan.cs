using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Runs;
using Platform.Api.Studies;

namespace Platform.Api.Previews;

/// <summary>Makes a preview row for each series of images, received or derived, that has none of its present instances.</summary>
internal sealed class PreviewPlan(TimeProvider clock)
{
    /// <summary>Part of a transaction that holds the study's row, so that no two plans of a study run at once.</summary>
    public async Task ForCompletedAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        var series = (await db.Series.AsNoTracking().Where(s => s.StudyId == study.Id).ToListAsync(ct)).FindAll(s => s.IsDerived || s.Origin == SeriesOrigin.Received);
        var instances = (await Inputs(db, study.Id, study.Version)
                .Select(i => new { i.SeriesId, i.SopInstanceUid, i.Sha256, i.Rows }).ToListAsync(ct))
            .ToLookup(i => i.SeriesId);
        var present = (await db.Previews.AsNoTracking().Where(p => p.StudyId == study.Id)
                .Select(p => new { p.SeriesId, p.InputsHash }).ToListAsync(ct))
            .Select(p => (p.SeriesId, p.InputsHash)).ToHashSet();
        foreach (var one in series.Where(s => instances[s.Id].Any()))
        {
            var hash = HashOf(instances[one.Id].Select(i => (i.SopInstanceUid, i.Sha256)));
            if (present.Add((one.Id, hash)))
            {
                await AddAsync(db, Preview.Of(one, study.Version, hash, clock.GetUtcNow()), instances[one.Id].All(i => i.Rows is null), ct);
            }
        }

        await db.SaveChangesAsync(ct);
    }

    /// <summary>
    /// Part of the transaction that stores a run's result, before it is saved: of what the run derived. It needs no study's row, for nobody
    /// else sees these series yet. The caller saves.
    /// </summary>
    public async Task ForComputedAsync(PlatformDb db, Run run, CancellationToken ct)
    {
        var instances = db.Instances.Local.Where(i => i.RunId == run.Id).ToLookup(i => i.SeriesId);
        foreach (var one in db.Series.Local.Where(s => s.RunId == run.Id && s.IsDerived && s.WithdrawnAt is null).ToList())
        {
            var hash = HashOf(instances[one.Id].Select(i => (i.SopInstanceUid, i.Sha256)));
            await AddAsync(db, Preview.Of(one, run.StudyVersion, hash, clock.GetUtcNow()), instances[one.Id].All(i => i.Rows is null), ct);
        }
    }

    /// <summary>What a preview of a study version is made of: instances that are there, each in a series of its own maker.</summary>
    public static IQueryable<Instance> Inputs(PlatformDb db, Guid studyId, int studyVersion) => db.Instances.AsNoTracking().Where(i =>
        i.StudyId == studyId && i.StudyVersion <= studyVersion && i.Status == InstanceStatus.Stored
        && db.Series.Any(s => s.Id == i.SeriesId && s.RunId == i.RunId));

    private async Task AddAsync(PlatformDb db, Preview preview, bool isWithoutPixels, CancellationToken ct)
    {
        db.Previews.Add(preview);
        if (isWithoutPixels)
        {
            preview.TryGiveUp(Contracts.PreviewPart.Strip, "no-pixels", "The series holds no images, only other objects.");
            await Changes.PublishAsync(db, PreviewsRoutes.Kind, preview.SeriesId, "unavailable", ct);
        }
        else
        {
            await PreviewWork.WantedAsync(db, preview, isAsked: false, clock.GetUtcNow(), ct);
        }
    }

    private static string HashOf(IEnumerable<(string Uid, string Sha256)> instances)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (uid, sha256) in instances.OrderBy(i => i.Uid, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"{uid}\n{sha256}\n"));
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
