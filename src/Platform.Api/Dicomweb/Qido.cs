using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Dicom.Deidentification;

namespace Platform.Api.Dicomweb;

/// <summary>
/// GET /t/{tenant}/dicomweb/studies, /series, /instances and the same below a study or series: searches (QIDO-RS, PS3.18 §10.6).
/// Ordered by arrival, the newest study first, since study dates may be gone.
/// </summary>
internal sealed class Qido(CurrentTenant tenant, TenantScope scopes, TenantKeys keys, AuditLog audit)
{
    public static void MapQido(IEndpointRouteBuilder dicomweb)
    {
        Describe(
            dicomweb.MapGet("studies", (HttpContext http, Qido qido) => qido.HandleAsync(http, QidoLevel.Study, null, null)),
            "SearchStudies");
        Describe(
            dicomweb.MapGet("series", (HttpContext http, Qido qido) => qido.HandleAsync(http, QidoLevel.Series, null, null)),
            "SearchSeries");
        Describe(
            dicomweb.MapGet("instances", (HttpContext http, Qido qido) => qido.HandleAsync(http, QidoLevel.Instance, null, null)),
            "SearchInstances");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series",
                (HttpContext http, string study, Qido qido) => qido.HandleAsync(http, QidoLevel.Series, study, null)),
            "SearchSeriesOfStudy");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/instances",
                (HttpContext http, string study, Qido qido) => qido.HandleAsync(http, QidoLevel.Instance, study, null)),
            "SearchInstancesOfStudy");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series/{series}/instances",
                (HttpContext http, string study, string series, Qido qido) =>
                    qido.HandleAsync(http, QidoLevel.Instance, study, series)),
            "SearchInstancesOfSeries");
    }

    private static void Describe(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Produces(StatusCodes.Status200OK, contentType: MediaRange.DicomJson)
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status406NotAcceptable);

    private async Task<IResult> HandleAsync(HttpContext http, QidoLevel level, string? study, string? series)
    {
        if (MediaRange.JsonFor(http.Request) is not { } mediaType)
        {
            return MediaRange.OnlyJson();
        }

        if (!QidoQuery.TryParse(http.Request.Query, out var query, out var problem))
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        var ct = http.RequestAborted;
        var key = await keys.ForAsync(tenant.Id, ct);
        var studies = study is null ? null : UidPath.FormsOf(study, key);
        var allSeries = series is null ? null : UidPath.FormsOf(series, key);
        if (studies is [] || allSeries is [])
        {
            return UidPath.NotFound("study");
        }

        (var sql, problem) = QidoSql.Build(
            level, query, studies, allSeries, uid => UidPath.FormsOf(uid, key), id => PatientForms(id, key));
        if (sql is null)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        var rows = await scopes.QueryAsync(tenant.Id, sql.Text, () => sql.Parameters.Select(p => p.Clone()), Row, ct);
        if (rows.Count == 0 && studies is not null && !await IsThereAsync(studies, ct))
        {
            return UidPath.NotFound("study");
        }

        await audit.RecordReadAsync(tenant.Id, "studies.search", "tenant", tenant.Id.ToString(), ct);
        Warn(http, query);
        var tags = query.IncludeAll ? null : QidoAnswer.TagsOf(level, study is not null, series is not null, query);
        var dicomweb = DicomwebUrl.Of(http, tenant);
        return new DicomJsonResult(
            StatusCodes.Status200OK,
            json =>
            {
                json.WriteStartArray();
                foreach (var row in rows)
                {
                    QidoAnswer.Write(json, level, row, tags, dicomweb);
                }

                json.WriteEndArray();
            },
            mediaType);
    }

    private async Task<bool> IsThereAsync(string[] studies, CancellationToken ct) =>
        (await scopes.QueryAsync(
            tenant.Id,
            "select 1 from studies where tenant_id = @tenant and study_instance_uid = any(@studies) limit 1",
            () => [new NpgsqlParameter("studies", studies)],
            _ => true,
            ct)).Count > 0;

    private static QidoRow Row(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.IsDBNull(1) ? null : reader.GetString(1),
        reader.IsDBNull(2) ? null : reader.GetString(2),
        reader.GetInt64(3),
        reader.GetInt64(4),
        reader.GetFieldValue<string[]>(5),
        reader.IsDBNull(6) ? null : reader.GetInt64(6),
        reader.IsDBNull(7) ? null : reader.GetString(7),
        reader.IsDBNull(8) ? null : reader.GetFieldValue<byte[]>(8));

    private static string[] PatientForms(string id, DeidentificationKeys key) => [id, key.Pseudonym(id, issuer: null)];

    /// <summary>What was asked for and not done (PS3.18 §8.3.4.4).</summary>
    private static void Warn(HttpContext http, QidoQuery query)
    {
        if (query.Ignored.Count > 0)
        {
            http.Response.Headers.Append(
                "Warning",
                $"299 {http.Request.Host} \"These parameters are not matched here: {string.Join(", ", query.Ignored)}\"");
        }

        if (query.FuzzyMatchingAsked)
        {
            http.Response.Headers.Append(
                "Warning",
                $"299 {http.Request.Host} \"The fuzzymatching parameter is not supported. Only literal matching has been performed.\"");
        }
    }
}
