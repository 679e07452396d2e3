using System.Globalization;
using System.Text;
using Npgsql;
using Platform.Dicom;

namespace Platform.Api.Dicomweb;

/// <summary>
/// The SQL of a search. Every operator in it is leakproof, so that indexes serve under row-level security: a trailing wildcard
/// is a range on a <c>COLLATE "C"</c> column, never LIKE (design §4).
/// </summary>
internal sealed class QidoSql
{
    private readonly StringBuilder where = new();
    private readonly List<NpgsqlParameter> parameters = [];

    public IReadOnlyList<NpgsqlParameter> Parameters => parameters;

    /// <summary>Gives the columns of <see cref="QidoRow"/> in its order.</summary>
    public string Text { get; private set; } = "";

    /// <summary>
    /// Builds the statement; keys that this level can't match move to the query's ignored ones. Null, with a sentence for the
    /// client, when a key's value is bad.
    /// </summary>
    /// <param name="uids">The forms under which a UID of the request may be stored.</param>
    /// <param name="patients">The forms under which a patient's ID of the request may be stored.</param>
    public static (QidoSql? Sql, string? Problem) Build(
        QidoLevel level,
        QidoQuery query,
        string[]? study,
        string[]? series,
        Func<string, string[]> uids,
        Func<string, string[]> patients)
    {
        var sql = new QidoSql();
        if (study is not null)
        {
            sql.And("s.study_instance_uid", study);
        }

        if (series is not null)
        {
            sql.And("e.series_instance_uid", series);
        }

        foreach (var (tag, values) in query.Matches)
        {
            var problem = sql.Match(level, query, tag, values, uids, patients);
            if (problem is not null)
            {
                return (null, problem);
            }
        }

        sql.parameters.Add(new NpgsqlParameter("limit", query.Limit));
        sql.parameters.Add(new NpgsqlParameter("offset", query.Offset));
        sql.Text = level switch
        {
            QidoLevel.Study => Studies(sql.where),
            QidoLevel.Series => Series(sql.where),
            _ => Instances(sql.where),
        };
        return (sql, null);
    }

    // The page is cut before anything is counted. Newest arrival first; a page stays where it is when studies arrive behind it.
    private static string Studies(StringBuilder where) =>
        $"""
        select page.study_instance_uid, null, null,
               {StudyCounts}, null::bigint, null::text, {Header("i.study_id = page.id")}
        from (select s.tenant_id, s.id, s.study_instance_uid, s.arrived_at from studies s
              where s.tenant_id = @tenant{where}
              order by s.arrived_at desc, s.id desc limit @limit offset @offset) page
        order by page.arrived_at desc, page.id desc
        """;

    private static string Series(StringBuilder where) =>
        $"""
        select page.study_instance_uid, page.series_instance_uid, null,
               {StudyCounts},
               (select count(*) from instances i where i.tenant_id = page.tenant_id and i.series_id = page.series_id and {IsGiven}),
               null::text, {Header("i.series_id = page.series_id")}
        from (select s.tenant_id, s.id, s.study_instance_uid, s.arrived_at, e.id as series_id, e.series_instance_uid, e.number
              from series e join studies s on s.tenant_id = e.tenant_id and s.id = e.study_id
              where e.tenant_id = @tenant and e.withdrawn_at is null{where}
              order by s.arrived_at desc, s.id desc, e.number, e.id limit @limit offset @offset) page
        order by page.arrived_at desc, page.id desc, page.number, page.series_id
        """;

    private static string Instances(StringBuilder where) =>
        $"""
        select page.study_instance_uid, page.series_instance_uid, page.sop_instance_uid,
               {StudyCounts},
               (select count(*) from instances i where i.tenant_id = page.tenant_id and i.series_id = page.series_id and {IsGiven}),
               page.transfer_syntax_uid, page.metadata
        from (select s.tenant_id, s.id, s.study_instance_uid, s.arrived_at, e.id as series_id, e.series_instance_uid, e.number,
                     n.id as instance_id, n.sop_instance_uid, n.transfer_syntax_uid, n.instance_number, n.metadata
              from instances n
              join series e on e.tenant_id = n.tenant_id and e.id = n.series_id
              join studies s on s.tenant_id = n.tenant_id and s.id = n.study_id
              where n.tenant_id = @tenant and n.status <> 'Withdrawn'{where}
              order by s.arrived_at desc, s.id desc, e.number, e.id, n.instance_number, n.id limit @limit offset @offset) page
        order by page.arrived_at desc, page.id desc, page.number, page.series_id, page.instance_number, page.instance_id
        """;

    // What a later result has superseded is given to nobody.
    private const string IsGiven = "i.status <> 'Withdrawn'";

    private const string StudyCounts =
        $"""
        (select count(*) from series e where e.tenant_id = page.tenant_id and e.study_id = page.id and e.withdrawn_at is null),
        (select count(*) from instances i where i.tenant_id = page.tenant_id and i.study_id = page.id and {IsGiven}),
        array(select distinct e.modality from series e
              where e.tenant_id = page.tenant_id and e.study_id = page.id and e.withdrawn_at is null order by 1)
        """;

    private static string Header(string of) =>
        $"(select i.metadata from instances i where i.tenant_id = page.tenant_id and {of} and {IsGiven} order by i.stored_at, i.id limit 1)";

    private string? Match(
        QidoLevel level,
        QidoQuery query,
        DicomTag tag,
        string[] values,
        Func<string, string[]> uids,
        Func<string, string[]> patients)
    {
        var isSeries = level >= QidoLevel.Series;
        var isInstance = level == QidoLevel.Instance;
        if (tag == DicomTags.StudyInstanceUID)
        {
            return AndUids("s.study_instance_uid", values, uids);
        }

        if (tag == DicomTags.PatientID)
        {
            return AndText("s.patient_pseudonym", tag, values, patients);
        }

        if (tag == DicomTags.AccessionNumber)
        {
            return AndText("s.accession_pseudonym", tag, values, null);
        }

        if (tag == DicomTags.StudyDescription)
        {
            return AndText("s.description", tag, values, null);
        }

        if (tag == DicomTags.StudyDate)
        {
            return AndDate("s.study_date", values);
        }

        if (tag == DicomTags.ModalitiesInStudy)
        {
            return AndModalities(values);
        }

        if (isSeries && tag == DicomTags.SeriesInstanceUID)
        {
            return AndUids("e.series_instance_uid", values, uids);
        }

        if (isSeries && tag == DicomTags.Modality)
        {
            And("e.modality", values);
            return null;
        }

        if (isSeries && tag == DicomTags.SeriesDescription)
        {
            return AndText("e.description", tag, values, null);
        }

        if (isSeries && tag == DicomTags.SeriesNumber)
        {
            return AndNumber("e.number", tag, values);
        }

        if (isInstance && tag == DicomTags.SOPInstanceUID)
        {
            return AndUids("n.sop_instance_uid", values, uids);
        }

        if (isInstance && tag == DicomTags.SOPClassUID)
        {
            And("n.sop_class_uid", values);
            return null;
        }

        if (isInstance && tag == DicomTags.InstanceNumber)
        {
            return AndNumber("n.instance_number", tag, values);
        }

        query.Ignore(tag);
        return null;
    }

    private string? AndUids(string column, string[] values, Func<string, string[]> uids)
    {
        if (!values.All(value => DicomUid.IsValid(value)))
        {
            return "A UID to search for is malformed; wildcards are not allowed in UIDs.";
        }

        And(column, [.. values.SelectMany(uids)]);
        return null;
    }

    private void And(string column, string[] values)
    {
        var name = Add(new NpgsqlParameter { Value = values });
        where.Append(CultureInfo.InvariantCulture, $" and {column} = any(@{name})");
    }

    /// <summary>One value, whole or with a trailing asterisk.</summary>
    private string? AndText(string column, DicomTag tag, string[] values, Func<string, string[]>? forms)
    {
        var keyword = DicomDictionary.FindKeyword(tag);
        if (values is not [var value])
        {
            return $"{keyword} takes one value.";
        }

        var star = value.IndexOfAny(['*', '?']);
        if (star < 0)
        {
            And(column, forms is null ? [value] : forms(value));
            return null;
        }

        if (star != value.Length - 1 || value[star] != '*')
        {
            return $"{keyword} takes a wildcard only as an asterisk at the end.";
        }

        var prefix = value[..star];
        var from = Add(new NpgsqlParameter { Value = prefix });

        // Behind every string that begins with the prefix, and before every other that comes later: byte order, U+10FFFF last.
        var to = Add(new NpgsqlParameter { Value = prefix + "\U0010FFFF" });
        where.Append(CultureInfo.InvariantCulture, $" and {column} collate \"C\" >= @{from} and {column} collate \"C\" < @{to}");
        return null;
    }

    /// <summary>A date, or a range with a hyphen, either end open (PS3.4 §C.2.2.2.5.1).</summary>
    private string? AndDate(string column, string[] values)
    {
        var ends = values is [var value] ? value.Split('-') : [];
        if (ends.Length is 0 or > 2 || !ends.All(IsDateOrEmpty) || ends.All(end => end.Length == 0))
        {
            return "A date to search for is yyyymmdd, or two of these with a hyphen between, one of which may be left out.";
        }

        // Dates of eight digits sort like numbers.
        var (first, last) = (ends[0], ends[^1]);
        if (first.Length > 0)
        {
            var name = Add(new NpgsqlParameter { Value = first });
            where.Append(CultureInfo.InvariantCulture, $" and {column} collate \"C\" >= @{name}");
        }

        if (last.Length > 0)
        {
            var name = Add(new NpgsqlParameter { Value = last });
            where.Append(CultureInfo.InvariantCulture, $" and {column} collate \"C\" <= @{name}");
        }

        return null;
    }

    private string? AndModalities(string[] values)
    {
        var name = Add(new NpgsqlParameter { Value = values });
        where.Append(
            CultureInfo.InvariantCulture,
            $"""
             and exists (select 1 from series m
                         where m.tenant_id = s.tenant_id and m.study_id = s.id and m.withdrawn_at is null and m.modality = any(@{name}))
            """);
        return null;
    }

    private string? AndNumber(string column, DicomTag tag, string[] values)
    {
        if (values is not [var value]
            || !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return $"{DicomDictionary.FindKeyword(tag)} takes one whole number.";
        }

        where.Append(CultureInfo.InvariantCulture, $" and {column} = @{Add(new NpgsqlParameter { Value = number })}");
        return null;
    }

    private string Add(NpgsqlParameter parameter)
    {
        parameter.ParameterName = $"p{parameters.Count}";
        parameters.Add(parameter);
        return parameter.ParameterName;
    }

    private static bool IsDateOrEmpty(string text) =>
        text.Length == 0 || DateOnly.TryParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
