using System.IO.Compression;
using Microsoft.Net.Http.Headers;
using Platform.Hosting.Blobs;

namespace Platform.Api.Data;

/// <summary>
/// Answers with the bytes of a blob, or a part of one, that will never be others: the reader's own cache may keep them for good.
/// Make it after the read was audited; when the blob is gone it answers <paramref name="absent"/>.
/// </summary>
/// <param name="isForGood">False where the same URL may answer with another blob later: then the reader asks each time whether it did.</param>
/// <param name="tag">What makes these bytes these, for the entity tag: lower-case letters, digits and '-'.</param>
internal sealed class ImmutableBlob(
    BlobStore blobs, string name, string tag, string contentType, IResult absent, long offset = 0, long? length = null,
    bool mayCompress = false, bool isForGood = true) : IResult
{
    private const int CopyBytes = 80 << 10;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response, ct) = (httpContext.Request, httpContext.Response, httpContext.RequestAborted);
        var isCompressed = mayCompress
            && request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value == "gzip" && e.Quality is null or > 0);
        var headers = response.GetTypedHeaders();
        headers.ETag = new EntityTagHeaderValue(isCompressed ? $"\"{tag}-gzip\"" : $"\"{tag}\"");
        headers.CacheControl = isForGood
            ? new CacheControlHeaderValue
            {
                Private = true, MaxAge = TimeSpan.FromDays(365), Extensions = { new NameValueHeaderValue("immutable") },
            }
            : new CacheControlHeaderValue { Private = true, NoCache = true };

        if (mayCompress)
        {
            response.Headers.Vary = HeaderNames.AcceptEncoding;
        }

        if (request.GetTypedHeaders().IfNoneMatch.Any(t => t.Compare(headers.ETag, useStrongComparison: false) || t.Equals(EntityTagHeaderValue.Any)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await using var bytes = await blobs.OpenReadAsync(name, offset, length, ct);
        if (bytes is null)
        {
            response.Headers.Clear();
            await absent.ExecuteAsync(httpContext);
            return;
        }

        response.ContentType = contentType;
        if (isCompressed)
        {
            response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest);
            await bytes.CopyToAsync(gzip, CopyBytes, ct);
            return;
        }

        response.ContentLength = length;
        await bytes.CopyToAsync(response.Body, CopyBytes, ct);
    }
}
