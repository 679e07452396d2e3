using System.Text;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Data;
using Platform.Api.Studies;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Packages;

namespace Platform.Api.AiModels;

/// <summary>What a study version offers to models: received images, not results, not damaged ones, none that came later.</summary>
internal static class StudySeries
{
    /// <summary>Earlier studies of a patient that are looked at for priors.</summary>
    private const int MostPriors = 50;

    public static IQueryable<Instance> Inputs(PlatformDb db, Guid studyId, int studyVersion) => db.Instances.AsNoTracking().Where(i =>
        i.StudyId == studyId && i.StudyVersion <= studyVersion && i.RunId == null && i.Status == InstanceStatus.Stored && i.Rows != null);

    /// <summary>What each study, in its present version, offers to these rules: how series were acquired and priors only where one asks.</summary>
    public static async Task<IReadOnlyDictionary<Guid, StudyOffer>> OffersAsync(
        PlatformDb db, IReadOnlyCollection<Study> studies, IReadOnlyCollection<(ModelInput First, IReadOnlyList<FurtherInput> Further)> asked, CancellationToken ct)
    {
        var priors = asked.Any(a => a.Further.Any(f => f.IsPrior)) ? await PriorsAsync(db, studies, ct) : [];
        var all = studies.Concat(priors.Values.SelectMany(p => p)).DistinctBy(s => s.Id).ToList();
        var candidates = (await CandidatesAsync(db, all, ct)).SelectMany(s => s).ToList();
        var wanting = asked.SelectMany(a => a.Further.Where(f => !f.IsOfRun).Select(f => f.ToInput()).Prepend(a.First))
            .Where(i => i.Acquisition is not null)
            .ToList();
        if (wanting.Count > 0)
        {
            candidates = await WithTraitsAsync(db, candidates, s => wanting.Exists(w => w.Takes(s.Modality)), ct);
        }

        var ofStudy = candidates.ToLookup(s => s.Study.Id);
        return studies.ToDictionary(
            s => s.Id,
            s => new StudyOffer([.. ofStudy[s.Id]], [.. priors.GetValueOrDefault(s.Id, []).Select(p => ofStudy[p.Id].ToList())]));
    }

    public static async Task<StudyOffer> OfferAsync(
        PlatformDb db, Study study, IReadOnlyCollection<(ModelInput First, IReadOnlyList<FurtherInput> Further)> asked, CancellationToken ct) =>
        (await OffersAsync(db, [study], asked, ct))[study.Id];

    /// <summary>The series of one study version, with how they were acquired where the input asks.</summary>
    public static async Task<List<SeriesCandidate>> CandidatesAsync(
        PlatformDb db, Guid studyId, int studyVersion, bool withTraits, CancellationToken ct)
    {
        var counts = await Inputs(db, studyId, studyVersion)
            .GroupBy(i => i.SeriesId)
            .Select(g => new { SeriesId = g.Key, Count = g.Sum(i => (long)(i.NumberOfFrames > 1 ? i.NumberOfFrames.Value : 1)) })
            .ToDictionaryAsync(g => g.SeriesId, g => g.Count, ct);
        var studyPart = await db.Studies.AsNoTracking().Where(s => s.Id == studyId).Select(s => s.BodyPart).SingleAsync(ct);
        var series = await db.Series.AsNoTracking().Where(s => s.StudyId == studyId && s.Origin == SeriesOrigin.Received).ToListAsync(ct);
        List<SeriesCandidate> candidates =
        [
            .. series.Select(s => new SeriesCandidate(s.Id, s.SeriesInstanceUid, s.Modality, s.BodyPart ?? studyPart, s.Number, Images(counts, s.Id))
            {
                Study = (studyId, studyVersion),
            })
        ];
        return withTraits ? await WithTraitsAsync(db, candidates, _ => true, ct) : candidates;
    }

    /// <summary>Of many studies, each in its present version.</summary>
    private static async Task<ILookup<Guid, SeriesCandidate>> CandidatesAsync(PlatformDb db, IReadOnlyCollection<Study> studies, CancellationToken ct)
    {
        var known = studies.ToDictionary(s => s.Id);
        var ids = known.Keys.ToList();
        var counts = (await db.Instances.AsNoTracking()
                .Where(i => ids.Contains(i.StudyId) && i.RunId == null && i.Status == InstanceStatus.Stored && i.Rows != null)
                .GroupBy(i => new { i.SeriesId, i.StudyId, i.StudyVersion })
                .Select(g => new { g.Key, Count = g.Sum(i => (long)(i.NumberOfFrames > 1 ? i.NumberOfFrames.Value : 1)) })
                .ToListAsync(ct))
            .Where(g => g.Key.StudyVersion <= known[g.Key.StudyId].Version)
            .GroupBy(g => g.Key.SeriesId)
            .ToDictionary(g => g.Key, g => g.Sum(v => v.Count));
        return (await db.Series.AsNoTracking().Where(s => ids.Contains(s.StudyId) && s.Origin == SeriesOrigin.Received).ToListAsync(ct))
            .ToLookup(
                s => s.StudyId,
                s => new SeriesCandidate(s.Id, s.SeriesInstanceUid, s.Modality, s.BodyPart ?? known[s.StudyId].BodyPart, s.Number, Images(counts, s.Id))
                {
                    Study = (s.StudyId, known[s.StudyId].Version),
                });
    }

    /// <summary>
    /// Of each study the complete earlier ones of the same patient, the newest first: by their dates where all have one, else as they arrived.
    /// Where nobody said whose a study is, it has none; and none is a prior whose pixels are held.
    /// </summary>
    private static async Task<Dictionary<Guid, List<Study>>> PriorsAsync(PlatformDb db, IReadOnlyCollection<Study> studies, CancellationToken ct)
    {
        var patients = studies.Select(s => s.PatientPseudonym).Where(p => p.Length > 0).Distinct().ToList();
        var ofPatient = (await db.Studies.AsNoTracking()
                .Where(s => patients.Contains(s.PatientPseudonym) && s.Status == StudyStatus.Complete && (s.PixelsHeldAt == null || s.PixelsReleasedAt != null))
                .ToListAsync(ct))
            .ToLookup(s => s.PatientPseudonym);
        return studies.ToDictionary(s => s.Id, s =>
        {
            var isDated = s.StudyDate is not null && ofPatient[s.PatientPseudonym].All(p => p.StudyDate is not null);
            return ofPatient[s.PatientPseudonym]
                .Where(p => p.Id != s.Id && Time(p).CompareTo(Time(s)) < 0)
                .OrderByDescending(Time)
                .Take(MostPriors)
                .ToList();

            (string Date, DateTimeOffset At) Time(Study study) => (isDated ? study.StudyDate! : "", study.ArrivedAt);
        });
    }

    /// <summary>Reads one header of each series that counts, one after the other: of an enhanced object it may be megabytes.</summary>
    private static async Task<List<SeriesCandidate>> WithTraitsAsync(
        PlatformDb db, List<SeriesCandidate> candidates, Predicate<SeriesCandidate> counts, CancellationToken ct)
    {
        var ids = candidates.Where(s => s.Images > 0 && counts(s)).Select(s => s.Id).ToArray();
        var traits = new Dictionary<Guid, SeriesTraits?>();
        var headers = db.Instances
            .FromSql($"""
                select distinct on (series_id) * from instances
                where tenant_id = {db.TenantId} and series_id = any({ids}) and run_id is null and status = 'Stored' and rows is not null
                order by series_id, instance_number, sop_instance_uid
                """)
            .AsNoTracking()
            .Select(i => new { i.SeriesId, i.Metadata })
            .AsAsyncEnumerable();
        await foreach (var header in headers.WithCancellation(ct))
        {
            traits[header.SeriesId] = Read(header.Metadata);
        }

        return candidates.ConvertAll(s => traits.TryGetValue(s.Id, out var read) ? s with { Traits = read } : s);
    }

    /// <summary>Null where the header is beyond what is read: that series was acquired nobody knows how, and the study's others still count.</summary>
    private static SeriesTraits? Read(string header)
    {
        try
        {
            return SeriesTraits.Of(DicomJson.Read(Encoding.UTF8.GetBytes(header)));
        }
        catch (DicomException)
        {
            return null;
        }
    }

    /// <summary>What senders say of their frames may be anything.</summary>
    private static int Images(Dictionary<Guid, long> counts, Guid series) => (int)Math.Min(int.MaxValue, counts.GetValueOrDefault(series));
}
