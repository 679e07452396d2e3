using Platform.Api.Runs;
using Platform.Contracts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>Results of images that miss a bar of the model, as the list of studies tells of them.</summary>
public class LimitedResultTests(TestServices services)
{
    private static readonly QualityRecord Noisy = new(
        true, ["noise", "blur"], [new("noise", 3, 10, null), new("blur", 0.01, 0.05, null), new("clipping", 0.1, null, 0.5)]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_study_whose_images_miss_a_bar_says_in_the_list_which_and_others_say_nothing()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var good = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct, quality: Noisy with { IsLimited = false, Codes = [] });
        await tenant.BecomesAsync(good, RunStatus.Succeeded, Ct);
        var poor = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct, quality: Noisy);
        await tenant.BecomesAsync(poor, RunStatus.Succeeded, Ct);
        Assert.Equal(["blur, noise", ""], await LimitedAsync(tenant)); // the newest first
    }

    [Fact]
    public async Task A_shadow_limits_nothing()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (champion, _) = await tenant.RuleOfAsync("threshold", Ct);
        await tenant.ChangeRuleAsync("slow", Ct, ("shadowOf", champion));
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var shown = await tenant.SendAsync(Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        await tenant.BecomesAsync(shown, RunStatus.Succeeded, Ct);
        var shadow = await worker.NextAsync(Ct);
        await shadow.SucceedAsync(Ct, quality: Noisy);
        var limitedBy = Array.Empty<string>();
        do
        {
            limitedBy = await api.ReadAsync(
                tenant.TenantId,
                (db, _) => Task.FromResult(db.RunsAndShadows.Single(r => r.Id == shadow.Request.RunId).LimitedBy),
                Ct);
        }
        while (limitedBy.Length == 0);

        Assert.Equal([""], await LimitedAsync(tenant));
    }

    [Fact]
    public async Task A_provisional_result_limits_the_study_until_the_whole_one_takes_its_place()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("threshold", Ct, ("provisionalAt", 3));
        var (study, files) = TestStudy.Make(6);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        await tenant.StowAsync(files.Take(4), Ct);
        var part = await worker.NextAsync(Ct);
        await part.SucceedAsync(Ct, quality: Noisy);
        await tenant.BecomesAsync(part.Request.RunId, RunStatus.Succeeded, Ct);
        Assert.Equal(["blur, noise"], await LimitedAsync(tenant));

        await tenant.StowAsync(files.Skip(4), Ct);
        await tenant.CompleteAsync(study, Ct);
        var whole = await worker.NextAsync(Ct);
        await whole.SucceedAsync(Ct);
        await tenant.BecomesAsync(whole.Request.RunId, RunStatus.Succeeded, Ct);
        Assert.Equal([""], await LimitedAsync(tenant));
    }

    /// <summary>Of each study, the newest first.</summary>
    private static async Task<List<string>> LimitedAsync(TenantClient tenant) =>
        [.. (await tenant.GetAsync("studies", Ct)).GetProperty("studies").EnumerateArray()
            .Select(s => string.Join(", ", s.GetProperty("limitedBy").EnumerateArray().Select(c => c.GetString())))];
}
