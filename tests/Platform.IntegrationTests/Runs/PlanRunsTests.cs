using Microsoft.EntityFrameworkCore;
using Platform.Api.AiModels;
using Platform.Api.Runs;
using Platform.Dicom;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>What a tenant's rules make of a complete study.</summary>
public class PlanRunsTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_rules_of_one_model_are_one_run_in_the_more_urgent_lane()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await ChangeRulesAsync(api, tenant, (rules, rule) => rules.Add(new Rule
        {
            TenantId = rule.TenantId,
            Id = Guid.CreateVersion7(),
            ModelId = rule.ModelId,
            Name = "urgent",
            IsActive = true,
            Lane = Lane.Stat,
            Conditions = rule.Conditions,
        }));

        var body = await tenant.StudyAsync(await tenant.SendStudyAsync(4, Ct), Ct);
        Assert.Equal("Stat", Assert.Single(body.GetProperty("runs").EnumerateArray()).GetProperty("lane").GetString());
    }

    [Fact]
    public async Task A_rule_that_is_not_active_plans_nothing()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await ChangeRulesAsync(api, tenant, (_, rule) => rule.IsActive = false);

        var body = await tenant.StudyAsync(await tenant.SendStudyAsync(4, Ct), Ct);
        Assert.Empty(body.GetProperty("runs").EnumerateArray());
        Assert.Equal("no-rules", body.GetProperty("noAiCode").GetString());
    }

    [Fact]
    public async Task Every_frame_of_a_multi_frame_image_counts_as_a_slice()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (uid, files) = TestStudy.Make(1);
        var image = DicomFile.Read(files[0]);
        image.Dataset.Set(DicomTags.NumberOfFrames, 2L);
        var frame = image.Dataset[DicomTags.PixelData]!.Value.ToArray();
        byte[] twice = [.. frame, .. frame];
        image.Dataset.Set(DicomTags.PixelData, DicomVr.OW, twice);

        await tenant.StowAsync([image.ToArray()], Ct);
        await tenant.CompleteAsync(uid, Ct);

        Assert.Single((await tenant.StudyAsync(uid, Ct)).GetProperty("runs").EnumerateArray());
    }

    [Fact]
    public async Task Objects_that_claim_more_frames_than_can_be_counted_do_not_keep_a_study_from_completing()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (uid, files) = TestStudy.Make(3);
        foreach (var (i, frames) in new[] { (0, 2_000_000_000L), (1, 2_000_000_000L), (2, -7L) })
        {
            var image = DicomFile.Read(files[i]);
            image.Dataset.Set(DicomTags.NumberOfFrames, frames);
            await tenant.StowAsync([image.ToArray()], Ct);
        }

        await tenant.CompleteAsync(uid, Ct);

        Assert.Single((await tenant.StudyAsync(uid, Ct)).GetProperty("runs").EnumerateArray());
    }

    // There is no endpoint for rules yet.
    private static Task<int> ChangeRulesAsync(RunsApi api, TenantClient tenant, Action<DbSet<Rule>, Rule> change) =>
        api.ReadAsync(
            tenant.TenantId,
            async (db, ct) =>
            {
                change(db.Rules, await db.Rules.SingleAsync(ct));
                return await db.SaveChangesAsync(ct);
            },
            Ct);
}
