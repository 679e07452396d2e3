using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Runs;
using Platform.Api.Studies;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>What a provisional run has stored in a study, once the whole one's result is there (docs/decisions/0008).</summary>
public class SupersededObjectsTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_objects_of_a_superseded_run_are_given_to_nobody_and_kept_with_their_bytes()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("threshold", Ct, ("provisionalAt", 3));
        var (study, files) = TestStudy.Make(6);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        await tenant.StowAsync(files.Take(4), Ct);
        var part = await worker.NextAsync(Ct);
        var (partRun, early) = (part.Request.RunId, await worker.WriteObjectAsync(await worker.ReadManifestAsync(part.Request, Ct), part.AttemptId, Ct));
        await part.SucceedAsync(Ct, objects: [early]);
        await tenant.BecomesAsync(partRun, RunStatus.Succeeded, Ct);
        Assert.Equal((2, 5), await CountAsync(tenant, study));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, study, early));

        await tenant.StowAsync(files.Skip(4), Ct);
        await tenant.CompleteAsync(study, Ct);
        var whole = await worker.NextAsync(Ct);
        var late = await worker.WriteObjectAsync(await worker.ReadManifestAsync(whole.Request, Ct), whole.AttemptId, Ct);
        await whole.SucceedAsync(Ct, objects: [late]);
        await tenant.BecomesAsync(whole.Request.RunId, RunStatus.Succeeded, Ct);

        // :: Nowhere: not in searches, counts, metadata, by its own UID, in the study, the list of studies or the previews.
        Assert.Equal((2, 7), await CountAsync(tenant, study));
        var (searched, metadata) = (await TextAsync(api, $"studies/{study}/instances"), await TextAsync(api, $"studies/{study}/metadata"));
        Assert.All([searched, metadata], text => Assert.Contains(late.SopInstanceUid, text, StringComparison.Ordinal));
        Assert.All([searched, metadata], text => Assert.DoesNotContain(early.SopInstanceUid, text, StringComparison.Ordinal));
        Assert.DoesNotContain(early.SeriesInstanceUid, await TextAsync(api, $"studies/{study}/series"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(api, study, early));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, study, late));
        var shown = await tenant.StudyAsync(study, Ct);
        Assert.DoesNotContain(early.SeriesInstanceUid, shown.GetProperty("series").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(whole.Request.RunId, shown.GetProperty("runs").EnumerateArray()
            .Single(r => r.GetProperty("id").GetGuid() == partRun).GetProperty("supersededBy").GetGuid());
        var listed = (await tenant.GetAsync("studies", Ct)).GetProperty("studies")[0];
        Assert.Equal((2, 7), (listed.GetProperty("series").GetInt32(), listed.GetProperty("instances").GetInt32()));
        using (var preview = await (await api.AsAdministratorAsync("a")).GetAsync(
            new Uri($"t/a/studies/{study}/series/{early.SeriesInstanceUid}/preview", UriKind.Relative), Ct))
        {
            Assert.Equal(HttpStatusCode.NotFound, preview.StatusCode);
        }

        // :: Row, bytes, and what the log says.
        var kept = await api.ReadAsync(tenant.TenantId, (db, ct) => db.InstancesAndWithdrawn.SingleAsync(i => i.SopInstanceUid == early.SopInstanceUid, ct), Ct);
        Assert.Equal((InstanceStatus.Withdrawn, early.Sha256), (kept.Status, kept.Sha256));
        Assert.Equal(early.Length, await api.Services.GetRequiredService<BlobStore>().GetLengthAsync(kept.Blob, Ct));
        var events = await api.ReadAsync(
            tenant.TenantId, (db, ct) => db.AuditEvents.Where(e => e.Action == "run.supersede" || e.Action == "series.withdraw").ToListAsync(ct), Ct);
        Assert.Equal([("run.supersede", partRun), ("series.withdraw", kept.SeriesId)], events.OrderBy(e => e.Action).Select(e => (e.Action, Guid.Parse(e.EntityId))));
        Assert.All(events, e => Assert.Contains(whole.Request.RunId.ToString(), e.Canonical, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_superseded_run_stores_afterwards_is_withdrawn_from_its_first_moment()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("threshold", Ct, ("provisionalAt", 3));
        var (study, files) = TestStudy.Make(4);
        await tenant.StowAsync(files, Ct);
        await Wait.UntilAsync(async () => (await tenant.StudyAsync(study, Ct)).GetProperty("runs").GetArrayLength() == 1, Ct);
        var part = await tenant.RunOfAsync(study, Ct);
        await tenant.CompleteAsync(study, Ct);
        Assert.Equal(RunStatus.Cancelled, await tenant.StatusAsync(part, Ct));
        Assert.Equal(HttpStatusCode.Accepted, await tenant.PostAsync(part, "retry", Ct)); // by a person, all the same

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 2, RunsApi.BeatInterval, Ct);
        var both = new[] { await worker.NextAsync(Ct), await worker.NextAsync(Ct) };
        foreach (var delivery in both.OrderBy(d => d.Request.RunId == part))
        {
            var image = await worker.WriteObjectAsync(await worker.ReadManifestAsync(delivery.Request, Ct), delivery.AttemptId, Ct);
            await delivery.SucceedAsync(Ct, objects: [image]);
            await tenant.BecomesAsync(delivery.Request.RunId, RunStatus.Succeeded, Ct);
        }

        Assert.Equal((2, 5), await CountAsync(tenant, study));
        Assert.Equal(2, await api.ReadAsync(tenant.TenantId, (db, ct) => db.InstancesAndWithdrawn.CountAsync(i => i.RunId != null, ct), Ct));
    }

    /// <summary>Series and instances, as QIDO-RS counts them.</summary>
    private static async Task<(int Series, int Instances)> CountAsync(TenantClient tenant, string study)
    {
        var found = (await tenant.GetAsync($"dicomweb/studies?StudyInstanceUID={study}", Ct))[0];
        return (Number("00201206"), Number("00201208"));

        int Number(string tag) => found.GetProperty(tag).GetProperty("Value")[0].GetInt32();
    }

    private static async Task<string> TextAsync(RunsApi api, string path)
    {
        using var answer = await (await api.AsAdministratorAsync("a")).GetAsync(new Uri($"t/a/dicomweb/{path}", UriKind.Relative), Ct);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static async Task<HttpStatusCode> StatusAsync(RunsApi api, string study, ResultObject item)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"t/a/dicomweb/studies/{study}/series/{item.SeriesInstanceUid}/instances/{item.SopInstanceUid}");
        request.Headers.Accept.ParseAdd("multipart/related; type=\"application/dicom\"");
        using var answer = await (await api.AsAdministratorAsync("a")).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        return answer.StatusCode;
    }
}
