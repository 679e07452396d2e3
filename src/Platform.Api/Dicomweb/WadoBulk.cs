using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Dicom;
using Platform.Hosting.Blobs;

namespace Platform.Api.Dicomweb;

/// <summary>
/// GET …/instances/{instance}/frames/{list} and …/bulkdata/{tag} (PS3.18 §10.4.1.1.2, §10.4.1.1.4): cut out of the stored
/// instance by range reads, never decoded. Frames of deflated and big-endian syntaxes are not cut: retrieve the instance.
/// </summary>
internal sealed class WadoBulk(WadoTarget target, CurrentTenant tenant, BlobStore blobs, DamageReport damage)
{
    private const int CopyBytes = 80 << 10;
    private const int MaxFrames = 2000;

    public static void MapWadoBulk(IEndpointRouteBuilder dicomweb)
    {
        var instance = dicomweb.MapGroup("studies/{study}/series/{series}/instances/{instance}");
        Describe(
            instance.MapGet(
                "frames/{list}",
                (HttpContext http, string study, string series, string instance, string list, WadoBulk wado) =>
                    wado.FramesAsync(http, study, series, instance, list)),
            "RetrieveFrames");
        Describe(
            instance.MapGet(
                "bulkdata/{tag}",
                (HttpContext http, string study, string series, string instance, string tag, WadoBulk wado) =>
                    wado.BulkAsync(http, study, series, instance, tag)),
            "RetrieveBulkdata");
    }

    private static void Describe(RouteHandlerBuilder endpoint, string name) => endpoint
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(name)
        .Produces(StatusCodes.Status200OK, contentType: MediaRange.MultipartRelated)
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status406NotAcceptable);

    private async Task<IResult> FramesAsync(HttpContext http, string study, string series, string instance, string list)
    {
        var numbers = list.Split(',')
            .Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .ToArray();
        if (numbers.Length > MaxFrames || numbers.Contains(0))
        {
            return TypedResults.Problem(
                $"Frames are a list of at most {MaxFrames} numbers from 1 on, with commas between.",
                statusCode: StatusCodes.Status400BadRequest);
        }

        var (found, refused) = await OpenAsync(http, study, series, instance);
        if (found is null)
        {
            return refused!;
        }

        if (found.Frames is null)
        {
            return TypedResults.Problem(
                "The frames of this instance can't be cut out; retrieve the instance.",
                statusCode: StatusCodes.Status406NotAcceptable);
        }

        return numbers.Any(number => number > found.Frames.Count)
            ? UidPath.NotFound("frame")
            : new Parts(blobs, found, [.. numbers.Select(number => found.Frames[number - 1])]);
    }

    private async Task<IResult> BulkAsync(HttpContext http, string study, string series, string instance, string tag)
    {
        if (!DicomTag.TryParse(tag, out var wanted))
        {
            return UidPath.NotFound("element");
        }

        var (found, refused) = await OpenAsync(http, study, series, instance);
        if (found is null)
        {
            return refused!;
        }

        if (found.Pixels?.Tag == wanted)
        {
            return found switch
            {
                { Pixels: { Length: { } length, ValueOffset: var offset }, IsDeflated: false } =>
                    new Parts(blobs, found, [[new ByteRange(offset, length)]]),
                { Frames: { } frames } => new Parts(blobs, found, frames),
                _ => TypedResults.Problem(
                    "The pixel data of this instance can't be cut out; retrieve the instance.",
                    statusCode: StatusCodes.Status406NotAcceptable),
            };
        }

        return found.Dataset[wanted] is { Value.IsEmpty: false } element
            ? TypedResults.Bytes(element.Value, MediaRange.OctetStream)
            : UidPath.NotFound("element");
    }

    private async Task<(Found? Found, IResult? Refused)> OpenAsync(HttpContext http, string study, string series, string instance)
    {
        var ct = http.RequestAborted;
        var (rows, held) = await target.FindBytesAsync(study, series, instance, ct);
        if (held is not null)
        {
            return (null, held);
        }

        if (rows is not [var row, ..])
        {
            return (null, UidPath.NotFound("instance"));
        }

        await using var stream = await blobs.OpenReadAsync(row.Blob, ct);
        if (stream is null)
        {
            await damage.ReportAsync(tenant.Id, row.Id, CancellationToken.None);
            return (null, TypedResults.Problem(
                "The store has lost these bytes; send the instance again and it is repaired.",
                statusCode: StatusCodes.Status500InternalServerError));
        }

        using var header = await DicomStreamReader.ReadHeaderAsync(stream, null, ct);
        var mediaType = MediaTypeOf(header.Syntax);
        var ranges = MediaRange.Accepted(http.Request);
        var chosen = ranges.FirstOrDefault(range =>
            (range.TakesMultipart(mediaType) || range.TakesMultipart(MediaRange.OctetStream) || range.Takes(MediaRange.OctetStream))
            && (range.TransferSyntax is null or "*" || range.TransferSyntax == header.Syntax.Uid));
        if (chosen is null)
        {
            return (null, TypedResults.Problem(
                $"Given only as stored: multipart/related; type=\"{mediaType}\"; transfer-syntax={header.Syntax.Uid}.",
                statusCode: StatusCodes.Status406NotAcceptable));
        }

        var isCut = !header.Syntax.IsDeflated && !header.Syntax.IsBigEndian;
        var frames = isCut && header.PixelData is { } pixels
            ? await FrameIndex.FindAsync(blobs, row.Blob, header, pixels, ct)
            : null;
        return (
            new Found(
                row,
                header.Dataset,
                header.PixelData,
                header.Syntax.IsDeflated,
                frames,
                chosen.Inner == MediaRange.OctetStream ? MediaRange.OctetStream : mediaType,
                header.Syntax.Uid),
            null);
    }

    /// <summary>PS3.18 Table 8.7.3-5.</summary>
    private static string MediaTypeOf(DicomTransferSyntax syntax) => syntax.Uid switch
    {
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" => "image/jpeg",
        "1.2.840.10008.1.2.4.57" or "1.2.840.10008.1.2.4.70" => "image/jpeg",
        "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81" => "image/jls",
        "1.2.840.10008.1.2.4.90" or "1.2.840.10008.1.2.4.91" => "image/jp2",
        "1.2.840.10008.1.2.4.201" or "1.2.840.10008.1.2.4.202" or "1.2.840.10008.1.2.4.203" => "image/jphc",
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        _ => MediaRange.OctetStream,
    };

    private sealed record Found(
        WadoInstance Row,
        DicomDataset Dataset,
        PixelDataLocation? Pixels,
        bool IsDeflated,
        IReadOnlyList<ByteRange[]>? Frames,
        string MediaType,
        string TransferSyntaxUid);

    private sealed class Parts(BlobStore blobs, Found found, IReadOnlyList<ByteRange[]> parts) : IResult
    {
        private readonly string boundary = RandomNumberGenerator.GetHexString(32, lowercase: true);

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var (response, ct) = (httpContext.Response, httpContext.RequestAborted);
            var head = Encoding.ASCII.GetBytes(
                $"\r\n--{boundary}\r\nContent-Type: {found.MediaType}; transfer-syntax={found.TransferSyntaxUid}\r\n\r\n");
            var end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
            response.ContentType = $"multipart/related; type=\"{found.MediaType}\"; boundary={boundary}";
            response.ContentLength = parts.Sum(part => head.Length + part.Sum(range => range.Length)) + end.Length;
            foreach (var part in parts)
            {
                await response.Body.WriteAsync(head, ct);
                foreach (var range in part)
                {
                    await using var bytes = await blobs.OpenReadAsync(found.Row.Blob, range.Offset, range.Length, ct)
                        ?? throw new IOException("The blob vanished while it was read.");
                    await bytes.CopyToAsync(response.Body, CopyBytes, ct);
                }
            }

            await response.Body.WriteAsync(end, ct);
        }
    }
}
