using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Platform.Api.Studies;
using Platform.Dicom;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

[Collection(nameof(DicomwebApi))]
public class StudiesTests(DicomwebApi api)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sender_says_that_a_study_is_complete_and_late_instances_make_a_new_version()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var uid = DicomUid.New();
        await tenant.StowAsync(TestInstance.Series(2, uid), Ct);
        Assert.Equal("Receiving", (await tenant.StudyAsync(uid, Ct)).GetProperty("status").GetString());

        for (var i = 0; i < 2; i++)
        {
            using var completed = await tenant.Http.PostAsync(tenant.Path($"studies/{uid}/complete"), null, Ct);
            Assert.Equal(HttpStatusCode.OK, completed.StatusCode);
        }

        var study = await tenant.StudyAsync(uid, Ct);
        Assert.Equal("Complete", study.GetProperty("status").GetString());
        Assert.Equal(1, study.GetProperty("version").GetInt32());
        Assert.NotNull(study.GetProperty("noAiCode").GetString()); // this installation has no model

        var late = TestInstance.Series(1, uid);
        await tenant.StowAsync(late, Ct);
        await tenant.StowAsync(late, Ct);
        study = await tenant.StudyAsync(uid, Ct);
        Assert.Equal("Receiving", study.GetProperty("status").GetString());
        Assert.Equal(2, study.GetProperty("version").GetInt32());
        Assert.Equal(3, study.GetProperty("series").EnumerateArray().Sum(s => s.GetProperty("instances").GetInt32()));
        Assert.Equal(1, await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.AuditEvents.CountAsync(e => e.Action == "study.complete", ct), Ct));
    }

    [Fact]
    public async Task What_came_before_a_study_was_complete_does_not_open_it_again()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(2);
        var uid = TestInstance.Uid(files[0], DicomTags.StudyInstanceUID);
        await tenant.StowAsync(files, Ct);
        (await tenant.Http.PostAsync(tenant.Path($"studies/{uid}/complete"), null, Ct)).EnsureSuccessStatusCode();
        await tenant.StowAsync(files, Ct);
        var study = await tenant.StudyAsync(uid, Ct);
        Assert.Equal(("Complete", 1), (study.GetProperty("status").GetString(), study.GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task A_study_that_falls_silent_is_completed()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        await api.InTenantAsync(
            tenant.TenantId,
            (db, ct) => db.Tenants.ExecuteUpdateAsync(set => set.SetProperty(t => t.QuietPeriod, TimeSpan.FromSeconds(1)), ct),
            Ct);
        var files = TestInstance.Series(2);
        var uid = TestInstance.Uid(files[0], DicomTags.StudyInstanceUID);
        await tenant.StowAsync(files, Ct);
        await Wait.UntilAsync(async () => (await tenant.StudyAsync(uid, Ct)).GetProperty("status").GetString() == "Complete", Ct);
    }

    [Fact]
    public async Task The_quiet_period_grows_with_the_gaps_between_instances()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(5);
        await tenant.StowAsync(files, Ct);
        var quiet = await api.InTenantAsync(
            tenant.TenantId,
            async (db, ct) =>
            {
                // As over a slow line: an instance each 20 s.
                await db.Database.ExecuteSqlAsync(
                    $"""
                    update instances set stored_at = timestamptz '2026-01-01 00:00:00Z' + instance_number * interval '20 s'
                    where tenant_id = {tenant.TenantId}
                    """,
                    ct);
                var study = await db.Studies.SingleAsync(ct);
                return await StudyCompletion.QuietAtAsync(db, study, ct) - study.LastInstanceAt;
            },
            Ct);
        Assert.Equal(TimeSpan.FromSeconds(200), quiet);
    }

    [Fact]
    public async Task The_body_part_is_read_from_what_cleaning_removes()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(1);
        await tenant.StowAsync(files, Ct);
        var study = await tenant.StudyAsync(TestInstance.Uid(files[0], DicomTags.StudyInstanceUID), Ct);
        Assert.Equal("CHEST", study.GetProperty("bodyPart").GetString());
        Assert.Equal("StudyDescription", study.GetProperty("bodyPartSource").GetString());
        Assert.Equal("CHEST", study.GetProperty("series")[0].GetProperty("bodyPart").GetString());
    }

    [Fact]
    public async Task Studies_are_listed_by_arrival_page_by_page()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var sent = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            sent.Add(StowAnswerBody.Uids((await tenant.StowAsync(TestInstance.Series(i + 1), Ct)).Stored[0]).Study);
        }

        sent.Reverse();
        var first = await ListAsync(tenant, "studies?limit=2");
        Assert.Equal(sent[..2], first.Select(s => s.GetProperty("studyInstanceUid").GetString()!));
        Assert.Equal([3, 2], first.Select(s => s.GetProperty("instances").GetInt32()));
        var rest = await ListAsync(tenant, $"studies?before={first[1].GetProperty("id").GetGuid()}");
        Assert.Equal(sent[2..], rest.Select(s => s.GetProperty("studyInstanceUid").GetString()!));
        Assert.Equal(3, (await ListAsync(tenant, "studies?status=Receiving")).Count);
        Assert.Empty(await ListAsync(tenant, "studies?status=Complete"));
    }

    [Fact]
    public async Task A_sweep_removes_old_orphans_and_marks_what_lost_its_blob()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var answer = await tenant.StowAsync(TestInstance.Series(3), Ct);
        var folder = Path.Combine(api.BlobFolder, tenant.TenantId.ToString("N"), "instances", "aa");
        Directory.CreateDirectory(folder);
        var (old, young) = (Path.Combine(folder, new string('a', 32)), Path.Combine(folder, "aa" + new string('b', 30)));
        await File.WriteAllTextAsync(old, "no row points here", Ct);
        await File.WriteAllTextAsync(young, "its row is still to come", Ct);
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-25));
        File.SetCreationTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-25));
        var lost = StowAnswerBody.Uids(answer.Stored[1]).Instance;
        var blob = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.Instances.Where(i => i.SopInstanceUid == lost).Select(i => i.Blob).SingleAsync(ct), Ct);
        File.Delete(Path.Combine(api.BlobFolder, blob));

        await api.Services.GetRequiredService<BlobSweep>().RunAsync(Ct);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
        var statuses = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.Instances.ToDictionaryAsync(i => i.SopInstanceUid, i => i.Status, ct), Ct);
        Assert.Equal([lost], statuses.Where(s => s.Value == InstanceStatus.Damaged).Select(s => s.Key));
        Assert.Equal(3, statuses.Count);
        Assert.Equal(TimeSpan.FromHours(24), api.Services.GetRequiredService<IOptions<StudiesOptions>>().Value.OrphanAge);
    }

    private static async Task<List<JsonElement>> ListAsync(DicomwebClient tenant, string path) =>
        [.. (await tenant.Http.GetFromJsonAsync<JsonElement>(tenant.Path(path), Ct)).GetProperty("studies").EnumerateArray()];
}
