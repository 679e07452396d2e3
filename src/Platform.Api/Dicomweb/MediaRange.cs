using Microsoft.Net.Http.Headers;

namespace Platform.Api.Dicomweb;

/// <summary>One range of an Accept header or query parameter, with what DICOMweb adds to it (PS3.18 §8.7.4, §8.7.5).</summary>
/// <param name="MediaType">Lower case, e.g. <c>multipart/related</c> or <c>*/*</c>.</param>
/// <param name="Inner">The <c>type</c> parameter of a multipart range, lower case.</param>
/// <param name="TransferSyntax">The <c>transfer-syntax</c> parameter: a UID or <c>*</c>; null when absent.</param>
internal sealed record MediaRange(string MediaType, string? Inner, string? TransferSyntax, double Quality)
{
    public const string Dicom = "application/dicom";
    public const string DicomJson = "application/dicom+json";
    public const string Json = "application/json";
    public const string OctetStream = "application/octet-stream";
    public const string MultipartRelated = "multipart/related";

    /// <summary>The ranges that the client accepts, the dearest first; without an Accept header, any.</summary>
    public static IReadOnlyList<MediaRange> Accepted(HttpRequest request)
    {
        // The query parameter is for clients that cannot set headers, a browser's address line for one (PS3.18 §8.3.3.1).
        var values = request.Query.TryGetValue("accept", out var accept) ? accept : request.Headers.Accept;
        if (values.Count == 0 || !MediaTypeHeaderValue.TryParseList([.. values!], out var parsed))
        {
            return [new MediaRange("*/*", null, null, 1)];
        }

        return [.. parsed.Select(From).Where(range => range.Quality > 0).OrderByDescending(range => range.Quality)];
    }

    /// <summary>Under which name the client takes DICOM JSON; null when it takes none, DICOM XML being absent here.</summary>
    public static string? JsonFor(HttpRequest request)
    {
        var dearest = Accepted(request).FirstOrDefault(range => range.Takes(DicomJson) || range.Takes(Json));
        return dearest is null ? null : dearest.Takes(DicomJson) ? DicomJson : Json;
    }

    /// <summary>406 for who takes no JSON.</summary>
    public static IResult OnlyJson() => TypedResults.Problem(
        "The answer is application/dicom+json; accept that.", statusCode: StatusCodes.Status406NotAcceptable);

    /// <summary>Whether <paramref name="mediaType"/> lies in this range.</summary>
    public bool Takes(string mediaType) =>
        MediaType == "*/*" || MediaType == mediaType
        || (MediaType.EndsWith("/*", StringComparison.Ordinal)
            && mediaType.StartsWith(MediaType.AsSpan(0, MediaType.Length - 1), StringComparison.Ordinal));

    /// <summary>Whether a multipart answer with parts of <paramref name="inner"/> lies in this range.</summary>
    public bool TakesMultipart(string inner) =>
        Takes(MultipartRelated) && (Inner is null || new MediaRange(Inner, null, null, 1).Takes(inner));

    private static MediaRange From(MediaTypeHeaderValue value) => new(
        value.MediaType.ToString().ToLowerInvariant(),
        Parameter(value, "type")?.ToLowerInvariant(),
        Parameter(value, "transfer-syntax"),
        value.Quality ?? 1);

    private static string? Parameter(MediaTypeHeaderValue value, string name)
    {
        foreach (var parameter in value.Parameters)
        {
            if (parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return HeaderUtilities.RemoveQuotes(parameter.Value).ToString();
            }
        }

        return null;
    }
}
