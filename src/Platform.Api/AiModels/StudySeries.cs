using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Studies;

namespace Platform.Api.AiModels;

/// <summary>What a study version offers to models: received images, not results, not damaged ones, none that came later.</summary>
internal static class StudySeries
{
    public static IQueryable<Instance> Inputs(PlatformDb db, Guid studyId, int studyVersion) => db.Instances.AsNoTracking().Where(i =>
        i.StudyId == studyId && i.StudyVersion <= studyVersion && i.RunId == null && i.Status == InstanceStatus.Stored && i.Rows != null);

    /// <summary>Of many studies, each in its present version.</summary>
    public static async Task<ILookup<Guid, SeriesCandidate>> CandidatesAsync(PlatformDb db, IReadOnlyCollection<Study> studies, CancellationToken ct)
    {
        var parts = studies.ToDictionary(s => s.Id, s => s.BodyPart);
        var ids = parts.Keys.ToList();
        var counts = await db.Instances.AsNoTracking()
            .Where(i => ids.Contains(i.StudyId) && i.RunId == null && i.Status == InstanceStatus.Stored && i.Rows != null)
            .GroupBy(i => i.SeriesId)
            .Select(g => new { SeriesId = g.Key, Count = g.Sum(i => (long)(i.NumberOfFrames > 1 ? i.NumberOfFrames.Value : 1)) })
            .ToDictionaryAsync(g => g.SeriesId, g => g.Count, ct);
        return (await db.Series.AsNoTracking().Where(s => ids.Contains(s.StudyId) && s.Origin == SeriesOrigin.Received).ToListAsync(ct))
            .ToLookup(
                s => s.StudyId,
                s => new SeriesCandidate(s.Id, s.SeriesInstanceUid, s.Modality, s.BodyPart ?? parts[s.StudyId], s.Number, Images(counts, s.Id)));
    }

    public static async Task<List<SeriesCandidate>> CandidatesAsync(PlatformDb db, Guid studyId, int studyVersion, CancellationToken ct)
    {
        var counts = await Inputs(db, studyId, studyVersion)
            .GroupBy(i => i.SeriesId)
            .Select(g => new { SeriesId = g.Key, Count = g.Sum(i => (long)(i.NumberOfFrames > 1 ? i.NumberOfFrames.Value : 1)) })
            .ToDictionaryAsync(g => g.SeriesId, g => g.Count, ct);
        var studyPart = await db.Studies.AsNoTracking().Where(s => s.Id == studyId).Select(s => s.BodyPart).SingleAsync(ct);
        var series = await db.Series.AsNoTracking().Where(s => s.StudyId == studyId && s.Origin == SeriesOrigin.Received).ToListAsync(ct);
        return
        [
            .. series.Select(s => new SeriesCandidate(
                s.Id, s.SeriesInstanceUid, s.Modality, s.BodyPart ?? studyPart, s.Number, Images(counts, s.Id)))
        ];
    }

    /// <summary>What senders say of their frames may be anything.</summary>
    private static int Images(Dictionary<Guid, long> counts, Guid series) => (int)Math.Min(int.MaxValue, counts.GetValueOrDefault(series));
}
