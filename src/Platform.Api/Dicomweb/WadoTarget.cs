using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;

namespace Platform.Api.Dicomweb;

/// <summary>One instance that a retrieve request names.</summary>
/// <param name="IsHeld">It was received, or made of pixels that were (a derived image, a heat map), and its study is held: its bytes are for administrators.</param>
internal sealed record WadoInstance(
    Guid Id,
    string StudyInstanceUid,
    string SeriesInstanceUid,
    string SopInstanceUid,
    string TransferSyntaxUid,
    string Blob,
    long Length,
    string Sha256,
    InstanceStatus Status,
    bool IsHeld)
{
    public string Url(string dicomweb) =>
        $"{dicomweb}/studies/{StudyInstanceUid}/series/{SeriesInstanceUid}/instances/{SopInstanceUid}";
}

/// <summary>Finds what a retrieve request names, and audits the read before the first byte goes out.</summary>
internal sealed class WadoTarget(CurrentTenant tenant, TenantScope scopes, TenantKeys keys, HeldPixels held, AuditLog audit)
{
    /// <summary>The instances whose metadata is asked for, in the order of series and instance number; none when this tenant has nothing there.</summary>
    public async Task<IReadOnlyList<WadoInstance>> FindAsync(string study, string? series, string? instance, CancellationToken ct)
    {
        var rows = await ReadAsync(study, series, instance, ct);
        await RecordAsync(rows, ct);
        return rows.ConvertAll(x => x.Row);
    }

    /// <summary>The same for who asks for their bytes: also why they are refused, where one of them is held.</summary>
    public async Task<(IReadOnlyList<WadoInstance> Found, IResult? Refused)> FindBytesAsync(
        string study, string? series, string? instance, CancellationToken ct)
    {
        var rows = await ReadAsync(study, series, instance, ct);
        if (rows.Exists(x => x.Row.IsHeld) && await held.RefuseAsync(ct) is { } refused)
        {
            return ([], refused);
        }

        await RecordAsync(rows, ct);
        return (rows.ConvertAll(x => x.Row), null);
    }

    private async Task RecordAsync(List<(Guid StudyId, WadoInstance Row)> rows, CancellationToken ct)
    {
        if (rows is [var first, ..])
        {
            await audit.RecordReadAsync(tenant.Id, "study.read", "study", first.StudyId.ToString(), ct);
        }
    }

    private async Task<List<(Guid StudyId, WadoInstance Row)>> ReadAsync(string study, string? series, string? instance, CancellationToken ct)
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
        return await scopes.QueryAsync(
            tenant.Id,
            $"""
            select s.id, i.id, s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, i.transfer_syntax_uid,
                   i.blob, i.length, i.sha256, i.status,
                   (i.run_id is null or e.modality not in ('SEG', 'SR', 'KO', 'PR'))
                       and s.pixels_held_at is not null and s.pixels_released_at is null
            from instances i
            join series e on e.tenant_id = i.tenant_id and e.id = i.series_id
            join studies s on s.tenant_id = i.tenant_id and s.id = i.study_id
            where i.tenant_id = @tenant and i.status <> 'Withdrawn' and s.study_instance_uid = any(@studies)
                  {(allSeries is null ? "" : "and e.series_instance_uid = any(@series)")}
                  {(instances is null ? "" : "and i.sop_instance_uid = any(@instances)")}
            order by e.number, e.id, i.instance_number, i.id
            """,
            Parameters,
            reader => (StudyId: reader.GetGuid(0), Row: Instance(reader)),
            ct);

        IEnumerable<NpgsqlParameter> Parameters()
        {
            yield return new NpgsqlParameter("studies", studies);
            if (allSeries is not null)
            {
                yield return new NpgsqlParameter("series", allSeries);
            }

            if (instances is not null)
            {
                yield return new NpgsqlParameter("instances", instances);
            }
        }
    }

    private static WadoInstance Instance(NpgsqlDataReader reader) => new(
        reader.GetGuid(1),
        reader.GetString(2),
        reader.GetString(3),
        reader.GetString(4),
        reader.GetString(5),
        reader.GetString(6),
        reader.GetInt64(7),
        reader.GetString(8),
        Enum.Parse<InstanceStatus>(reader.GetString(9)),
        reader.GetBoolean(10));
}
