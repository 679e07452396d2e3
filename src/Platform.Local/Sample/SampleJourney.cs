using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;

namespace Platform.Local.Sample;

/// <summary>The way of the sample studies as a hospital's gateway goes it, over HTTP alone: token, STOW-RS, complete, wait, read the findings.</summary>
internal sealed class SampleJourney(Credentials credentials, TextWriter output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public async Task RunAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        using var http = new HttpClient { BaseAddress = new Uri($"{credentials.Url}/t/{credentials.Tenant}/") };
        await SignInAsync(http, limit.Token);

        var studies = new List<string>();
        foreach (var sample in new[] { SampleStudy.Hippocampus, SampleStudy.Chest })
        {
            var series = sample.Series();
            await StoreAsync(http, series, limit.Token);
            await output.WriteLineAsync($"- sample study stored: {series.Slices} {sample.Modality} images, generated; waiting for the AI finding");
            using var complete = await http.PostAsync(Path($"studies/{series.StudyInstanceUid}/complete"), null, limit.Token);
            await ExpectAsync(complete, limit.Token);
            studies.Add(series.StudyInstanceUid);
        }

        foreach (var study in studies)
        {
            await TellAsync(await FinishedAsync(http, study, limit.Token));
        }

        await output.WriteLineAsync("  For evaluation; not a medical device and not cleared for diagnosis.");
    }

    private static Uri Path(string path) => new(path, UriKind.Relative);

    private async Task SignInAsync(HttpClient http, CancellationToken ct)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = credentials.ClientId,
            ["client_secret"] = credentials.ClientSecret,
        });
        using var answer = await http.PostAsync(Path("/connect/token"), form, ct);
        await ExpectAsync(answer, ct);
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("access_token").GetString();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The multipart body disposes its parts.")]
    private static async Task StoreAsync(HttpClient http, ImageSeries series, CancellationToken ct)
    {
        using var body = new MultipartContent("related");
        body.Headers.ContentType!.Parameters.Add(new NameValueHeaderValue("type", "\"application/dicom\""));
        foreach (var instance in ImageSeriesWriter.Write(series))
        {
            body.Add(Part(instance));
        }

        using var answer = await http.PostAsync(Path("dicomweb/studies"), body, ct);
        await ExpectAsync(answer, ct);
    }

    private static ByteArrayContent Part(DicomFile instance) => new(instance.ToArray())
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/dicom") },
    };

    private static async Task<JsonElement> FinishedAsync(HttpClient http, string studyInstanceUid, CancellationToken ct)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (true)
        {
            await pause.WaitForNextTickAsync(ct);
            using var answer = await http.GetAsync(Path($"studies/{studyInstanceUid}"), ct);
            await ExpectAsync(answer, ct);
            var study = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
            var runs = study.GetProperty("runs").EnumerateArray().ToList();
            if (runs.Count > 0
                ? runs.TrueForAll(r => r.GetProperty("status").GetString() is not ("Queued" or "Dispatched" or "Running"))
                : study.GetProperty("noAiCode").ValueKind == JsonValueKind.String)
            {
                return study;
            }
        }
    }

    private async Task TellAsync(JsonElement study)
    {
        if (study.GetProperty("noAiReason") is { ValueKind: JsonValueKind.String } reason)
        {
            await output.WriteLineAsync($"  no AI ran: {reason.GetString()}");
        }

        foreach (var run in study.GetProperty("runs").EnumerateArray())
        {
            var model = $"{run.GetProperty("model").GetString()} {run.GetProperty("modelVersion").GetString()}";
            var seconds = (run.GetProperty("finishedAt").GetDateTimeOffset() - run.GetProperty("createdAt").GetDateTimeOffset()).TotalSeconds;
            var status = run.GetProperty("status").GetString();
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  AI finding by {model}, after {seconds:F1} s: {status}"));
            if (run.GetProperty("reason") is { ValueKind: JsonValueKind.String } why)
            {
                await output.WriteLineAsync($"    {why.GetString()}");
            }

            foreach (var finding in run.GetProperty("findings").Deserialize<List<Finding>>(PlatformJson.Options)!)
            {
                var values = finding.Measurements
                    .Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Concept.Meaning.ToLowerInvariant()} {m.Value:N0} {Unit(m.Unit)}"));
                var probability = finding.Probability is { } p ? string.Create(CultureInfo.InvariantCulture, $", probability {p:F2}") : "";
                await output.WriteLineAsync($"    {finding.Concept.Meaning}: {string.Join(", ", values)}{probability}");
            }
        }
    }

    private static string Unit(Code unit) => unit.Value == "mm3" ? "mm³" : unit.Value;

    /// <summary>A refusal's own words: problem+json says what to do.</summary>
    private static async Task ExpectAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (!answer.IsSuccessStatusCode)
        {
            var body = await answer.Content.ReadAsStringAsync(ct);
            throw new StartProblemException($"The sample study stopped at {(int)answer.StatusCode}: {body}");
        }
    }
}
