using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Data;
using Platform.Audit;
using Platform.Contracts;
using Platform.Inference.Packages;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.AiModels;

/// <summary>From an upload by an operator to a version that runs in one tenant, and back.</summary>
public sealed class ModelPackageTests(ModelPackageTests.TrustingHost api) : IClassFixture<ModelPackageTests.TrustingHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_package_is_uploaded_approved_taken_up_replaced_rolled_back_and_withdrawn()
    {
        var (platform, hospital, other) = (await api.AsOperatorAsync(), await api.AsAdministratorAsync("life"), await api.AsAdministratorAsync("other"));
        var (first, second) = (await PackageAsync("1.0.0"), await PackageAsync("1.1.0"));

        // Uploaded, and nobody's yet.
        using var uploaded = await UploadAsync(platform, first);
        var answer = await uploaded.Content.ReadFromJsonAsync<JsonElement>(Ct);
        var hash = answer.GetProperty("hash").GetString()!;
        Assert.Equal(HttpStatusCode.Created, uploaded.StatusCode);
        Assert.Equal(Hash(first), hash);
        Assert.Equal(PackageSignature.KeyId(api.Key), answer.GetProperty("signedBy").GetString());
        Assert.Equal("Uploaded", answer.GetProperty("status").GetString());
        Assert.DoesNotContain(hash, await hospital.GetStringAsync("t/life/models/offers", Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await TakeAsync(hospital, "life", hash));

        // Approved: offered to all, taken up by one.
        await ApproveAsync(platform, hash);
        Assert.Equal(HttpStatusCode.Created, await TakeAsync(hospital, "life", hash));
        Assert.Equal(HttpStatusCode.Conflict, await TakeAsync(hospital, "life", hash));
        Assert.Equal([("1.0.0", true)], await VersionsAsync(hospital, "life"));
        foreach (var (client, path, list) in new[] { (platform, "models", "packages"), (hospital, "t/life/models/offers", "packages"), (hospital, "t/life/models", "models") })
        {
            // Who decides reads what the author says of it, and who signed it.
            var told = (await client.GetFromJsonAsync<JsonElement>(path, Ct)).GetProperty(list).EnumerateArray().Single(m => m.GetProperty("hash").GetString() == hash);
            Assert.Equal(PackageSignature.KeyId(api.Key), told.GetProperty("signedBy").GetString());
            Assert.Equal("Bright regions, for tests", told.GetProperty("text").GetProperty("title").GetString());
            Assert.Equal("Apache-2.0", told.GetProperty("text").GetProperty("licence").GetString());
        }

        Assert.Empty(await VersionsAsync(other, "other"));

        // A later version takes its place; a rollback gives it back.
        using (await UploadAsync(platform, second))
        {
            await ApproveAsync(platform, Hash(second));
        }

        Assert.Equal(HttpStatusCode.Created, await TakeAsync(hospital, "life", Hash(second)));
        Assert.Equal([("1.1.0", true), ("1.0.0", false)], await VersionsAsync(hospital, "life"));
        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "life", "1.1.0", "rollback"));
        Assert.Equal([("1.1.0", false), ("1.0.0", true)], await VersionsAsync(hospital, "life"));
        Assert.Equal(HttpStatusCode.Conflict, await SwitchAsync(hospital, "life", "1.0.0", "rollback"));
        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "life", "1.0.0", "deactivate"));
        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "life", "1.1.0", "activate"));
        Assert.Equal([("1.1.0", true), ("1.0.0", false)], await VersionsAsync(hospital, "life"));

        // Withdrawn: it stops everywhere and cannot be switched on again.
        using var withdrawn = await platform.PostAsync(new Uri($"models/{Hash(second)}/withdraw", UriKind.Relative), null, Ct);
        Assert.Equal(HttpStatusCode.OK, withdrawn.StatusCode);
        Assert.Equal([("1.1.0", false), ("1.0.0", false)], await VersionsAsync(hospital, "life"));
        Assert.Equal(HttpStatusCode.Conflict, await SwitchAsync(hospital, "life", "1.1.0", "activate"));
        Assert.Contains("\"Withdrawn\"", await hospital.GetStringAsync("t/life/models", Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "life", "1.0.0", "activate"));

        var audit = await (await api.AsAuditorAsync("life")).GetStringAsync("t/life/audit", Ct);
        foreach (var action in new[] { "package.approve", "package.withdraw", "model.take", "model.activate", "model.deactivate", "model.rollback" })
        {
            Assert.Contains($"\"{action}\"", audit, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_operators_do_with_packages_stands_in_a_log_that_operators_alone_read()
    {
        var platform = await api.AsOperatorAsync();
        var package = await PackageAsync("7.0.0");
        var hash = Hash(package);
        for (var i = 0; i < 2; i++)
        {
            (await UploadAsync(platform, package)).Dispose();
        }

        using (var refused = await platform.PostAsync(new Uri("models", UriKind.Relative), new ByteArrayContent([1]), Ct))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        }

        await ApproveAsync(platform, hash);
        await ApproveAsync(platform, hash); // nothing new is decided
        await WithdrawAsync(platform, hash);

        var events = (await platform.GetFromJsonAsync<JsonElement>("audit?limit=1000", Ct)).GetProperty("events").EnumerateArray().ToList();
        var ofPackage = events.FindAll(e => e.GetProperty("entityId").GetString() == hash);
        Assert.Equal(
            ["package.withdraw", "package.approve", "package.upload", "package.upload"], ofPackage.ConvertAll(e => e.GetProperty("action").GetString()));
        Assert.All(ofPackage, e => Assert.Equal(("Operator", "threshold 7.0.0", "Success"), (
            e.GetProperty("agent").GetString(), e.GetProperty("entity").GetString(), e.GetProperty("outcome").GetString())));
        Assert.Contains(events, e => e.GetProperty("action").GetString() == "package.upload" && e.GetProperty("outcome").GetString() == "Failed"
            && e.GetProperty("detail").GetString() is "unsigned" or "not-a-zip");
        Assert.All(events, e =>
        {
            var canonical = CanonicalJson.Canonicalize(e.GetProperty("record").GetRawText());
            Assert.Equal(e.GetProperty("leafSha256").GetString(), Convert.ToHexStringLower(AuditLeaf.Hash(canonical)));
            Assert.Equal("platform", e.GetProperty("record").GetProperty("source").GetProperty("site").GetString());
        });

        // Pages, and that it was read.
        var page = await platform.GetFromJsonAsync<JsonElement>("audit?limit=2", Ct);
        Assert.Equal("audit.read", page.GetProperty("events")[0].GetProperty("action").GetString());
        var next = await platform.GetFromJsonAsync<JsonElement>($"audit?limit=2&before={page.GetProperty("before").GetGuid()}", Ct);
        Assert.DoesNotContain(next.GetProperty("events")[0].GetProperty("id").GetString()!, page.GetRawText(), StringComparison.Ordinal);
        using var hidden = await (await api.AsAdministratorAsync("life")).GetAsync(new Uri("audit", UriKind.Relative), Ct);
        await Problems.ReadAsync(hidden, HttpStatusCode.Forbidden, Ct);
    }

    [Fact]
    public async Task A_challenger_of_the_same_model_becomes_the_champion_and_its_rules_go_with_it()
    {
        var (platform, hospital) = (await api.AsOperatorAsync(), await api.AsAdministratorAsync("trial"));
        byte[][] packages = [await PackageAsync("4.0.0"), await PackageAsync("4.1.0")];
        foreach (var package in packages)
        {
            (await UploadAsync(platform, package)).Dispose();
            await ApproveAsync(platform, Hash(package));
        }

        // The first version's rule is the tenant's own by now; the second is taken up beside it, only to be compared.
        Assert.Equal(HttpStatusCode.Created, await TakeAsync(hospital, "trial", Hash(packages[0])));
        var champion = Assert.Single(await RulesAsync(hospital));
        Assert.Equal(HttpStatusCode.OK, await PutRuleAsync(hospital, champion, ("lane", "Stat")));
        using var taken = await hospital.PostAsJsonAsync("t/trial/models", new { hash = Hash(packages[1]), activate = false }, Ct);
        var second = (await taken.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetGuid();
        Assert.Equal([("4.1.0", false), ("4.0.0", true)], await VersionsAsync(hospital, "trial"));
        var draft = Draft(champion, ("name", "challenger"), ("modelId", second), ("shadowOf", champion.GetProperty("id").GetGuid()));
        using var created = await hospital.PostAsJsonAsync("t/trial/rules", draft, Ct);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var dry = await hospital.PostAsJsonAsync("t/trial/rules/dry-run", new { days = 1 }, Ct);
        Assert.Equal(HttpStatusCode.OK, dry.StatusCode);

        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "trial", "4.1.0", "activate"));
        var rules = (await RulesAsync(hospital)).ToDictionary(r => r.GetProperty("name").GetString()!);
        Assert.Equal(2, rules.Count);
        Assert.Equal(
            (champion.GetProperty("id").GetGuid(), "4.1.0", "Stat", true),
            (rules["threshold"].GetProperty("id").GetGuid(), rules["threshold"].GetProperty("modelVersion").GetString(),
                rules["threshold"].GetProperty("lane").GetString(), rules["threshold"].GetProperty("isActive").GetBoolean()));
        Assert.False(rules["challenger"].GetProperty("isActive").GetBoolean());

        Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "trial", "4.1.0", "rollback"));
        Assert.Equal("4.0.0", (await RulesAsync(hospital)).Single(r => r.GetProperty("name").GetString() == "threshold").GetProperty("modelVersion").GetString());

        // It challenges again, and is withdrawn: a challenger is not the active version, and must stop all the same.
        Assert.Equal(HttpStatusCode.OK, await PutRuleAsync(hospital, rules["challenger"], ("isActive", true)));
        await WithdrawAsync(platform, Hash(packages[1]));
        Assert.False((await RulesAsync(hospital)).Single(r => r.GetProperty("name").GetString() == "challenger").GetProperty("isActive").GetBoolean());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PutRuleAsync(hospital, rules["challenger"], ("isActive", true)));
    }

    [Fact]
    public async Task Rules_of_one_name_at_several_versions_do_not_keep_a_version_from_being_activated()
    {
        var (platform, hospital) = (await api.AsOperatorAsync(), await api.AsAdministratorAsync("names"));
        byte[][] packages = [await PackageAsync("6.0.0"), await PackageAsync("6.1.0"), await PackageAsync("6.2.0")];
        var ids = new List<Guid>();
        foreach (var package in packages)
        {
            (await UploadAsync(platform, package)).Dispose();
            await ApproveAsync(platform, Hash(package));
            using var taken = await hospital.PostAsJsonAsync("t/names/models", new { hash = Hash(package), activate = ids.Count == 0 }, Ct);
            ids.Add((await taken.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetGuid());
        }

        // The second version has a challenger of the champion's name, the third a rule of that name.
        var champion = (await RulesAsync(hospital, "names")).Single(r => r.GetProperty("modelId").GetGuid() == ids[0]);
        object[] drafts = [Draft(champion, ("modelId", ids[1]), ("shadowOf", champion.GetProperty("id").GetGuid())), Draft(champion, ("modelId", ids[2]))];
        foreach (var draft in drafts)
        {
            using var created = await hospital.PostAsJsonAsync("t/names/rules", draft, Ct);
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        }

        foreach (var version in new[] { "6.1.0", "6.0.0", "6.2.0", "6.1.0" })
        {
            Assert.Equal(HttpStatusCode.OK, await SwitchAsync(hospital, "names", version, "activate"));
            Assert.Contains(await RulesAsync(hospital, "names"), r => r.GetProperty("modelVersion").GetString() == version
                && r.GetProperty("name").GetString() == "threshold" && r.GetProperty("shadowOf").ValueKind == JsonValueKind.Null);
        }
    }

    [Fact]
    public async Task A_withdrawal_that_broke_off_is_finished_by_asking_again()
    {
        var (platform, hospital) = (await api.AsOperatorAsync(), await api.AsAdministratorAsync("late"));
        var package = await PackageAsync("5.0.0");
        (await UploadAsync(platform, package)).Dispose();
        await ApproveAsync(platform, Hash(package));
        Assert.Equal(HttpStatusCode.Created, await TakeAsync(hospital, "late", Hash(package)));
        await WithdrawAsync(platform, Hash(package));

        // As though the API had been killed before it came to this tenant.
        var scopes = api.Services.GetRequiredService<TenantScope>();
        await scopes.RunAsync(
            await api.TenantAsync("late"), async (db, ct) => await db.AiModels.ExecuteUpdateAsync(u => u.SetProperty(m => m.IsActive, true), ct), Ct);
        Assert.Equal([("5.0.0", true)], await VersionsAsync(hospital, "late"));

        await WithdrawAsync(platform, Hash(package));

        Assert.Equal([("5.0.0", false)], await VersionsAsync(hospital, "late"));
        var told = await scopes.RunAsync(
            await api.TenantAsync("late"), (db, ct) => db.AuditEvents.CountAsync(e => e.Action == "package.withdraw" && e.EntityId == Hash(package), ct), Ct);
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task What_is_unsigned_foreign_or_hostile_is_refused_with_its_code_and_not_kept()
    {
        var platform = await api.AsOperatorAsync();
        var package = await PackageAsync("2.0.0");
        using var foreign = PackageSignature.CreateKey();

        Assert.Equal("unsigned", await RefusalAsync(platform, package, null));
        Assert.Equal("signature-untrusted", await RefusalAsync(platform, package, PackageSignature.Sign(foreign, Hash(package))));
        Assert.Equal("signature-untrusted", await RefusalAsync(platform, package, PackageSignature.Sign(api.Key, Hash([1]))));
        Assert.Equal("signature-malformed", await RefusalAsync(platform, package, [1, 2, 3]));
        byte[] garbage = [.. package, 0];
        Assert.Equal("zip-structure", await RefusalAsync(platform, garbage, PackageSignature.Sign(api.Key, Hash(garbage))));
        var hostile = await PackageAsync("2.0.0", model => [.. model, 0xCA, 0x01, 0x00]); // a function of its own
        Assert.Equal("model-function", await RefusalAsync(platform, hostile, PackageSignature.Sign(api.Key, Hash(hostile))));

        Assert.DoesNotContain("2.0.0", await platform.GetStringAsync("models", Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_bytes_again_change_nothing_and_an_unknown_package_is_not_there()
    {
        var platform = await api.AsOperatorAsync();
        var package = await PackageAsync("3.0.0");
        using var first = await UploadAsync(platform, package);
        await ApproveAsync(platform, Hash(package));
        using var again = await UploadAsync(platform, package);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("Approved", (await again.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("status").GetString());
        using var unknown = await platform.PostAsync(new Uri($"models/{Hash([2])}/approve", UriKind.Relative), null, Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private async Task<HttpResponseMessage> UploadAsync(HttpClient client, byte[] package) =>
        await SendAsync(client, package, PackageSignature.Sign(api.Key, Hash(package)));

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, byte[] package, byte[]? signature)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "models") { Content = new ByteArrayContent(package) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        if (signature is not null)
        {
            request.Headers.Add("Package-Signature", Convert.ToBase64String(signature));
        }

        return await client.SendAsync(request, Ct);
    }

    private static async Task<string?> RefusalAsync(HttpClient client, byte[] package, byte[]? signature)
    {
        using var answer = await SendAsync(client, package, signature);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString();
    }

    private static async Task ApproveAsync(HttpClient client, string hash)
    {
        using var answer = await client.PostAsync(new Uri($"models/{hash}/approve", UriKind.Relative), null, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task WithdrawAsync(HttpClient client, string hash)
    {
        using var answer = await client.PostAsync(new Uri($"models/{hash}/withdraw", UriKind.Relative), null, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<List<JsonElement>> RulesAsync(HttpClient client, string tenant = "trial") =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"t/{tenant}/rules", Ct)).GetProperty("rules").EnumerateArray()];

    private static async Task<HttpStatusCode> PutRuleAsync(HttpClient client, JsonElement rule, (string Member, object? Value) change)
    {
        using var answer = await client.PutAsJsonAsync($"t/trial/rules/{rule.GetProperty("id").GetGuid()}", Draft(rule, change), Ct);
        return answer.StatusCode;
    }

    private static Dictionary<string, object?> Draft(JsonElement rule, params (string Member, object? Value)[] changes)
    {
        var draft = rule.EnumerateObject().ToDictionary(m => m.Name, m => (object?)m.Value);
        foreach (var (member, value) in changes)
        {
            draft[member] = value;
        }

        return draft;
    }

    private static async Task<HttpStatusCode> TakeAsync(HttpClient client, string tenant, string hash)
    {
        using var answer = await client.PostAsJsonAsync($"t/{tenant}/models", new { hash }, Ct);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> SwitchAsync(HttpClient client, string tenant, string version, string verb)
    {
        var models = await client.GetFromJsonAsync<JsonElement>($"t/{tenant}/models", Ct);
        var id = models.GetProperty("models").EnumerateArray().Single(m => m.GetProperty("version").GetString() == version).GetProperty("id").GetString();
        using var answer = await client.PostAsync(new Uri($"t/{tenant}/models/{id}/{verb}", UriKind.Relative), null, Ct);
        return answer.StatusCode;
    }

    private static async Task<List<(string?, bool)>> VersionsAsync(HttpClient client, string tenant)
    {
        var models = await client.GetFromJsonAsync<JsonElement>($"t/{tenant}/models", Ct);
        return [.. models.GetProperty("models").EnumerateArray().Select(m => (m.GetProperty("version").GetString(), m.GetProperty("isActive").GetBoolean()))];
    }

    /// <summary>The threshold package as another version, its model changed if asked.</summary>
    private static async Task<byte[]> PackageAsync(string version, Func<byte[], byte[]>? change = null)
    {
        var from = Path.Combine(Checkout.Root, "tests", "Platform.IntegrationTests", "Packages", "threshold");
        var folder = Directory.CreateTempSubdirectory("platform-package-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "golden"));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(from, "golden")))
            {
                File.Copy(file, Path.Combine(folder, "golden", Path.GetFileName(file)));
            }

            var model = await File.ReadAllBytesAsync(Path.Combine(from, "model.onnx"), Ct);
            var changed = change?.Invoke(model) ?? model;
            await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), changed, Ct);
            var manifest = (await File.ReadAllTextAsync(Path.Combine(from, "manifest.json"), Ct))
                .Replace("\"version\": \"1.0.0\"", $"\"version\": \"{version}\"", StringComparison.Ordinal)
                .Replace(Hash(model), Hash(changed), StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest, new UTF8Encoding(false), Ct);
            using var zip = new MemoryStream();
            await ModelPackageZip.WriteAsync(folder, zip, Ct);
            return zip.ToArray();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>An API that trusts one key.</summary>
    public sealed class TrustingHost(TestServices services) : ApiHost(services)
    {
        public ECDsa Key { get; } = PackageSignature.CreateKey();

        public override async ValueTask InitializeAsync()
        {
            Settings["AiModels:TrustedKeys:0"] = Key.ExportSubjectPublicKeyInfoPem();
            await base.InitializeAsync();
        }
    }
}
