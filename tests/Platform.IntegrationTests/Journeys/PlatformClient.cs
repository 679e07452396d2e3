using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Dicom;

namespace Platform.IntegrationTests.Journeys;

/// <summary>What a hospital's gateway does over HTTP: token, STOW-RS, complete, wait, WADO-RS. Knows only the public API.</summary>
public sealed class PlatformClient : IDisposable
{
    private readonly HttpClient http;

    private PlatformClient(HttpClient http) => this.http = http;

    /// <summary>Signs in by OAuth 2 client credentials.</summary>
    public static async Task<PlatformClient> ConnectAsync(
        Uri url, string tenant, string clientId, string clientSecret, CancellationToken ct)
    {
        using var anonymous = new HttpClient();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
            ["client_secret"] = clientSecret,
        });
        using var answer = await anonymous.PostAsync(new Uri(url, "connect/token"), form, ct);
        answer.EnsureSuccessStatusCode();
        var token = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
        var http = new HttpClient { BaseAddress = new Uri(url, $"t/{tenant}/"), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.GetProperty("access_token").GetString());
        return new PlatformClient(http);
    }

    /// <summary>Signs in as a person.</summary>
    public static async Task<PlatformClient> SignInAsync(Uri url, string tenant, string email, string password, CancellationToken ct)
    {
        var http = new HttpClient { BaseAddress = new Uri(url, $"t/{tenant}/"), Timeout = TimeSpan.FromMinutes(5) };
        using var answer = await http.PostAsJsonAsync(new Uri(url, "session"), new { email, password }, ct);
        answer.EnsureSuccessStatusCode();
        return new PlatformClient(http);
    }

    /// <summary>Stores instances in one STOW-RS request; the answer's status and its DICOM JSON.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> StoreAsync(IEnumerable<byte[]> instances, CancellationToken ct)
    {
        using var body = new MultipartContent("related", "instances-" + Guid.CreateVersion7().ToString("N"));
        body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
        foreach (var bytes in instances)
        {
            var part = new ByteArrayContent(bytes);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
            body.Add(part);
        }

        using var answer = await http.PostAsync("dicomweb/studies", body, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return (answer.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text));
    }

    public async Task CompleteAsync(string studyUid, CancellationToken ct)
    {
        using var answer = await http.PostAsync($"studies/{studyUid}/complete", content: null, ct);
        answer.EnsureSuccessStatusCode();
    }

    public Task<JsonElement> StudyAsync(string studyUid, CancellationToken ct) =>
        http.GetFromJsonAsync<JsonElement>($"studies/{studyUid}", ct);

    /// <summary>The study once each of its runs has ended, or once it says why no AI runs.</summary>
    public async Task<JsonElement> FinishedStudyAsync(string studyUid, CancellationToken ct)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (await pause.WaitForNextTickAsync(ct))
        {
            var study = await StudyAsync(studyUid, ct);
            var runs = study.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("status").GetString()).ToList();
            if (runs.Count > 0 ? runs.TrueForAll(s => s is "Succeeded" or "Failed" or "Cancelled" or "Quarantined")
                : study.GetProperty("noAiCode").ValueKind == JsonValueKind.String)
            {
                return study;
            }
        }

        throw new OperationCanceledException(ct);
    }

    /// <summary>An instance as stored, by WADO-RS; of a study that is held, only for administrators.</summary>
    public async Task<DicomFile> InstanceAsync(string studyUid, string seriesUid, string instanceUid, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"dicomweb/studies/{studyUid}/series/{seriesUid}/instances/{instanceUid}");
        request.Headers.Accept.ParseAdd("application/dicom; transfer-syntax=*");
        using var answer = await http.SendAsync(request, ct);
        answer.EnsureSuccessStatusCode();
        return DicomFile.Read(await answer.Content.ReadAsByteArrayAsync(ct));
    }

    /// <summary>QIDO-RS: the instances of a series of a study, as DICOM JSON.</summary>
    public async Task<IReadOnlyList<JsonElement>> InstancesAsync(string studyUid, string seriesUid, CancellationToken ct)
    {
        var found = await http.GetFromJsonAsync<JsonElement>($"dicomweb/studies/{studyUid}/series/{seriesUid}/instances", ct);
        return [.. found.EnumerateArray()];
    }

    public void Dispose() => http.Dispose();
}
