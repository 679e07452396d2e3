using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Studies;
using Platform.Dicom;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Inference;
using Platform.IntegrationTests.Services;
using Platform.UnitTests.Dicom.Deidentification;
using Xunit;

namespace Platform.IntegrationTests.Previews;

/// <summary>Real API and real worker: a study with letters in its images, from its arrival to its release and to its next version.</summary>
public class HeldPixelsTests(TestServices services)
{
    private const string Dicom = "multipart/related; type=\"application/dicom\"";
    private const string Bytes = "multipart/related; type=\"application/octet-stream\"";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Letters_in_an_image_hold_its_study_until_an_administrator_has_looked()
    {
        await using var api = new ApiHost(services);
        api.Settings["Previews:Poll"] = "00:00:00.2";
        await api.InitializeAsync();
        await using var worker = new WorkerHost(services);
        foreach (var (key, value) in api.Settings.Where(s => s.Key.StartsWith("Bus:", StringComparison.Ordinal) || s.Key.StartsWith("Blobs:", StringComparison.Ordinal)))
        {
            worker.Settings[key] = value;
        }

        await worker.InitializeAsync();
        var uploader = await api.AsUploaderAsync("a");
        var administrator = await api.AsAdministratorAsync("a");
        HttpClient[] others = [uploader, await api.AsViewerAsync("a"), await api.AsSpecialistAsync("a"), await api.AsGatewayAsync("a")];

        // Two computed tomograms, letters on one: nothing in a header says so.
        var (study, series) = (DicomUid.New(), DicomUid.New());
        var letters = Image(study, series, 1, withLetters: true);
        await SendAsync(uploader, study, letters, Image(study, series, 2, withLetters: false));
        await Wait.UntilAsync(async () => await IsReadyAsync(uploader, study, series), Ct);

        var held = (await StudyAsync(uploader, study)).GetProperty("pixels");
        Assert.Equal((1, JsonValueKind.Null), (held.GetProperty("images").GetInt32(), held.GetProperty("releasedAt").ValueKind));
        var suspicion = Assert.Single(held.GetProperty("suspicions").EnumerateArray());
        Assert.Equal(("TextFound", 1), (suspicion.GetProperty("code").GetString(), suspicion.GetProperty("images").GetInt32()));
        Assert.Equal(1, await HeldAsync(uploader));
        var preview = await PreviewAsync(uploader, study, series);
        Assert.Equal(1, preview.GetProperty("images").EnumerateArray().Count(i => i.GetProperty("suspicions").GetArrayLength() == 1));

        // Pixels are for administrators, everything else for all.
        var instance = $"dicomweb/studies/{study}/series/{series}/instances/{TestInstance.Uid(letters, DicomTags.SOPInstanceUID)}";
        (string Path, string? Accept)[] pixels =
        [
            ($"dicomweb/studies/{study}", Dicom), ($"dicomweb/studies/{study}/series/{series}", Dicom), (instance, Dicom),
            ($"{instance}/frames/1", Bytes), ($"{instance}/bulkdata/7FE00010", Bytes),
            ($"studies/{study}/series/{series}/preview/strip", null), ($"studies/{study}/series/{series}/preview/images/0", null),
        ];
        foreach (var (path, accept) in pixels)
        {
            foreach (var other in others)
            {
                using var refused = await GetAsync(other, "a", path, accept);
                var problem = await Problems.ReadAsync(refused, HttpStatusCode.Forbidden, Ct);
                Assert.Equal(
                    (HeldPixels.ProblemType, "Held until an administrator has looked"),
                    (problem.GetProperty("type").GetString(), problem.GetProperty("title").GetString()));
            }

            using var seen = await GetAsync(administrator, "a", path, accept);
            Assert.True(seen.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{path}: {seen.StatusCode}");
            using var foreign = await GetAsync(await api.AsAdministratorAsync("b"), "b", path, accept);
            Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        }

        foreach (var path in new[] { $"dicomweb/studies/{study}/metadata", $"{instance}/metadata", "dicomweb/instances" })
        {
            using var answer = await GetAsync(others[1], "a", path, "application/dicom+json");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // Not by others, not unseen, and once.
        foreach (var other in others)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await ReleaseAsync(other, study, 1));
        }

        Assert.Equal(HttpStatusCode.Conflict, await ReleaseAsync(administrator, study, 0));
        Assert.Equal(HttpStatusCode.OK, await ReleaseAsync(administrator, study, 1));
        Assert.Equal(HttpStatusCode.OK, await ReleaseAsync(administrator, study, 1));
        foreach (var (path, accept) in pixels)
        {
            using var answer = await GetAsync(others[1], "a", path, accept);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{path}: {answer.StatusCode}");
        }

        held = (await StudyAsync(uploader, study)).GetProperty("pixels");
        Assert.Equal((0, JsonValueKind.String), (held.GetProperty("images").GetInt32(), held.GetProperty("releasedBy").ValueKind));
        Assert.Equal(0, await HeldAsync(uploader));

        // In the next version a clean image holds nothing, letters do; what was released is not looked at again.
        await SendAsync(uploader, study, Image(study, series, 3, withLetters: false));
        await Wait.UntilAsync(async () => await IsReadyAsync(uploader, study, series) && await ImagesAsync(uploader, study, series) == 3, Ct);
        Assert.Equal(JsonValueKind.String, (await StudyAsync(uploader, study)).GetProperty("pixels").GetProperty("releasedAt").ValueKind);
        await SendAsync(uploader, study, Image(study, series, 4, withLetters: true));
        await Wait.UntilAsync(async () => await IsReadyAsync(uploader, study, series) && await ImagesAsync(uploader, study, series) == 4, Ct);
        held = (await StudyAsync(uploader, study)).GetProperty("pixels");
        Assert.Equal((1, JsonValueKind.Null), (held.GetProperty("images").GetInt32(), held.GetProperty("releasedAt").ValueKind));
        using (var again = await GetAsync(others[1], "a", instance, Dicom))
        {
            Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
        }

        var events = await api.InTenantAsync(
            "a", (db, token) => db.AuditEvents.GroupBy(e => e.Action).ToDictionaryAsync(g => g.Key, g => g.Count(), token), Ct);
        Assert.Equal((2, 1), (events[PixelHold.Action], events[ReleasePixels.Action]));
        Assert.True(events["access.deny"] > 0);
    }

    private static byte[] Image(string study, string series, int number, bool withLetters) => TestInstance.Make(study, series, number, dataset =>
    {
        dataset.Set(DicomTags.Rows, (long)DrawnText.Rows);
        dataset.Set(DicomTags.Columns, (long)DrawnText.Columns);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, DrawnText.Words(withLetters));
    });

    private static async Task SendAsync(HttpClient http, string study, params byte[][] files)
    {
        using var body = DicomwebClient.Multipart(files);
        using var stored = await http.PostAsync(Uri("a", "dicomweb/studies"), body, Ct);
        stored.EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        using var complete = await http.PostAsync(Uri("a", $"studies/{study}/complete"), null, Ct);
        complete.EnsureSuccessStatusCode();
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient http, string tenant, string path, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Uri(tenant, path));
        if (accept is not null)
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        }

        return await http.SendAsync(request, Ct);
    }

    private static async Task<HttpStatusCode> ReleaseAsync(HttpClient http, string study, int images)
    {
        using var answer = await http.PostAsJsonAsync(Uri("a", $"studies/{study}/release-pixels"), new { images }, Ct);
        return answer.StatusCode;
    }

    private static async Task<int> HeldAsync(HttpClient http)
    {
        var studies = (await http.GetFromJsonAsync<JsonElement>(Uri("a", "studies?held=true"), Ct)).GetProperty("studies");
        Assert.All(studies.EnumerateArray(), s => Assert.True(s.GetProperty("arePixelsHeld").GetBoolean()));
        return studies.GetArrayLength();
    }

    private static Task<JsonElement> StudyAsync(HttpClient http, string study) => http.GetFromJsonAsync<JsonElement>(Uri("a", $"studies/{study}"), Ct);

    private static Task<JsonElement> PreviewAsync(HttpClient http, string study, string series) =>
        http.GetFromJsonAsync<JsonElement>(Uri("a", $"studies/{study}/series/{series}/preview"), Ct);

    private static async Task<bool> IsReadyAsync(HttpClient http, string study, string series) =>
        (await PreviewAsync(http, study, series)).GetProperty("status").GetString() == "Ready";

    private static async Task<int> ImagesAsync(HttpClient http, string study, string series) =>
        (await PreviewAsync(http, study, series)).GetProperty("images").GetArrayLength();

    private static Uri Uri(string tenant, string path) => new($"t/{tenant}/{path}", UriKind.Relative);
}
