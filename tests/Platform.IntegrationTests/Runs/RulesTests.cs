using System.Net;
using Platform.Api.Runs;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>Rules as data, over HTTP.</summary>
public class RulesTests(TestServices services)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_is_made_changed_and_put_out_of_use_and_studies_follow_it()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (_, draft) = await tenant.RuleOfAsync("threshold", Ct);
        var (taken, _) = await tenant.SendAsync(HttpMethod.Post, "rules", draft, Ct);
        Assert.Equal(HttpStatusCode.Conflict, taken); // its name

        await tenant.ChangeRuleAsync("threshold", Ct, ("isActive", false));
        draft["name"] = "urgent";
        draft["lane"] = "Stat";
        draft["deadlineMinutes"] = 2;
        var (created, body) = await tenant.SendAsync(HttpMethod.Post, "rules", draft, Ct);
        Assert.Equal(HttpStatusCode.Created, created);
        var before = TimeProvider.System.GetUtcNow();
        var run = await tenant.RunAsync(await tenant.SendAsync(Ct), Ct);
        Assert.Equal("Stat", run.GetProperty("lane").GetString());
        Assert.Equal(body.GetProperty("id").GetGuid(), run.GetProperty("ruleId").GetGuid());
        Assert.InRange(run.GetProperty("deadline").GetDateTimeOffset() - before, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(3));

        draft["isActive"] = false;
        Assert.Equal(HttpStatusCode.OK, (await tenant.SendAsync(HttpMethod.Put, $"rules/{body.GetProperty("id").GetGuid()}", draft, Ct)).Status);
        Assert.Equal("no-rules", (await tenant.StudyAsync(await tenant.SendStudyAsync(4, Ct), Ct)).GetProperty("noAiCode").GetString());
    }

    [Fact]
    public async Task What_a_rule_may_not_be_is_said_in_a_sentence()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (slowId, slow) = await tenant.RuleOfAsync("slow", Ct);
        var thresholdId = await tenant.ChangeRuleAsync("threshold", Ct, ("dependsOn", new[] { slowId }));
        Task<(HttpStatusCode Status, System.Text.Json.JsonElement Body)> PutAsync(string member, object? value) =>
            tenant.SendAsync(HttpMethod.Put, $"rules/{slowId}", new Dictionary<string, object?>(slow) { [member] = value }, Ct);

        var circle = await PutAsync("dependsOn", new[] { thresholdId });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, circle.Status);
        Assert.Contains("circle", circle.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync("dependsOn", new[] { slowId })).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync("shadowOf", thresholdId)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("dependsOn", new[] { Guid.CreateVersion7() })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("modelId", Guid.CreateVersion7())).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("name", "")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("provisionalAt", 0)).Status);
    }

    [Fact]
    public async Task A_rules_thresholds_go_to_the_worker_and_with_a_run_that_a_person_asks_for()
    {
        await using var api = await RunsApi.StartWithClassesAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("sides", Ct, ("thresholds", new Dictionary<string, double> { ["0"] = 0.35 }));
        var study = await tenant.SendStudyAsync(4, Ct);
        var planned = await tenant.RunOfAsync(study, Ct);
        Assert.Equal(planned, (await tenant.StartRunAsync(study, null, Ct, model: "sides")).Body.GetProperty("id").GetGuid());

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var manifest = await worker.ReadManifestAsync((await worker.NextAsync(Ct)).Request, Ct);
        Assert.Equal([new KeyValuePair<string, string>("threshold.0", "0.35")], manifest.Parameters);

        // What may be set is said with the model: label, meaning, the package's own, the range.
        var offered = (await tenant.GetAsync("models", Ct)).GetProperty("models")[0].GetProperty("thresholds").EnumerateArray().ToList();
        Assert.Equal([0, 1], offered.ConvertAll(o => o.GetProperty("label").GetInt32()));
        Assert.All(offered, o => Assert.Equal((0.0, 1.0), (o.GetProperty("above").GetDouble(), o.GetProperty("below").GetDouble())));
        Assert.All(offered, o => Assert.Equal(0.5, o.GetProperty("default").GetDouble()));
        Assert.Equal(
            ["Left half bright", "Right half bright"], offered.ConvertAll(o => o.GetProperty("concept").GetProperty("meaning").GetString()));

        var (id, draft) = await tenant.RuleOfAsync("sides", Ct);
        foreach (var outside in new[] { 0, 1, 1.5 })
        {
            draft["thresholds"] = new Dictionary<string, double> { ["0"] = outside };
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await tenant.SendAsync(HttpMethod.Put, $"rules/{id}", draft, Ct)).Status);
        }

        draft["thresholds"] = new Dictionary<string, double> { ["2"] = 0.5 };
        var refused = await tenant.SendAsync(HttpMethod.Put, $"rules/{id}", draft, Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Contains("it has them for: 0, 1", refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await tenant.StartRunAsync(
            study, new Dictionary<string, string> { ["level"] = "2" }, Ct, model: "sides")).Status);
    }

    [Fact]
    public async Task A_dry_run_says_what_rules_would_have_made_of_past_studies_and_queues_nothing()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("slow", Ct, ("isActive", false));
        await tenant.ChangeRuleAsync("threshold", Ct, ("isActive", false));
        await tenant.SendStudyAsync(4, Ct);
        await tenant.SendStudyAsync(1, Ct);
        var (threshold, draft) = await tenant.RuleOfAsync("threshold", Ct);
        draft["isActive"] = true;

        var as_it_is = (await tenant.SendAsync(HttpMethod.Post, "rules/dry-run", new { days = 7 }, Ct)).Body.GetProperty("studies").EnumerateArray().ToList();
        Assert.Equal(["no-rules", "no-rules"], as_it_is.Select(s => s.GetProperty("noAiCode").GetString()));

        var (status, body) = await tenant.SendAsync(HttpMethod.Post, "rules/dry-run", new { days = 7, ruleId = threshold, draft }, Ct);
        Assert.Equal(HttpStatusCode.OK, status);
        var studies = body.GetProperty("studies").EnumerateArray().ToList();
        var plans = studies.ConvertAll(s => s.GetProperty("plans").EnumerateArray().Single());
        Assert.Equal(["too-few-slices", null], plans.Select(p => p.GetProperty("reasonCode").GetString())); // the newest first
        Assert.NotNull(plans[1].GetProperty("seriesInstanceUid").GetString());
        Assert.Equal(("threshold", false), (plans[1].GetProperty("model").GetString(), plans[1].GetProperty("hasRun").GetBoolean()));
        Assert.Equal(0, await api.ReadAsync(tenant.TenantId, (db, ct) => Task.FromResult(db.RunsAndShadows.Count()), Ct));

        // A draft of a new rule beside the others, and one that needs what is not active.
        draft["name"] = "new";
        draft["dependsOn"] = new[] { threshold };
        var needing = (await tenant.SendAsync(HttpMethod.Post, "rules/dry-run", new { days = 7, draft }, Ct)).Body.GetProperty("studies")[1];
        Assert.Equal("input-missing", needing.GetProperty("noAiCode").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, needing.GetProperty("plans")[0].GetProperty("ruleId").ValueKind);
    }

    [Fact]
    public async Task A_run_that_needs_another_waits_for_it_and_is_given_its_objects()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (slow, _) = await tenant.RuleOfAsync("slow", Ct);
        await tenant.ChangeRuleAsync("threshold", Ct, ("dependsOn", new[] { slow }), ("lane", "Stat"));
        var runs = await tenant.RunsOfAsync(await tenant.SendStudyAsync(4, Ct), Ct);
        var (first, second) = (runs["slow"], runs["threshold"]);
        var waiting = await tenant.RunAsync(second, Ct);
        Assert.Equal(("Waiting", "input-waiting"), (waiting.GetProperty("status").GetString(), waiting.GetProperty("reasonCode").GetString()));
        Assert.Equal("Stat", (await tenant.RunAsync(first, Ct)).GetProperty("lane").GetString());

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 2, RunsApi.BeatInterval, Ct);
        var delivery = await worker.NextAsync(Ct);
        Assert.Equal(first, delivery.Request.RunId);
        var image = await worker.WriteObjectAsync(await worker.ReadManifestAsync(delivery.Request, Ct), delivery.AttemptId, Ct);
        await delivery.SucceedAsync(Ct, objects: [image]);

        var next = await worker.NextAsync(Ct);
        Assert.Equal(second, next.Request.RunId);
        var input = Assert.Single((await worker.ReadManifestAsync(next.Request, Ct)).Inputs);
        Assert.Equal((first, "slow"), (input.RunId, input.ModelName));
        Assert.Equal((image.SopInstanceUid, image.Blob, image.Sha256), (input.Objects.Single().SopInstanceUid, input.Objects[0].Blob, input.Objects[0].Sha256));
        await next.SucceedAsync(Ct);
        await tenant.BecomesAsync(second, RunStatus.Succeeded, Ct);
    }

    [Fact]
    public async Task A_run_whose_input_fails_ends_with_the_reason_and_follows_its_retry()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (slow, _) = await tenant.RuleOfAsync("slow", Ct);
        await tenant.ChangeRuleAsync("threshold", Ct, ("dependsOn", new[] { slow }));
        var runs = await tenant.RunsOfAsync(await tenant.SendStudyAsync(4, Ct), Ct);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        await (await worker.NextAsync(Ct)).EndAsync(Contracts.RunOutcome.Failed, "series-gap", Ct);
        await tenant.BecomesAsync(runs["threshold"], RunStatus.Failed, Ct);
        var ended = await tenant.RunAsync(runs["threshold"], Ct);
        Assert.Equal(Run.InputFailed, ended.GetProperty("reasonCode").GetString());
        Assert.Contains("slow", ended.GetProperty("reason").GetString(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Accepted, await tenant.PostAsync(runs["threshold"], "retry", Ct)); // alone it can do nothing
        await tenant.BecomesAsync(runs["threshold"], RunStatus.Failed, Ct);
        Assert.Equal(HttpStatusCode.Accepted, await tenant.PostAsync(runs["slow"], "retry", Ct));
        await tenant.BecomesAsync(runs["threshold"], RunStatus.Waiting, Ct);
        await (await worker.NextAsync(Ct)).SucceedAsync(Ct);
        var next = await worker.NextAsync(Ct);
        while (next.Request.RunId == runs["slow"])
        {
            // Where beats are late a run is delivered once more; that result is dropped.
            await next.SucceedAsync(Ct);
            next = await worker.NextAsync(Ct);
        }

        Assert.Equal(runs["threshold"], next.Request.RunId);
        await next.SucceedAsync(Ct);
        await tenant.BecomesAsync(runs["threshold"], RunStatus.Succeeded, Ct);
    }

    [Fact]
    public async Task A_shadows_result_is_compared_and_shown_to_nobody()
    {
        await using var api = await RunsApi.StartWithTwoModelsAsync(services);
        var tenant = await api.AsTenantAsync("a");
        var (champion, _) = await tenant.RuleOfAsync("threshold", Ct);
        var shadow = await tenant.ChangeRuleAsync("slow", Ct, ("shadowOf", champion));
        var study = await tenant.SendStudyAsync(4, Ct);
        var shown = await tenant.RunOfAsync(study, Ct);

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        var first = await worker.NextAsync(Ct);
        Assert.Equal(shown, first.Request.RunId); // before its shadow
        await first.SucceedAsync(Ct);
        var second = await worker.NextAsync(Ct);
        var manifest = await worker.ReadManifestAsync(second.Request, Ct);
        Assert.Equal("slow", manifest.Model.Name);
        await second.SucceedAsync(Ct, objects: [await worker.WriteObjectAsync(manifest, second.AttemptId, Ct)]);
        System.Text.Json.JsonElement comparison;
        do
        {
            comparison = await tenant.GetAsync($"rules/{shadow}/comparison", Ct);
        }
        while (comparison.GetProperty("studies").GetInt32() == 0);

        Assert.Equal(1, comparison.GetProperty("agreement").GetDouble());
        var concept = comparison.GetProperty("concepts")[0];
        Assert.Equal((1, 0.0), (concept.GetProperty("both").GetInt32(), concept.GetProperty("values")[0].GetProperty("meanDifference").GetDouble()));
        Assert.Equal(second.Request.RunId, comparison.GetProperty("compared")[0].GetProperty("challengerRunId").GetGuid());

        var body = await tenant.StudyAsync(study, Ct);
        Assert.Equal(shown, Assert.Single(body.GetProperty("runs").EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Single(body.GetProperty("series").EnumerateArray()); // what was received
        Assert.Equal(1, (await tenant.GetAsync("studies", Ct)).GetProperty("studies")[0].GetProperty("findings").GetInt32());
        Assert.Single((await tenant.GetAsync("runs", Ct)).GetProperty("runs").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, await tenant.PostAsync(second.Request.RunId, "retry", Ct));
        Assert.Equal(HttpStatusCode.Conflict, (await tenant.SendAsync(HttpMethod.Get, $"rules/{champion}/comparison", new { }, Ct)).Status);
    }

    [Fact]
    public async Task A_part_of_a_study_gives_a_provisional_result_that_the_whole_one_supersedes()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("threshold", Ct, ("provisionalAt", 3), ("conditions", new { modality = "MR", bodyPartRequired = false, minSlices = 5 }));
        var (study, files) = TestStudy.Make(6);
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        await tenant.StowAsync(files.Take(2), Ct);
        await tenant.StowAsync(files.Skip(2).Take(2), Ct);
        var part = await worker.NextAsync(Ct);
        Assert.Equal(4, Assert.Single((await worker.ReadManifestAsync(part.Request, Ct)).Series).Instances.Count);
        await part.SucceedAsync(Ct);
        await tenant.BecomesAsync(part.Request.RunId, RunStatus.Succeeded, Ct);
        Assert.True((await tenant.RunAsync(part.Request.RunId, Ct)).GetProperty("isProvisional").GetBoolean());

        await tenant.StowAsync(files.Skip(4), Ct);
        await tenant.CompleteAsync(study, Ct);
        var whole = await worker.NextAsync(Ct);
        Assert.NotEqual(part.Request.RunId, whole.Request.RunId);
        Assert.Equal(6, Assert.Single((await worker.ReadManifestAsync(whole.Request, Ct)).Series).Instances.Count);
        await whole.SucceedAsync(Ct);
        await tenant.BecomesAsync(whole.Request.RunId, RunStatus.Succeeded, Ct);
        Assert.Equal(whole.Request.RunId, (await tenant.RunAsync(part.Request.RunId, Ct)).GetProperty("supersededBy").GetGuid());
        Assert.Equal(1, (await tenant.GetAsync("studies", Ct)).GetProperty("studies")[0].GetProperty("findings").GetInt32());
    }

    [Fact]
    public async Task A_provisional_run_that_is_not_done_gives_way_to_the_whole()
    {
        await using var api = await RunsApi.StartAsync(services);
        var tenant = await api.AsTenantAsync("a");
        await tenant.ChangeRuleAsync("threshold", Ct, ("provisionalAt", 3));
        var (study, files) = TestStudy.Make(4);
        await tenant.StowAsync(files, Ct);
        await Wait.UntilAsync(async () => (await tenant.StudyAsync(study, Ct)).GetProperty("runs").GetArrayLength() == 1, Ct);
        var part = await tenant.RunOfAsync(study, Ct);
        await tenant.CompleteAsync(study, Ct);
        var ended = await tenant.RunAsync(part, Ct);
        Assert.Equal(("Cancelled", "superseded"), (ended.GetProperty("status").GetString(), ended.GetProperty("reasonCode").GetString()));
        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 1, RunsApi.BeatInterval, Ct);
        Assert.NotEqual(part, (await worker.NextAsync(Ct)).Request.RunId);
    }
}
