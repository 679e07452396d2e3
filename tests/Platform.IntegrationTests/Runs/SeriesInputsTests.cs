using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Runs;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Hosting.Blobs;
using Platform.IntegrationTests.Inference;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Runs;

/// <summary>Models that take several series: of one study, of an earlier one, and the result of another model.</summary>
public class SeriesInputsTests(TestServices services)
{
    private const int Side = 16;
    private const int Slices = 4;
    private static readonly Affine Axial = Affine.Axial(1, 1, 2, new Vector3D(0, 0, 0));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_study_with_both_series_is_computed_by_the_rule_that_takes_both()
    {
        await using var api = await StartAsync("difference");
        await using var worker = await StartWorkerAsync(api);
        var tenant = await api.AsTenantAsync("a");

        // The T2 has more images and comes first: what tells them apart is their echo time alone.
        var study = Uid();
        await tenant.StowAsync(Series(study, "P1", 110, (x, _, _) => 7 * x, slices: 2 * Slices, Affine.Axial(1, 1, 1, new Vector3D(0, 0, -0.5))), Ct);
        await tenant.StowAsync(Series(study, "P1", 12, (x, y, z) => 500 + (10 * x) + (3 * y) + z), Ct);
        await tenant.CompleteAsync(study, Ct);
        var run = await tenant.RunOfAsync(study, Ct);
        await tenant.BecomesAsync(run, RunStatus.Succeeded, Ct, TimeSpan.FromSeconds(90));

        var made = await ComputedAsync(api, tenant, run);
        for (var i = 0; i < made.Length; i++)
        {
            var (x, y, z) = (i % Side, i / Side % Side, i / (Side * Side));
            Assert.Equal(500 + (3 * x) + (3 * y) + z, made[i], 0.6); // stored as whole numbers
        }

        // Asked for by a person it is the same run, and a dry run says the same.
        Assert.Equal((HttpStatusCode.OK, run), Answer(await tenant.StartRunAsync(study, null, Ct, model: "difference")));
        var plan = await PlanAsync(tenant, study);
        Assert.Equal("t2", plan.GetProperty("furtherSeries")[0].GetProperty("input").GetString());
        Assert.NotEqual(plan.GetProperty("seriesInstanceUid").GetString(), plan.GetProperty("furtherSeries")[0].GetProperty("seriesInstanceUid").GetString());
    }

    [Theory]
    [InlineData(12.0, "input-series", "input t2")]
    [InlineData(110.0, "acquisition", "echo time of 0 to 40 ms")]
    [InlineData(null, "acquisition", "echo time of 0 to 40 ms")]
    public async Task A_study_that_lacks_one_says_why_no_AI_runs_on_it(double? echoTimeMs, string code, string said)
    {
        await using var api = await StartAsync("difference");
        var tenant = await api.AsTenantAsync("a");
        var study = Uid();
        await tenant.StowAsync(Series(study, "P1", echoTimeMs, (x, _, _) => x), Ct);
        await tenant.CompleteAsync(study, Ct);

        var body = await tenant.StudyAsync(study, Ct);
        Assert.Empty(body.GetProperty("runs").EnumerateArray());
        Assert.Equal(code, body.GetProperty("noAiCode").GetString());
        var reason = body.GetProperty("noAiReason").GetString();
        Assert.Contains(said, reason, StringComparison.Ordinal);
        var (status, problem) = await tenant.StartRunAsync(study, null, Ct, model: "difference");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, reason), (status, problem.GetProperty("detail").GetString()));
        Assert.Equal((code, 0), ((await PlanAsync(tenant, study)) is var plan ? plan.GetProperty("reasonCode").GetString() : null, plan.GetProperty("furtherSeries").GetArrayLength()));

        // The missing one comes late: then it runs.
        if (code == "input-series")
        {
            await tenant.StowAsync(Series(study, "P1", 100, (x, _, _) => x), Ct);
            await tenant.CompleteAsync(study, Ct);
            Assert.Single((await tenant.StudyAsync(study, Ct)).GetProperty("runs").EnumerateArray());
        }
    }

    [Fact]
    public async Task The_last_study_of_the_same_patient_is_the_prior_and_another_tenants_never_is()
    {
        await using var api = await StartAsync("change");
        var (tenant, other) = (await api.AsTenantAsync("a"), await api.AsTenantAsync("b"));
        var (first, second, third) = (await SendAsync(tenant, "P1"), await SendAsync(tenant, "P1"), await SendAsync(tenant, "P1"));
        var (stranger, elsewhere, nobody) = (await SendAsync(tenant, "P2"), await SendAsync(other, "P1"), await SendAsync(tenant, null));

        foreach (var (from, study) in new[] { (tenant, first), (tenant, stranger), (other, elsewhere), (tenant, nobody), (tenant, await SendAsync(tenant, null)) })
        {
            Assert.Equal("prior-missing", (await from.StudyAsync(study, Ct)).GetProperty("noAiCode").GetString());
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await from.StartRunAsync(study, null, Ct, model: "change")).Status);
        }

        await using var worker = await ScriptedWorker.StartAsync(api.Settings, 2, RunsApi.BeatInterval, Ct);
        var manifests = new[]
        {
            await worker.ReadManifestAsync((await worker.NextAsync(Ct)).Request, Ct),
            await worker.ReadManifestAsync((await worker.NextAsync(Ct)).Request, Ct),
        }.ToDictionary(m => m.RunId);
        foreach (var (study, prior) in new[] { (second, first), (third, second) })
        {
            var manifest = manifests[await tenant.RunOfAsync(study, Ct)];
            Assert.Equal([null, "before"], manifest.Series.Select(s => s.Input));
            Assert.Equal([await SeriesOfAsync(tenant, study), await SeriesOfAsync(tenant, prior)], manifest.Series.Select(s => s.SeriesInstanceUid));
            Assert.Equal([Slices, Slices], manifest.Series.Select(s => s.Instances.Count));
            Assert.Equal(tenant.TenantId, manifest.TenantId);

            // People are told which.
            foreach (var run in new[] { await tenant.RunAsync(manifest.RunId, Ct), Assert.Single((await tenant.StudyAsync(study, Ct)).GetProperty("runs").EnumerateArray()) })
            {
                var taken = run.GetProperty("series").EnumerateArray().ToList();
                Assert.Equal([false, true], taken.Select(s => s.GetProperty("isPrior").GetBoolean()));
                Assert.Equal("before", taken[1].GetProperty("input").GetString());
                Assert.Equal((await tenant.StudyAsync(prior, Ct)).GetProperty("studyInstanceUid").GetString(), taken[1].GetProperty("studyUid").GetString());
                Assert.Equal(manifest.Series.Select(s => s.SeriesInstanceUid), taken.Select(s => s.GetProperty("seriesUid").GetString()));
            }
        }

        Assert.True((await PlanAsync(tenant, third)).GetProperty("furtherSeries")[0].GetProperty("isPrior").GetBoolean());
        Assert.Equal(
            (HttpStatusCode.OK, await tenant.RunOfAsync(third, Ct)), Answer(await tenant.StartRunAsync(third, null, Ct, model: "change")));

        // The prior grows by an image: on it, the same study is another run.
        await tenant.StowAsync(Series(second, "P1", 12, (x, _, _) => x, uid: second + ".9"), Ct);
        await tenant.CompleteAsync(second, Ct);
        Assert.Equal(HttpStatusCode.Accepted, (await tenant.StartRunAsync(third, null, Ct, model: "change")).Status);
    }

    [Fact]
    public async Task A_model_sees_what_changed_since_the_last_study_where_another_model_found_its_organ()
    {
        await using var api = await StartAsync("threshold", "change");
        await using var worker = await StartWorkerAsync(api);
        var tenant = await api.AsTenantAsync("a");
        var (organ, _) = await tenant.RuleOfAsync("threshold", Ct);
        await tenant.ChangeRuleAsync("change", Ct, ("dependsOn", new[] { organ }));
        await SendAsync(tenant, "P1", (x, y) => x >= 10 && x < 14 && y >= 4 && y < 8 ? 600 : 0);
        var study = await SendAsync(tenant, "P1", (x, y) => x >= 4 && x < 14 && y >= 4 && y < 8 ? 600 : x == 0 ? 150 : 0);

        var runs = await tenant.RunsOfAsync(study, Ct);
        await tenant.BecomesAsync(runs["change"], RunStatus.Succeeded, Ct, TimeSpan.FromSeconds(90));

        // 6 × 4 voxels of 2 mm³ in each of 4 slices: neither what was there before, nor what is not the organ's.
        var finding = Assert.Single((await tenant.RunAsync(runs["change"], Ct)).GetProperty("findings").EnumerateArray());
        Assert.Equal(6 * 4 * 2 * 4, finding.GetProperty("measurements")[0].GetProperty("value").GetDouble());
        Assert.Equal((HttpStatusCode.OK, runs["change"]), Answer(await tenant.StartRunAsync(study, null, Ct, model: "change")));
    }

    [Fact]
    public async Task A_rule_that_waits_for_no_rule_of_a_model_that_is_needed_says_so()
    {
        await using var api = await StartAsync("threshold", "change");
        var tenant = await api.AsTenantAsync("a");
        await api.ReadAsync(
            tenant.TenantId,
            async (db, ct) => await db.Database.ExecuteSqlAsync($"update ai_models set manifest = replace(manifest, '\"required\": false', '\"required\": true') where name = 'change'", ct),
            Ct);
        await SendAsync(tenant, "P1");
        var study = await SendAsync(tenant, "P1");

        var plan = await PlanAsync(tenant, study, "change");
        Assert.Equal("input-missing", plan.GetProperty("reasonCode").GetString());
        Assert.Contains("threshold", plan.GetProperty("reason").GetString(), StringComparison.Ordinal);
        var (status, problem) = await tenant.StartRunAsync(study, null, Ct, model: "change");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("Run that model first", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rules_acquisition_is_checked_and_kept()
    {
        await using var api = await StartAsync("difference");
        var tenant = await api.AsTenantAsync("a");
        var (id, draft) = await tenant.RuleOfAsync("difference", Ct);
        var conditions = (JsonElement)draft["conditions"]!;
        Assert.Equal(40, conditions.GetProperty("acquisition").GetProperty("echoTimeMs")[1].GetDouble());
        Assert.Equal(HttpStatusCode.OK, (await tenant.SendAsync(HttpMethod.Put, $"rules/{id}", draft, Ct)).Status);
        Assert.Equal(conditions.ToString(), ((JsonElement)(await tenant.RuleOfAsync("difference", Ct)).Draft["conditions"]!).ToString());

        draft["conditions"] = new { modality = "MR", bodyPartRequired = false, minSlices = 2, acquisition = new { echoTimeMs = new[] { 5, 1 } } };
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await tenant.SendAsync(HttpMethod.Put, $"rules/{id}", draft, Ct)).Status);
        draft["conditions"] = conditions;
        draft["provisionalAt"] = 2;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await tenant.SendAsync(HttpMethod.Put, $"rules/{id}", draft, Ct)).Status);
    }

    private Task<RunsApi> StartAsync(params string[] packages) => RunsApi.StartAsync(
        services, packages.Select((name, i) => (name, i)).ToDictionary(p => $"AiModels:Packages:{p.i}", p => (string?)RunInput.PackageFolder(p.name)));

    private async Task<WorkerHost> StartWorkerAsync(RunsApi api)
    {
        var worker = new WorkerHost(services) { HearsRuns = false };
        foreach (var (key, value) in api.Settings.Where(s => s.Key.StartsWith("Bus:", StringComparison.Ordinal) || s.Key.StartsWith("Blobs:", StringComparison.Ordinal)))
        {
            worker.Settings[key] = value;
        }

        await worker.InitializeAsync();
        return worker;
    }

    private static async Task<string> SendAsync(TenantClient tenant, string? patient, Func<int, int, float>? value = null)
    {
        var study = Uid();
        await tenant.StowAsync(Series(study, patient, 12, (x, y, _) => value?.Invoke(x, y) ?? x), Ct);
        await tenant.CompleteAsync(study, Ct);
        return study;
    }

    private static (HttpStatusCode Status, Guid Run) Answer((HttpStatusCode Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("id").GetGuid());

    private static async Task<string> SeriesOfAsync(TenantClient tenant, string study) =>
        Assert.Single((await tenant.StudyAsync(study, Ct)).GetProperty("series").EnumerateArray(), s => s.GetProperty("modality").GetString() == "MR")
            .GetProperty("seriesInstanceUid").GetString()!;

    /// <summary>What a dry run says of a study.</summary>
    private static async Task<JsonElement> PlanAsync(TenantClient tenant, string study, string? model = null)
    {
        var uid = (await tenant.StudyAsync(study, Ct)).GetProperty("studyInstanceUid").GetString();
        var (_, body) = await tenant.SendAsync(HttpMethod.Post, "rules/dry-run", new { days = 1 }, Ct);
        return body.GetProperty("studies").EnumerateArray().Single(s => s.GetProperty("studyInstanceUid").GetString() == uid)
            .GetProperty("plans").EnumerateArray().Single(p => model is null || p.GetProperty("model").GetString() == model);
    }

    /// <summary>The voxels of the series that a run made.</summary>
    private static async Task<float[]> ComputedAsync(RunsApi api, TenantClient tenant, Guid run)
    {
        var names = await api.ReadAsync(
            tenant.TenantId, (db, ct) => db.Instances.Where(i => i.RunId == run).Select(i => i.Blob).ToListAsync(ct), Ct);
        var blobs = api.Services.GetRequiredService<BlobStore>();
        var files = new List<DicomFile>();
        foreach (var name in names)
        {
            await using var blob = await blobs.OpenReadAsync(name, Ct);
            using var bytes = new MemoryStream();
            await blob!.CopyToAsync(bytes, Ct);
            files.Add(DicomFile.Read(bytes.ToArray()));
        }

        return DicomVolume.Build(files, Ct).Volume!.Voxels;
    }

    private static string Uid() => string.Create(CultureInfo.InvariantCulture, $"2.25.{RandomNumberGenerator.GetInt32(1, int.MaxValue)}{RandomNumberGenerator.GetInt32(1, int.MaxValue)}");

    /// <summary>A series of 16 columns and rows; all of a study lie in one frame of reference.</summary>
    private static List<byte[]> Series(
        string study, string? patient, double? echoTimeMs, Func<int, int, int, float> value, int slices = Slices, Affine? affine = null, string? uid = null)
    {
        var attributes = new DicomDataset();
        if (patient is not null)
        {
            attributes.Set(DicomTags.PatientID, patient);
        }

        if (echoTimeMs is { } time)
        {
            attributes.Set(DicomTags.EchoTime, time);
        }

        var series = uid ?? $"{study}.{RandomNumberGenerator.GetInt32(1, 10_000)}";
        var files = ImageSeriesWriter.Write(new ImageSeries
        {
            Modality = "MR",
            Columns = Side,
            Rows = Side,
            Slices = slices,
            Affine = affine ?? Axial,
            Voxels = Enumerable.Range(0, Side * Side * slices).Select(i => value(i % Side, i / Side % Side, i / (Side * Side))).ToArray(),
            StudyInstanceUid = study,
            SeriesInstanceUid = series,
            FrameOfReferenceUid = study + ".2",
            SopInstanceUid = slice => string.Create(CultureInfo.InvariantCulture, $"{series}.{slice + 1}"),
            Attributes = attributes,
        });
        return [.. files.Select(f => f.ToArray())];
    }
}
