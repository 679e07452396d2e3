using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>
/// GET /t/{tenant}/dicomweb/studies/{study}, …/series/{series}, …/instances/{instance}: the stored objects, as they are stored
/// (WADO-RS, PS3.18 §10.4). Streamed from the blob store, in constant memory, with a Content-Length: a cut answer shows.
/// </summary>
internal sealed class Wado(WadoTarget target, CurrentTenant tenant, BlobStore blobs, DamageReport damage)
{
    private const int CopyBytes = 80 << 10;

    public static void MapWado(IEndpointRouteBuilder dicomweb)
    {
        Describe(
            dicomweb.MapGet(
                "studies/{study}", (HttpContext http, string study, Wado wado) => wado.HandleAsync(http, study, null, null)),
            "RetrieveStudy");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series/{series}",
                (HttpContext http, string study, string series, Wado wado) => wado.HandleAsync(http, study, series, null)),
            "RetrieveSeries");
        Describe(
            dicomweb.MapGet(
                "studies/{study}/series/{series}/instances/{instance}",
                (HttpContext http, string study, string series, string instance, Wado wado) =>
                    wado.HandleAsync(http, study, series, instance)),
            "RetrieveInstance");
    }

    private static void Describe(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Produces(StatusCodes.Status200OK, contentType: MediaRange.MultipartRelated, additionalContentTypes: MediaRange.Dicom)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status406NotAcceptable);

    private async Task<IResult> HandleAsync(HttpContext http, string study, string? series, string? instance)
    {
        var ranges = MediaRange.Accepted(http.Request);
        var chosen = ranges.FirstOrDefault(range => IsServed(range, instance is not null));
        if (chosen is null)
        {
            return TypedResults.Problem(
                "Accept multipart/related; type=\"application/dicom\", or application/dicom for one instance.",
                statusCode: StatusCodes.Status406NotAcceptable);
        }

        var (found, held) = await target.FindBytesAsync(study, series, instance, http.RequestAborted);
        if (held is not null)
        {
            return held;
        }

        if (found.Count == 0)
        {
            return UidPath.NotFound(instance is not null ? "instance" : series is not null ? "series" : "study");
        }

        // What is stored goes out as it is; another syntax would need the pixels decoded, which this process never does.
        var syntaxes = ranges.Where(range => IsServed(range, instance is not null))
            .Select(range => range.TransferSyntax).ToList();
        var refused = found.Where(i => !syntaxes.Exists(s => s is null or "*" || s == i.TransferSyntaxUid)).ToList();
        if (refused.Count > 0)
        {
            var stored = string.Join(", ", refused.Select(i => i.TransferSyntaxUid).Distinct());
            return TypedResults.Problem(
                $"Stored in transfer syntax {stored} and given only so; accept transfer-syntax=*.",
                statusCode: StatusCodes.Status406NotAcceptable);
        }

        var whole = found.Where(i => i.Status == InstanceStatus.Stored).ToList();
        if (whole.Count == 0)
        {
            return TypedResults.Problem(
                "The store has lost these bytes; send the instance again and it is repaired.",
                statusCode: StatusCodes.Status500InternalServerError);
        }

        var isSingle = instance is not null && !(chosen.MediaType == MediaRange.MultipartRelated);
        return isSingle ? new SinglePart(this, whole[0]) : new Multipart(this, whole, isPartial: whole.Count < found.Count);
    }

    private static bool IsServed(MediaRange range, bool isInstance) =>
        range.TakesMultipart(MediaRange.Dicom) || (isInstance && range.Takes(MediaRange.Dicom));

    /// <summary>False when the blob is gone; then nothing was written.</summary>
    private async Task<bool> CopyAsync(WadoInstance instance, HttpResponse response, Func<Task> before, CancellationToken ct)
    {
        await using var blob = await blobs.OpenReadAsync(instance.Blob, ct);
        if (blob is null)
        {
            await damage.ReportAsync(tenant.Id, instance.Id, CancellationToken.None);
            return false;
        }

        await before();
        await blob.CopyToAsync(response.Body, CopyBytes, ct);
        return true;
    }

    private sealed class SinglePart(Wado wado, WadoInstance instance) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            var isThere = await wado.CopyAsync(
                instance,
                response,
                () =>
                {
                    response.ContentType = $"{MediaRange.Dicom}; transfer-syntax={instance.TransferSyntaxUid}";
                    response.ContentLength = instance.Length;
                    return Task.CompletedTask;
                },
                httpContext.RequestAborted);
            if (!isThere)
            {
                await TypedResults.Problem(
                    "The store has lost these bytes; send the instance again and it is repaired.",
                    statusCode: StatusCodes.Status500InternalServerError).ExecuteAsync(httpContext);
            }
        }
    }

    private sealed class Multipart(Wado wado, List<WadoInstance> instances, bool isPartial) : IResult
    {
        private readonly string boundary = RandomNumberGenerator.GetHexString(32, lowercase: true);

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            var end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
            response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
            response.ContentType = $"multipart/related; type=\"{MediaRange.Dicom}\"; boundary={boundary}";
            response.ContentLength = instances.Sum(i => Head(i).Length + i.Length) + end.Length;
            foreach (var instance in instances)
            {
                var isThere = await wado.CopyAsync(
                    instance,
                    response,
                    () => response.Body.WriteAsync(Head(instance), httpContext.RequestAborted).AsTask(),
                    httpContext.RequestAborted);
                if (!isThere)
                {
                    // The length that was promised can't be kept: the client must see a broken answer, not a short one.
                    httpContext.Abort();
                    return;
                }
            }

            await response.Body.WriteAsync(end, httpContext.RequestAborted);
        }

        private byte[] Head(WadoInstance instance) => Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"\r\n--{boundary}\r\nContent-Type: {MediaRange.Dicom}; transfer-syntax={instance.TransferSyntaxUid}\r\n")
            + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {instance.Length}\r\n\r\n"));
    }
}
