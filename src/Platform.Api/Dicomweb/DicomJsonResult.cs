using System.Text.Json;

namespace Platform.Api.Dicomweb;

/// <summary>A DICOM JSON answer (PS3.18 Annex F).</summary>
internal sealed class DicomJsonResult(int status, Action<Utf8JsonWriter> write, string mediaType = MediaRange.DicomJson) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = status;
        httpContext.Response.ContentType = mediaType;
        await using var json = new Utf8JsonWriter(httpContext.Response.BodyWriter);
        write(json);
        await json.FlushAsync(httpContext.RequestAborted);
    }
}
