using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Data;
using Platform.Contracts;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Inference;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Previews;

/// <summary>Real API and real worker, over one broker and one blob store.</summary>
public class PreviewTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_complete_study_gets_its_strip_and_full_images_when_somebody_looks()
    {
        await using var api = await StartApiAsync();
        var http = await api.AsAdministratorAsync("a");
        var sample = await SendAsync(http, "a");

        // No worker yet: it waits, and says so.
        var series = Series("a", sample);
        Assert.Equal("Pending", (await PreviewAsync(http, series)).GetProperty("status").GetString());
        using (var early = await http.GetAsync(Uri($"{series}/strip"), Ct))
        {
            Assert.Equal((HttpStatusCode.Accepted, TimeSpan.FromSeconds(1)), (early.StatusCode, early.Headers.RetryAfter!.Delta));
        }

        await using var worker = await StartWorkerAsync(api);
        await Wait.UntilAsync(async () => (await PreviewAsync(http, series)).GetProperty("status").GetString() == "Ready", Ct);
        var preview = await PreviewAsync(http, series);
        Assert.Equal([0, 1, 2, 3], preview.GetProperty("strip").GetProperty("images").EnumerateArray().Select(i => i.GetInt32()));
        var images = preview.GetProperty("images").EnumerateArray().ToList();
        Assert.Equal([0.0, 1, 2, 3], images.Select(i => i.GetProperty("positionMm")[2].GetDouble()));
        Assert.All(images, i => Assert.Equal((16, 16, 1), (i.GetProperty("rows").GetInt32(), i.GetProperty("columns").GetInt32(), i.GetProperty("frame").GetInt32())));
        var version = preview.GetProperty("version").GetString();
        using (var strip = await http.GetAsync(Uri($"{series}/strip?v={version}"), Ct))
        {
            await AssertJpegAsync(strip);
            Assert.Equal(TimeSpan.FromDays(365), strip.Headers.CacheControl!.MaxAge);
        }

        // Full size is made when it is first asked for.
        using (var first = await http.GetAsync(Uri($"{series}/images/3"), Ct))
        {
            Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        }

        await Wait.UntilAsync(async () => await StatusAsync(http, $"{series}/images/3") == HttpStatusCode.OK, Ct);
        using (var full = await http.GetAsync(Uri($"{series}/images/0?v={version}"), Ct))
        {
            await AssertJpegAsync(full);
            using var request = new HttpRequestMessage(HttpMethod.Get, Uri($"{series}/images/0"));
            request.Headers.IfNoneMatch.Add(full.Headers.ETag!);
            using var again = await http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, $"{series}/images/4"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, $"{series}/images/none"));
        await WorkIsSettledAsync(api);
    }

    [Fact]
    public async Task Late_instances_make_another_preview_and_the_old_pictures_stay_what_they_were()
    {
        await using var api = await StartApiAsync();
        await using var worker = await StartWorkerAsync(api);
        var http = await api.AsAdministratorAsync("a");
        var sample = SampleStudy.Create(6);
        await SendAsync(http, "a", sample with { Files = [.. sample.Files.Take(4)] });
        var series = Series("a", sample);
        await Wait.UntilAsync(async () => (await PreviewAsync(http, series)).GetProperty("images").GetArrayLength() == 4, Ct);
        var old = (await PreviewAsync(http, series)).GetProperty("version").GetString();

        await SendAsync(http, "a", sample);

        await Wait.UntilAsync(async () => (await PreviewAsync(http, series)).GetProperty("images").GetArrayLength() == 6, Ct);
        Assert.NotEqual(old, (await PreviewAsync(http, series)).GetProperty("version").GetString());
        Assert.Equal(4, (await http.GetFromJsonAsync<JsonElement>(Uri($"{series}?v={old}"), Ct)).GetProperty("images").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, $"{series}/strip?v={old}"));
    }

    [Fact]
    public async Task Three_crashes_give_up_and_say_so_and_a_request_that_is_lost_is_made_again()
    {
        await using var api = await StartApiAsync();
        var http = await api.AsAdministratorAsync("a");
        var tenant = await api.TenantAsync("a");
        var sample = await SendAsync(http, "a");
        var bus = api.Services.GetRequiredService<MassTransit.IBus>();
        var preview = await api.Services.GetRequiredService<TenantScope>().RunAsync(tenant, (db, token) => db.Previews.SingleAsync(token), Ct);

        // A worker that says four times that its child died: the fourth says nothing new.
        for (var i = 0; i < 4; i++)
        {
            await bus.Publish(
                new PreviewFinished(
                    tenant, preview.Id, Guid.CreateVersion7(), PreviewPart.Strip, PreviewOutcome.Crashed, null, "child-died", "It died.", TimeProvider.System.GetUtcNow()),
                Ct);
        }

        var series = Series("a", sample);
        await Wait.UntilAsync(async () => (await PreviewAsync(http, series)).GetProperty("status").GetString() == "Unavailable", Ct);
        var given = await PreviewAsync(http, series);
        Assert.Equal("child-died", given.GetProperty("reasonCode").GetString());
        using var strip = await http.GetAsync(Uri($"{series}/strip"), Ct);
        await Problems.ReadAsync(strip, HttpStatusCode.NotFound, Ct);

        // What the broker gave up delivering is wanted again, and a result that is not there counts as a crash.
        var second = await SendAsync(http, "a");
        await bus.Publish(
            new PreviewFinished(
                tenant, await IdAsync(api, tenant, preview.Id), Guid.CreateVersion7(), PreviewPart.Strip, PreviewOutcome.Made, new string('0', 64), null, null,
                TimeProvider.System.GetUtcNow()),
            Ct);
        await using var worker = await StartWorkerAsync(api);
        await Wait.UntilAsync(async () => (await PreviewAsync(http, Series("a", second))).GetProperty("status").GetString() == "Ready", Ct);
        await WorkIsSettledAsync(api);
    }

    private static Task<Guid> IdAsync(ApiHost api, Guid tenant, Guid other) => api.Services.GetRequiredService<TenantScope>()
        .RunAsync(tenant, (db, token) => db.Previews.Where(p => p.Id != other).Select(p => p.Id).SingleAsync(token), Ct);

    private async Task<ApiHost> StartApiAsync()
    {
        var api = new ApiHost(services);
        api.Settings["Previews:Poll"] = "00:00:00.2";
        await api.InitializeAsync();
        return api;
    }

    private async Task<WorkerHost> StartWorkerAsync(ApiHost api)
    {
        var worker = new WorkerHost(services);
        foreach (var (key, value) in api.Settings.Where(s => s.Key.StartsWith("Bus:", StringComparison.Ordinal) || s.Key.StartsWith("Blobs:", StringComparison.Ordinal)))
        {
            worker.Settings[key] = value;
        }

        await worker.InitializeAsync();
        return worker;
    }

    private static Task<SampleStudy> SendAsync(HttpClient http, string tenant) => SendAsync(http, tenant, SampleStudy.Create());

    private static async Task<SampleStudy> SendAsync(HttpClient http, string tenant, SampleStudy sample)
    {
        using var body = sample.ToMultipart();
        using var stored = await http.PostAsync(Uri($"t/{tenant}/dicomweb/studies"), body, Ct);
        stored.EnsureSuccessStatusCode();
        using var complete = await http.PostAsync(Uri($"t/{tenant}/studies/{sample.Study}/complete"), null, Ct);
        complete.EnsureSuccessStatusCode();
        return sample;
    }

    private static string Series(string tenant, SampleStudy sample) => $"t/{tenant}/studies/{sample.Study}/series/{sample.Series}/preview";

    private static Task<JsonElement> PreviewAsync(HttpClient http, string series) => http.GetFromJsonAsync<JsonElement>(Uri(series), Ct);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(Uri(path), Ct);
        return answer.StatusCode;
    }

    private static async Task AssertJpegAsync(HttpResponseMessage answer)
    {
        Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var bytes = await answer.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal((byte[])[0xFF, 0xD8, 0xFF], bytes[..3]);
        Assert.Equal((byte[])[0xFF, 0xD9], bytes[^2..]);
    }

    private static Task WorkIsSettledAsync(ApiHost api) => Wait.UntilAsync(
        async () =>
        {
            await using var system = await api.Services.GetRequiredService<IDbContextFactory<SystemDb>>().CreateDbContextAsync(Ct);
            return !await system.WorkReady.AnyAsync(w => w.Kind.StartsWith("preview-"), Ct);
        },
        Ct);

    private static Uri Uri(string path) => new(path, UriKind.Relative);
}
