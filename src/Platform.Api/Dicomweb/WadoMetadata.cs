using Npgsql;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;

namespace Platform.Api.Dicomweb;

/// <summary>
/// GET …/metadata of a study, series or instance (PS3.18 §10.4.1.1.3): the JSON that was made on arrival, unparsed.
/// </summary>
internal sealed class WadoMetadata(WadoTarget target, CurrentTenant tenant, TenantScope scopes)
{
    // Rows are fetched by pages, so that neither all of a large study lies in memory nor a transaction waits for the network.
    private const int PageRows = 200;

    public static void MapWadoMetadata(IEndpointRouteBuilder dicomweb)
    {
        Describe(
            dicomweb.MapGet(
                "studies/{study}/metadata",
                (HttpContext http, string study, WadoMetadata wado) => wado.HandleAsync(http, study, null, null)),
            "RetrieveStudyMetadata");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series/{series}/metadata",
                (HttpContext http, string study, string series, WadoMetadata wado) =>
                    wado.HandleAsync(http, study, series, null)),
            "RetrieveSeriesMetadata");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series/{series}/instances/{instance}/metadata",
                (HttpContext http, string study, string series, string instance, WadoMetadata wado) =>
                    wado.HandleAsync(http, study, series, instance)),
            "RetrieveInstanceMetadata");
    }

    private static void Describe(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Produces(StatusCodes.Status200OK, contentType: MediaRange.DicomJson)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status406NotAcceptable);

    private async Task<IResult> HandleAsync(HttpContext http, string study, string? series, string? instance)
    {
        if (MediaRange.JsonFor(http.Request) is not { } mediaType)
        {
            return MediaRange.OnlyJson();
        }

        var found = await target.FindAsync(study, series, instance, http.RequestAborted);
        return found.Count == 0
            ? UidPath.NotFound(instance is not null ? "instance" : series is not null ? "series" : "study")
            : new Pages(this, found, mediaType, DicomwebUrl.Of(http, tenant));
    }

    private async Task<Dictionary<Guid, byte[]>> FetchAsync(Guid[] ids, CancellationToken ct)
    {
        var rows = await scopes.QueryAsync(
            tenant.Id,
            "select id, metadata from instances where tenant_id = @tenant and id = any(@ids)",
            () => [new NpgsqlParameter("ids", ids)],
            reader => (Id: reader.GetGuid(0), Metadata: reader.GetFieldValue<byte[]>(1)),
            ct);
        return rows.ToDictionary(row => row.Id, row => row.Metadata);
    }

    private sealed class Pages(WadoMetadata wado, IReadOnlyList<WadoInstance> instances, string mediaType, string dicomweb)
        : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var output = httpContext.Response.BodyWriter;
            var ct = httpContext.RequestAborted;
            httpContext.Response.ContentType = mediaType;
            var separator = "["u8.ToArray();
            foreach (var page in instances.Chunk(PageRows))
            {
                var texts = await wado.FetchAsync([.. page.Select(i => i.Id)], ct);
                foreach (var instance in page.Where(i => texts.ContainsKey(i.Id)))
                {
                    await output.WriteAsync(separator, ct);
                    InstanceMetadata.Write(output, texts[instance.Id], instance.Url(dicomweb));
                    separator = ","u8.ToArray();
                }

                await output.FlushAsync(ct);
            }

            await output.WriteAsync("]"u8.ToArray(), ct);
        }
    }
}
