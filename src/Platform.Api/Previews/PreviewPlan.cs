using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Events;
using Platform.Api.Studies;

namespace Platform.Api.Previews;

/// <summary>Makes a preview row for each received series of a complete study that has none of its present instances.</summary>
internal sealed class PreviewPlan(TimeProvider clock)
{
    /// <summary>Part of a transaction that holds the study's row, so that no two plans of a study run at once.</summary>
    public async Task ForCompletedAsync(PlatformDb db, Study study, CancellationToken ct)
    {
        var series = await db.Series.AsNoTracking().Where(s => s.StudyId == study.Id && s.Origin == SeriesOrigin.Received).ToListAsync(ct);
        var instances = (await Inputs(db, study.Id, study.Version)
                .Select(i => new { i.SeriesId, i.SopInstanceUid, i.Sha256, i.Rows }).ToListAsync(ct))
            .ToLookup(i => i.SeriesId);
        var present = (await db.Previews.AsNoTracking().Where(p => p.StudyId == study.Id)
                .Select(p => new { p.SeriesId, p.InputsHash }).ToListAsync(ct))
            .Select(p => (p.SeriesId, p.InputsHash)).ToHashSet();
        foreach (var one in series.Where(s => instances[s.Id].Any()))
        {
            var hash = HashOf(instances[one.Id].Select(i => (i.SopInstanceUid, i.Sha256)));
            if (!present.Add((one.Id, hash)))
            {
                continue;
            }

            var preview = Preview.Of(one, study.Version, hash, clock.GetUtcNow());
            db.Previews.Add(preview);
            if (instances[one.Id].All(i => i.Rows is null))
            {
                preview.TryGiveUp(Contracts.PreviewPart.Strip, "no-pixels", "The series holds no images, only other objects.");
                await Changes.PublishAsync(db, PreviewsRoutes.Kind, one.Id, "unavailable", ct);
            }
            else
            {
                await PreviewWork.WantedAsync(db, preview, isAsked: false, clock.GetUtcNow(), ct);
            }
        }

        await db.SaveChangesAsync(ct);
    }

    /// <summary>What a preview of a study version is made of: received instances that are there.</summary>
    public static IQueryable<Instance> Inputs(PlatformDb db, Guid studyId, int studyVersion) => db.Instances.AsNoTracking().Where(i =>
        i.StudyId == studyId && i.StudyVersion <= studyVersion && i.RunId == null && i.Status == InstanceStatus.Stored);

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
