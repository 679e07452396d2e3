using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Xunit;
using MediaTypeHeaderValue = System.Net.Http.Headers.MediaTypeHeaderValue;
using NameValueHeaderValue = System.Net.Http.Headers.NameValueHeaderValue;

namespace Platform.IntegrationTests.Dicomweb;

/// <summary>A tenant's gateway, speaking DICOMweb over HTTP.</summary>
internal sealed class DicomwebClient(Guid tenantId, string slug, string token, HttpClient http, IReadOnlyCollection<string> errors)
{
    public const string DicomJson = "application/dicom+json";

    public Guid TenantId => tenantId;

    public string Slug => slug;

    public string Token => token;

    public HttpClient Http => http;

    public Uri Path(string path) => new($"/t/{slug}/{path}", UriKind.Relative);

    /// <summary>Sends instances; the answer's status and body.</summary>
    public async Task<StowAnswerBody> StowAsync(IEnumerable<byte[]> files, CancellationToken ct, string? study = null)
    {
        using var body = Multipart(files);
        return await PostAsync(body, ct, study);
    }

    public async Task<StowAnswerBody> PostAsync(HttpContent body, CancellationToken ct, string? study = null)
    {
        var path = Path(study is null ? "dicomweb/studies" : $"dicomweb/studies/{study}");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Headers.Accept.ParseAdd(DicomJson);
        using var answer = await http.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        Assert.True(answer.StatusCode != HttpStatusCode.InternalServerError, string.Join('\n', errors));
        return new StowAnswerBody(
            answer.StatusCode,
            answer.Content.Headers.ContentType?.MediaType,
            answer.Headers.RetryAfter?.ToString(),
            text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    public async Task<JsonElement> SearchAsync(string pathAndQuery, CancellationToken ct)
    {
        using var answer = await http.GetAsync(Path("dicomweb/" + pathAndQuery), ct);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
    }

    public async Task<HttpResponseMessage> GetAsync(string path, CancellationToken ct, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path(path));
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
    }

    /// <summary>Status and body of a GET.</summary>
    public async Task<(HttpStatusCode Status, byte[] Body)> GetBytesAsync(string path, CancellationToken ct, string? accept = null)
    {
        using var answer = await GetAsync(path, ct, accept);
        return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(ct));
    }

    public Task<List<byte[]>> RetrieveAsync(string path, CancellationToken ct) =>
        PartsAsync(path, "multipart/related; type=\"application/dicom\"; transfer-syntax=*", ct);

    /// <summary>The parts of a multipart answer.</summary>
    public async Task<List<byte[]>> PartsAsync(string path, string accept, CancellationToken ct)
    {
        using var answer = await GetAsync("dicomweb/" + path, ct, accept);
        answer.EnsureSuccessStatusCode();
        var boundary = HeaderUtilities.RemoveQuotes(
            answer.Content.Headers.ContentType!.Parameters.Single(p => p.Name == "boundary").Value).ToString();
        var reader = new MultipartReader(boundary, await answer.Content.ReadAsStreamAsync(ct));
        var parts = new List<byte[]>();
        while (await reader.ReadNextSectionAsync(ct) is { } section)
        {
            using var part = new MemoryStream();
            await section.Body.CopyToAsync(part, ct);
            parts.Add(part.ToArray());
        }

        return parts;
    }

    public async Task<JsonElement> StudyAsync(string uid, CancellationToken ct) =>
        await http.GetFromJsonAsync<JsonElement>(Path($"studies/{uid}"), ct);

    public static MultipartContent Multipart(IEnumerable<byte[]> files)
    {
        var body = new MultipartContent("related");
        body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
        foreach (var file in files)
        {
            body.Add(Part(file));
        }

        return body;
    }

    public static ByteArrayContent Part(byte[] file)
    {
        var part = new ByteArrayContent(file);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
        return part;
    }
}

/// <summary>The Store Instances Response.</summary>
internal sealed record StowAnswerBody(HttpStatusCode Status, string? MediaType, string? RetryAfter, JsonElement Body)
{
    public List<JsonElement> Stored => Items("00081199");

    public List<JsonElement> Failed => Items("00081198");

    public List<JsonElement> OtherFailures => Items("0008119A");

    public string Detail => Body.GetProperty("detail").GetString()!;

    public static string Text(JsonElement item, string tag) => item.GetProperty(tag).GetProperty("Value")[0].GetString()!;

    public static int Number(JsonElement item, string tag) => item.GetProperty(tag).GetProperty("Value")[0].GetInt32();

    /// <summary>The UIDs of a stored instance: study, series, instance.</summary>
    public static (string Study, string Series, string Instance) Uids(JsonElement item)
    {
        var path = new Uri(Text(item, "00081190")).AbsolutePath.Split('/');
        return (path[^5], path[^3], path[^1]);
    }

    private List<JsonElement> Items(string tag) =>
        Body.TryGetProperty(tag, out var sequence) ? [.. sequence.GetProperty("Value").EnumerateArray()] : [];
}
