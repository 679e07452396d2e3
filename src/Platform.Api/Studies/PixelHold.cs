using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Events;

namespace Platform.Api.Studies;

/// <summary>
/// A study with images that may show who the patient is: what it received goes to administrators only, until one of them has looked
/// (docs/decisions/0006). STOW holds by the header, in its own statements; what a worker sees in the pixels comes here.
/// </summary>
internal sealed class PixelHold(AuditLog audit, TimeProvider clock)
{
    public const string Action = "study.hold-pixels";

    /// <summary>
    /// Part of a transaction. Images that were suspect before change nothing, nor do those that were released: only a new one that
    /// nobody has looked at holds the study.
    /// </summary>
    /// <param name="suspicions">By SOP Instance UID, as stored; none of them empty.</param>
    public async Task SuspectAsync(PlatformDb db, Guid studyId, IReadOnlyDictionary<string, string[]> suspicions, CancellationToken ct)
    {
        if (suspicions.Count == 0 || await StudyCompletion.LockAsync(db, studyId, ct) is not { } study)
        {
            return;
        }

        string[] uids = [.. suspicions.Keys];
        string[] codes = [.. suspicions.Values.Select(all => string.Join(',', all))];
        var isNew = await db.Database.SqlQuery<bool>(
            $"""
            update instances i
            set pixel_suspicions = array(select distinct s from unnest(i.pixel_suspicions || string_to_array(new.codes, ',')) s order by s)
            from unnest({uids}, {codes}) as new (uid, codes)
            where i.tenant_id = {db.TenantId} and i.study_id = {studyId} and i.sop_instance_uid = new.uid and i.run_id is null
                and not i.pixel_suspicions @> string_to_array(new.codes, ',')
            returning i.pixels_released_at is null as "Value"
            """).ToListAsync(ct);
        if (!isNew.Contains(true) || study.ArePixelsHeld)
        {
            return;
        }

        (study.PixelsHeldAt, study.PixelsReleasedAt, study.PixelsReleasedBy) = (clock.GetUtcNow(), null, null);
        audit.Record(db, Action, "study", studyId.ToString(), detail: Describe(suspicions.Values.SelectMany(all => all)));
        await db.SaveChangesAsync(ct);
        await Changes.PublishAsync(db, "study", studyId, "held", ct);
    }

    /// <summary>Codes, each once, for an audit event.</summary>
    public static string Describe(IEnumerable<string> suspicions) =>
        string.Join(", ", suspicions.Distinct().Order(StringComparer.Ordinal));

    /// <summary>The images of a study that may show who the patient is and that nobody has looked at.</summary>
    public static IQueryable<Instance> Unseen(PlatformDb db, Guid studyId) => db.Instances.Where(i =>
        i.StudyId == studyId && i.PixelsReleasedAt == null && i.PixelSuspicions.Length > 0);
}
