using System.Net;
using System.Text.Json;
using Platform.Dicom;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

[Collection(nameof(DicomwebApi))]
public class QidoTests(DicomwebApi api)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Studies_come_newest_arrival_first_with_counts()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var first = await StoreAsync(tenant, TestInstance.Series(2));
        var study = DicomUid.New();
        var second = await StoreAsync(tenant, [.. TestInstance.Series(3, study), .. TestInstance.Series(1, study)]);

        var studies = (await tenant.SearchAsync("studies", Ct)).EnumerateArray().ToList();
        Assert.Equal([second, first], studies.Select(s => Text(s, "0020000D")));
        Assert.Equal(2, Number(studies[0], "00201206"));
        Assert.Equal(4, Number(studies[0], "00201208"));
        Assert.Equal(["CT"], studies[0].GetProperty("00080061").GetProperty("Value").EnumerateArray().Select(v => v.GetString()));
        Assert.EndsWith($"/t/{tenant.Slug}/dicomweb/studies/{second}", Text(studies[0], "00081190"), StringComparison.Ordinal);
        Assert.DoesNotContain("Invented", studies[0].GetRawText(), StringComparison.OrdinalIgnoreCase);

        var page = (await tenant.SearchAsync("studies?limit=1&offset=1", Ct)).EnumerateArray().ToList();
        Assert.Equal([first], page.Select(s => Text(s, "0020000D")));
    }

    [Fact]
    public async Task Keys_match_by_stored_and_by_received_values()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(2);
        var stored = await StoreAsync(tenant, files);
        var other = await StoreAsync(tenant, [TestInstance.Make(change: d => d.Set(DicomTags.Modality, "MR"))]);
        var received = TestInstance.Uid(files[0], DicomTags.StudyInstanceUID);

        Assert.Equal([stored], await FoundAsync(tenant, $"studies?StudyInstanceUID={stored}"));
        Assert.Equal([stored], await FoundAsync(tenant, $"studies?0020000D={received}"));
        Assert.Equal([other, stored], await FoundAsync(tenant, $"studies?StudyInstanceUID={received},{other}"));
        Assert.Equal([stored], await FoundAsync(tenant, "studies?ModalitiesInStudy=CT"));
        Assert.Equal([other, stored], await FoundAsync(tenant, $"studies?PatientID={TestInstance.PatientId}"));
        var pseudonym = Text((await tenant.SearchAsync($"studies?StudyInstanceUID={stored}", Ct))[0], "00100020");
        Assert.Equal([other, stored], await FoundAsync(tenant, $"studies?PatientID={pseudonym[..10]}*"));
        Assert.Empty(await FoundAsync(tenant, "studies?PatientID=ZZZZ*"));
        Assert.Empty(await FoundAsync(tenant, $"studies?StudyInstanceUID={DicomUid.New()}"));
        Assert.Empty(await FoundAsync(tenant, "studies?StudyDate=20200101-20201231"));
    }

    [Fact]
    public async Task Series_and_instances_are_found_below_and_across_studies()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var study = await StoreAsync(tenant, TestInstance.Series(3));
        await StoreAsync(tenant, TestInstance.Series(2));

        var series = (await tenant.SearchAsync($"studies/{study}/series", Ct)).EnumerateArray().Single();
        Assert.Equal(3, Number(series, "00201209"));
        Assert.Equal("CT", Text(series, "00080060"));
        var uid = Text(series, "0020000E");
        var instances = (await tenant.SearchAsync($"studies/{study}/series/{uid}/instances", Ct)).EnumerateArray().ToList();
        Assert.Equal([1, 2, 3], instances.Select(i => Number(i, "00200013")));
        Assert.All(instances, i => Assert.Equal(16, Number(i, "00280010")));
        Assert.All(instances, i => Assert.False(i.TryGetProperty("00280030", out _)));
        Assert.Equal(3, (await tenant.SearchAsync($"studies/{study}/instances", Ct)).GetArrayLength());
        Assert.Equal(2, (await tenant.SearchAsync("series", Ct)).GetArrayLength());
        Assert.Equal(5, (await tenant.SearchAsync("instances", Ct)).GetArrayLength());
        Assert.Single((await tenant.SearchAsync($"instances?SOPInstanceUID={Text(instances[1], "00080018")}", Ct)).EnumerateArray());
        Assert.Equal(2, (await tenant.SearchAsync("instances?InstanceNumber=1", Ct)).GetArrayLength());

        var included = (await tenant.SearchAsync($"studies/{study}/instances?includefield=BitsStored&limit=1", Ct))[0];
        Assert.Equal(16, Number(included, "00280101"));
        var all = (await tenant.SearchAsync($"studies/{study}/instances?includefield=all&limit=1", Ct))[0];
        Assert.True(all.TryGetProperty("00120062", out _));
    }

    [Fact]
    public async Task What_is_not_matched_is_told_in_a_warning_and_what_is_malformed_is_a_400()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        await StoreAsync(tenant, TestInstance.Series(1));
        using var ignored = await tenant.GetAsync("dicomweb/studies?ReferringPhysicianName=A*&fuzzymatching=true", Ct);
        Assert.Equal(HttpStatusCode.OK, ignored.StatusCode);
        var warnings = string.Join(' ', ignored.Headers.GetValues("Warning"));
        Assert.Contains("ReferringPhysicianName", warnings, StringComparison.Ordinal);
        Assert.Contains("fuzzymatching", warnings, StringComparison.Ordinal);

        foreach (var query in new[]
        {
            "limit=0", "limit=x", "offset=-1", "NotAKeyword=1", "StudyInstanceUID=1.2.*", "StudyDate=2020", "StudyDate=-",
            "PatientID=*a", "includefield=NotAKeyword",
        })
        {
            using var answer = await tenant.GetAsync($"dicomweb/studies?{query}", Ct);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, query);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }

        using var xml = await tenant.GetAsync("dicomweb/studies", Ct, "application/dicom+xml");
        Assert.Equal(HttpStatusCode.NotAcceptable, xml.StatusCode);
    }

    [Fact]
    public async Task Another_tenants_studies_are_not_found()
    {
        var (mine, theirs) = (await api.CreateTenantAsync(Ct), await api.CreateTenantAsync(Ct));
        var study = await StoreAsync(theirs, TestInstance.Series(1));
        Assert.Empty(await FoundAsync(mine, "studies"));
        foreach (var path in new[] { $"studies/{study}/series", $"studies/{study}/metadata", $"studies/{study}", $"studies/{DicomUid.New()}", "studies/x" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await mine.GetBytesAsync("dicomweb/" + path, Ct)).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await mine.GetBytesAsync($"studies/{study}", Ct)).Status);
    }

    private static async Task<string> StoreAsync(DicomwebClient tenant, IEnumerable<byte[]> files)
    {
        var answer = await tenant.StowAsync(files, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return StowAnswerBody.Uids(answer.Stored[0]).Study;
    }

    private static async Task<List<string>> FoundAsync(DicomwebClient tenant, string search) =>
        [.. (await tenant.SearchAsync(search, Ct)).EnumerateArray().Select(s => Text(s, "0020000D"))];

    private static string Text(JsonElement item, string tag) => StowAnswerBody.Text(item, tag);

    private static int Number(JsonElement item, string tag) => StowAnswerBody.Number(item, tag);
}
