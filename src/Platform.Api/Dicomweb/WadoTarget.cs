using Microsoft.EntityFrameworkCore;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;

namespace Platform.Api.Dicomweb;

/// <summary>One instance that a retrieve request names.</summary>
internal sealed record WadoInstance(
    Guid Id,
    string StudyInstanceUid,
    string SeriesInstanceUid,
    string SopInstanceUid,
    string TransferSyntaxUid,
    string Blob,
    long Length,
    string Sha256,
    InstanceStatus Status)
{
    public string Url(string dicomweb) =>
        $"{dicomweb}/studies/{StudyInstanceUid}/series/{SeriesInstanceUid}/instances/{SopInstanceUid}";
}

/// <summary>Finds what a retrieve request names, and audits the read before the first byte goes out.</summary>
internal sealed class WadoTarget(CurrentTenant tenant, TenantScope scopes, TenantKeys keys, AuditLog audit)
{
    /// <summary>The instances in the order of series and instance number; none when this tenant has nothing there.</summary>
    public async Task<IReadOnlyList<WadoInstance>> FindAsync(string study, string? series, string? instance, CancellationToken ct)
    {
        if (!UidPath.IsWellFormed(study) || (series is not null && !UidPath.IsWellFormed(series))
            || (instance is not null && !UidPath.IsWellFormed(instance)))
        {
            return [];
        }

        var key = await keys.ForAsync(tenant.Id, ct);
        var studies = UidPath.FormsOf(study, key);
        var allSeries = series is null ? null : UidPath.FormsOf(series, key);
        var instances = instance is null ? null : UidPath.FormsOf(instance, key);
        var rows = await scopes.RunAsync(
            tenant.Id,
            async (db, token) =>
            {
                IQueryable<Series> ofSeries = db.Series;
                if (allSeries is not null)
                {
                    ofSeries = ofSeries.Where(e => allSeries.Contains(e.SeriesInstanceUid));
                }

                IQueryable<Instance> ofInstances = db.Instances;
                if (instances is not null)
                {
                    ofInstances = ofInstances.Where(i => instances.Contains(i.SopInstanceUid));
                }

                var query =
                    from i in ofInstances
                    join e in ofSeries on i.SeriesId equals e.Id
                    join s in db.Studies on i.StudyId equals s.Id
                    where studies.Contains(s.StudyInstanceUid)
                    orderby e.Number, e.Id, i.InstanceNumber, i.Id
                    select new
                    {
                        StudyId = s.Id,
                        Row = new WadoInstance(
                            i.Id,
                            s.StudyInstanceUid,
                            e.SeriesInstanceUid,
                            i.SopInstanceUid,
                            i.TransferSyntaxUid,
                            i.Blob,
                            i.Length,
                            i.Sha256,
                            i.Status),
                    };
                return await query.ToListAsync(token);
            },
            ct);
        if (rows is [var first, ..])
        {
            await audit.RecordReadAsync(tenant.Id, "study.read", "study", first.StudyId.ToString(), ct);
        }

        return rows.ConvertAll(x => x.Row);
    }
}
