using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Platform.Api.Runs;
using Platform.Contracts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>The outlines that a worker wrote beside its segmentation, over HTTP.</summary>
public class OutlinesTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Outlines_come_once_the_run_has_its_result_and_never_change()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var http = await api.AsAdministratorAsync("a");
        var run = await tenant.SendAsync(Ct);
        var path = new Uri($"t/a/runs/{run}/outlines", UriKind.Relative);
        using (var early = await http.GetAsync(path, Ct))
        {
            Assert.Equal(HttpStatusCode.NotFound, early.StatusCode);
        }

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        var outlines = await worker.WriteOutlinesAsync(tenant.TenantId, run, delivery.AttemptId, Ct);
        await worker.SendAsync(await worker.WriteResultAsync(tenant.TenantId, run, delivery.AttemptId, "hash", [], Ct, outlines), Ct);
        delivery.Acknowledge();
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct);

        using var plain = await http.GetAsync(path, Ct);
        Assert.Equal("application/json", plain.Content.Headers.ContentType!.MediaType);
        Assert.True(plain.Headers.CacheControl!.Private);
        var read = JsonSerializer.Deserialize<RunOutlines>(await plain.Content.ReadAsStringAsync(Ct), PlatformJson.Options)!;
        Assert.Equal([20, 10, 26, 10, 26, 15, 20, 15], read.Images[0].Paths[0].Points);

        using var compressed = await GetAsync(http, path, r => r.Headers.AcceptEncoding.ParseAdd("gzip"));
        Assert.Equal(["gzip"], compressed.Content.Headers.ContentEncoding);
        await using var unpacked = new GZipStream(await compressed.Content.ReadAsStreamAsync(Ct), CompressionMode.Decompress);
        using var text = new StreamReader(unpacked);
        Assert.Equal(await plain.Content.ReadAsStringAsync(Ct), await text.ReadToEndAsync(Ct));

        using var again = await GetAsync(http, path, r => r.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(plain.Headers.ETag!.ToString())));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task A_result_whose_outlines_are_not_what_the_worker_said_is_not_taken()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var run = await tenant.SendAsync(Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var delivery = await worker.NextAsync(Ct);
        await delivery.StartAsync(Ct);
        var outlines = await worker.WriteOutlinesAsync(tenant.TenantId, run, delivery.AttemptId, Ct);

        await worker.SendAsync(
            await worker.WriteResultAsync(
                tenant.TenantId, run, delivery.AttemptId, "hash", [], Ct, outlines with { Sha256 = new string('0', 64) }),
            Ct);
        delivery.Acknowledge();

        // It counts like a crash: the run is tried again.
        Assert.Equal(run, (await worker.NextAsync(Ct)).Request.RunId);
        var attempt = (await tenant.RunAsync(run, Ct)).GetProperty("attempts").EnumerateArray().Single(a => a.GetProperty("id").GetGuid() == delivery.AttemptId);
        Assert.Equal("result-invalid", attempt.GetProperty("reasonCode").GetString());
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient http, Uri path, Action<HttpRequestMessage> with)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        with(request);
        return await http.SendAsync(request, Ct);
    }
}
