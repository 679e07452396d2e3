using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Runs;
using Platform.Api.Studies;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Inference;
using Platform.IntegrationTests.Runs;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Previews;

/// <summary>Images that a model made of others: shown, said to be so, held with their source, and nothing that another model takes.</summary>
public class DerivedSeriesTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Computed", "MR", true)]
    [InlineData("Computed", "CT", true)]
    [InlineData("Computed", "SEG", false)]
    [InlineData("Computed", "SR", false)]
    [InlineData("Computed", "KO", false)]
    [InlineData("Computed", "OT", false)]
    [InlineData("Received", "MR", false)]
    public void Only_images_that_a_model_made_are_derived(string origin, string modality, bool isDerived) =>
        Assert.Equal(isDerived, Series.IsDerivedOf(Enum.Parse<SeriesOrigin>(origin), modality));

    [Fact]
    public async Task A_derived_series_has_previews_and_no_rule_or_person_starts_a_model_on_it()
    {
        // :: A study of two slices, and six that a model made of them.
        await using var api = await RunsApi.StartAsync(services, new Dictionary<string, string?>
        {
            ["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/sides"),
            ["Previews:Poll"] = "00:00:00.2",
        });
        var tenant = await api.AsTenantAsync("a");
        var sent = await tenant.SendStudyAsync(2, Ct);
        string derived;
        await using (var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct))
        {
            var delivery = await worker.NextAsync(Ct);
            var images = await worker.WriteImagesAsync(await worker.ReadManifestAsync(delivery.Request, Ct), delivery.AttemptId, 6, Ct);
            derived = images[0].SeriesInstanceUid;
            await delivery.SucceedAsync(Ct, objects: images);
            await tenant.BecomesAsync(delivery.Request.RunId, RunStatus.Succeeded, Ct);
            var series = (await tenant.StudyAsync(sent, Ct)).GetProperty("series").EnumerateArray().ToList();
            Assert.Equal([false, true], series.Select(s => s.GetProperty("isDerived").GetBoolean()).Order());
            var made = series.Single(s => s.GetProperty("isDerived").GetBoolean());
            Assert.Equal((derived, delivery.Request.RunId, 6), (
                made.GetProperty("seriesInstanceUid").GetString(), made.GetProperty("runId").GetGuid(), made.GetProperty("instances").GetInt32()));

            // It has more images than what was received, and is chosen all the same by nobody.
            var received = series.Single(s => !s.GetProperty("isDerived").GetBoolean()).GetProperty("seriesInstanceUid").GetString();
            var tried = (await tenant.SendAsync(HttpMethod.Post, "rules/dry-run", new { days = 7 }, Ct)).Body.GetProperty("studies")[0];
            Assert.Equal(received, tried.GetProperty("plans")[0].GetProperty("seriesInstanceUid").GetString());
            var again = await tenant.StartRunAsync(sent, new Dictionary<string, string> { ["threshold.0"] = "0.7" }, Ct, model: "sides");
            Assert.Equal(HttpStatusCode.Accepted, again.Status);
            var next = await worker.NextAsync(Ct);
            var input = Assert.Single((await worker.ReadManifestAsync(next.Request, Ct)).Series);
            Assert.Equal((received, 2), (input.SeriesInstanceUid, input.Instances.Count));
            await next.SucceedAsync(Ct);
            await tenant.BecomesAsync(next.Request.RunId, RunStatus.Succeeded, Ct);
        }

        // :: Its previews.
        var administrator = await api.AsAdministratorAsync("a");
        var preview = $"t/a/studies/{sent}/series/{derived}/preview";
        Assert.Equal("Pending", (await administrator.GetFromJsonAsync<JsonElement>(preview, Ct)).GetProperty("status").GetString());
        await using var previews = await StartWorkerAsync(api);
        await Wait.UntilAsync(
            async () => (await administrator.GetFromJsonAsync<JsonElement>(preview, Ct)).GetProperty("status").GetString() == "Ready", Ct);
        Assert.Equal(6, (await administrator.GetFromJsonAsync<JsonElement>(preview, Ct)).GetProperty("images").GetArrayLength());
        var viewer = await api.AsViewerAsync("a");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(viewer, preview + "/strip"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(viewer, $"t/a/dicomweb/studies/{sent}/series/{derived}"));

        // :: What is drawn in its source is drawn in it: held with it.
        var now = TimeProvider.System.GetUtcNow();
        await api.InTenantAsync("a", (db, ct) => db.Studies.ExecuteUpdateAsync(set => set.SetProperty(s => s.PixelsHeldAt, now), ct), Ct);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(viewer, preview + "/strip"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(viewer, $"t/a/dicomweb/studies/{sent}/series/{derived}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(administrator, preview + "/strip"));
    }

    private async Task<WorkerHost> StartWorkerAsync(RunsApi api)
    {
        var worker = new WorkerHost(services);
        foreach (var (key, value) in api.Settings.Where(s => s.Key.StartsWith("Bus:", StringComparison.Ordinal) || s.Key.StartsWith("Blobs:", StringComparison.Ordinal)))
        {
            worker.Settings[key] = value;
        }

        await worker.InitializeAsync();
        return worker;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(path.Contains("dicomweb", StringComparison.Ordinal)
            ? MediaTypeWithQualityHeaderValue.Parse("multipart/related; type=\"application/dicom\"")
            : new MediaTypeWithQualityHeaderValue("image/jpeg"));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        return answer.StatusCode;
    }
}
