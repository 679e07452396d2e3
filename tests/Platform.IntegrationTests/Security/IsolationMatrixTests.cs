using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Data;
using Platform.Api.Runs;
using Platform.Api.Security;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Portal;
using Platform.IntegrationTests.Runs;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Security;

/// <summary>Two tenants with a study each; every endpoint of the routing table is attacked from outside and from the other one.</summary>
public class IsolationMatrixTests(IsolationMatrixTests.TwoTenants api) : IClassFixture<IsolationMatrixTests.TwoTenants>
{
    private const string NoId = "01990000-0000-7000-8000-000000000000";

    private static readonly Targets Absent = new("1.2.3.4", "1.2.3.4.5", "1.2.3.4.5.6", NoId, NoId, NoId) { Idle = NoId };
    private static readonly Targets Malformed = new("no-uid", "no-uid", "no-uid", "no-id", "no-id", "no-id") { Idle = "no-id" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Endpoints => [.. Attacks.All.Select(a => a.Endpoint)];

    public static TheoryData<string> OfMembers => [.. Attacks.All.Where(a => a.Audience == Audience.Member).Select(a => a.Endpoint)];

    public static TheoryData<string> OfOperators => [.. Attacks.All.Where(a => a.Audience == Audience.Operator).Select(a => a.Endpoint)];

    public static TheoryData<string> OfThings =>
        [.. Attacks.All.Where(a => a.TakesIds || a.TakesIdsInBody).Select(a => a.Endpoint)];

    public static TheoryData<string> Lists => [.. Attacks.All
        .Where(a => a.Audience == Audience.Member && !a.TakesIds && a.Method == HttpMethod.Get && !a.Endpoint.EndsWith("/events", StringComparison.Ordinal))
        .Select(a => a.Endpoint)];

    [Fact]
    public void Every_endpoint_of_the_routing_table_has_a_row_and_every_row_an_endpoint()
    {
        var endpoints = api.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints)
            .Concat(((IEndpointRouteBuilder)api.Running).DataSources.SelectMany(s => s.Endpoints))
            .OfType<RouteEndpoint>().SelectMany(Names).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(Attacks.All.Select(a => a.Endpoint).Order(StringComparer.Ordinal), endpoints);
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Without_signing_in_only_what_is_for_anybody_answers(string endpoint)
    {
        var attack = Find(endpoint);
        using var client = api.Anonymous();
        using var answer = await SendAsync(client, attack, "alpha", api.Alpha);
        if (attack.Audience == Audience.Anybody)
        {
            Assert.NotEqual(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.NotEqual(HttpStatusCode.NotFound, answer.StatusCode);
        }
        else
        {
            await Problems.ReadAsync(answer, HttpStatusCode.Unauthorized, Ct);
        }
    }

    [Theory]
    [MemberData(nameof(OfMembers))]
    public async Task A_tenant_of_others_answers_like_one_that_is_not_there(string endpoint)
    {
        var attack = Find(endpoint);
        foreach (var stranger in new[] { await api.AsAdministratorAsync("beta"), await api.AsGatewayAsync("beta"), await api.AsOperatorAsync() })
        {
            using var theirs = await SendAsync(stranger, attack, "alpha", api.Alpha);
            using var absent = await SendAsync(stranger, attack, "nowhere", api.Alpha);
            Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
            Assert.Equal(await Problems.WithoutTraceAsync(absent, Ct), await Problems.WithoutTraceAsync(theirs, Ct));
        }
    }

    [Theory]
    [MemberData(nameof(OfThings))]
    public async Task A_thing_of_another_tenant_answers_like_an_absent_and_a_malformed_one(string endpoint)
    {
        var attack = Find(endpoint);
        var beta = await api.AsAdministratorAsync("beta");
        using var theirs = await SendAsync(beta, attack, "beta", api.Alpha);
        using var absent = await SendAsync(beta, attack, "beta", Absent);
        Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
        Assert.Equal(await Problems.WithoutTraceAsync(absent, Ct), await Problems.WithoutTraceAsync(theirs, Ct));

        using var malformed = await SendAsync(beta, attack, "beta", Malformed);
        if (attack.TakesIdsInBody)
        {
            await Problems.ReadAsync(malformed, HttpStatusCode.BadRequest, Ct);
        }
        else
        {
            Assert.Equal(await Problems.WithoutTraceAsync(absent, Ct), await Problems.WithoutTraceAsync(malformed, Ct));
        }
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task A_list_of_one_tenant_names_nothing_of_another(string endpoint)
    {
        var attack = Find(endpoint);
        using var answer = await SendAsync(await api.AsAdministratorAsync("beta"), attack, "beta", api.Beta);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        foreach (var secret in api.AlphaSecrets)
        {
            Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [MemberData(nameof(OfMembers))]
    public async Task Each_role_may_what_its_row_says_and_nothing_else(string endpoint)
    {
        var attack = Find(endpoint);
        foreach (var role in Enum.GetValues<Role>())
        {
            using var answer = await SendAsync(await api.AsAsync("alpha", role), attack, "alpha", api.Alpha);
            if (attack.Roles.Contains(role))
            {
                Assert.True(
                    answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound)
                        && (int)answer.StatusCode < 500,
                    $"{role} was answered {answer.StatusCode}.");
            }
            else
            {
                await Problems.ReadAsync(answer, HttpStatusCode.Forbidden, Ct);
            }
        }
    }

    [Theory]
    [MemberData(nameof(OfOperators))]
    public async Task What_is_for_operators_is_refused_to_every_role_of_the_tenant_that_it_names(string endpoint)
    {
        var attack = Find(endpoint);
        foreach (var role in Enum.GetValues<Role>())
        {
            using var answer = await SendAsync(await api.AsAsync("alpha", role), attack, "alpha", api.Alpha);
            await Problems.ReadAsync(answer, HttpStatusCode.Forbidden, Ct);
        }
    }

    [Fact]
    public async Task An_operator_reaches_a_tenants_runs_in_that_tenants_scope_only()
    {
        var platform = await api.AsOperatorAsync();
        foreach (var id in new[] { api.Beta.Run, NoId })
        {
            using var theirs = await platform.PostAsJsonAsync("tenants/alpha/troubled-runs/replay", new { runIds = new[] { id } }, Ct);
            await Problems.ReadAsync(theirs, HttpStatusCode.NotFound, Ct);
        }

        using var own = await platform.PostAsJsonAsync("tenants/beta/troubled-runs/replay", new { runIds = new[] { api.Beta.Run } }, Ct);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode); // it has its result: not replayed, but there
        foreach (var slug in new[] { "nowhere", "%20" })
        {
            using var absent = await platform.GetAsync(new Uri($"tenants/{slug}/troubled-runs", UriKind.Relative), Ct);
            await Problems.ReadAsync(absent, HttpStatusCode.NotFound, Ct);
        }

        var text = await platform.GetStringAsync(new Uri("tenants/alpha/troubled-runs", UriKind.Relative), Ct);
        Assert.All(api.AlphaSecrets, secret => Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Making_tenants_is_for_operators_only()
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            using var answer = await (await api.AsAsync("alpha", role)).PostAsJsonAsync("tenants", new { }, Ct);
            await Problems.ReadAsync(answer, HttpStatusCode.Forbidden, Ct);
        }

        var slug = "made-" + Guid.CreateVersion7().ToString("N")[..12];
        var request = new
        {
            slug, name = "Made", deidentification = "Apply", administratorEmail = $"{slug}@made.test", administratorPassword = ApiHost.Password,
        };
        var platform = await api.AsOperatorAsync();
        using var made = await platform.PostAsJsonAsync("tenants", request, Ct);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        using var again = await platform.PostAsJsonAsync("tenants", request, Ct);
        await Problems.ReadAsync(again, HttpStatusCode.Conflict, Ct);
        var administrator = await api.SignInAsync($"{slug}@made.test", ApiHost.Password);
        Assert.Equal(slug, (await administrator.GetFromJsonAsync<JsonElement>($"t/{slug}", Ct)).GetProperty("slug").GetString());
    }

    private static Attack Find(string endpoint) => Attacks.All.Single(a => a.Endpoint == endpoint);

    private static IEnumerable<string> Names(RouteEndpoint endpoint)
    {
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods;
        var pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/');
        return (methods is null or [] ? ["GET"] : methods).Select(m => $"{m} {pattern}");
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, Attack attack, string tenant, Targets ids)
    {
        var path = attack.Audience == Audience.Member
            ? $"/t/{tenant}{attack.Path(ids)}"
            : attack.Endpoint.Split(' ')[1].Replace("{documentName}", "v1", StringComparison.Ordinal).Replace("{slug}", tenant, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(attack.Method, path) { Content = attack.Body?.Invoke(ids) };
        if (attack.Accept is { } accept)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        // A stream of events never ends; its headers say enough.
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
    }

    /// <summary>Tenants alpha and beta, each with a complete study and a run that has its result.</summary>
    public sealed class TwoTenants(TestServices services) : ApiHost(services)
    {
        internal Targets Alpha { get; private set; } = Absent;

        internal Targets Beta { get; private set; } = Absent;

        internal IReadOnlyList<string> AlphaSecrets { get; private set; } = [];

        public override async ValueTask InitializeAsync()
        {
            Settings["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/threshold");
            Settings["AiModels:Packages:1"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/threshold-ct");
            Settings["Portal:Path"] = PortalFolder.Create();
            await base.InitializeAsync();
            Alpha = await FillAsync("alpha");
            Beta = await FillAsync("beta");
            var tenant = await TenantAsync("alpha");
            var study = await (await AsAdministratorAsync("alpha")).GetFromJsonAsync<JsonElement>($"t/alpha/studies/{Alpha.Study}", Ct);
            AlphaSecrets =
            [
                tenant.ToString(), Alpha.Study, Alpha.Run, study.GetProperty("studyInstanceUid").GetString()!, "@alpha.test", "Hospital alpha",
            ];
        }

        private async Task<Targets> FillAsync(string tenant)
        {
            var client = await AsAdministratorAsync(tenant);
            var sample = SampleStudy.Create();
            using var body = sample.ToMultipart();
            using var stored = await client.PostAsync(new Uri($"t/{tenant}/dicomweb/studies", UriKind.Relative), body, Ct);
            stored.EnsureSuccessStatusCode();
            using var complete = await client.PostAsync(new Uri($"t/{tenant}/studies/{sample.Study}/complete", UriKind.Relative), null, Ct);
            complete.EnsureSuccessStatusCode();
            using var started = await client.PostAsJsonAsync($"t/{tenant}/runs", new { studyUid = sample.Study, model = "threshold" }, Ct);
            started.EnsureSuccessStatusCode();
            var run = (await started.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetGuid();
            await FinishAsync(await TenantAsync(tenant), run);
            var models = (await client.GetFromJsonAsync<JsonElement>($"t/{tenant}/models", Ct)).GetProperty("models").EnumerateArray();
            var idle = models.Single(m => m.GetProperty("name").GetString() == "threshold-ct").GetProperty("id").GetString()!;
            var rule = (await client.GetFromJsonAsync<JsonElement>($"t/{tenant}/rules", Ct)).GetProperty("rules")[0];
            return new Targets(
                sample.Study, sample.Series, sample.Instance, run.ToString(), rule.GetProperty("id").GetString()!, rule.GetProperty("modelId").GetString()!) { Idle = idle };
        }

        /// <summary>Gives the run a result with outlines, as a worker does.</summary>
        private async Task FinishAsync(Guid tenantId, Guid run)
        {
            await using var worker = await ScriptedWorker.StartAsync(Settings, 1, TimeSpan.FromSeconds(1), Ct, takesRuns: false);
            var attempt = Guid.CreateVersion7();
            var outlines = await worker.WriteOutlinesAsync(tenantId, run, attempt, Ct);
            await worker.SendAsync(await worker.WriteResultAsync(tenantId, run, attempt, "result-hash", [], Ct, outlines), Ct);
            var scopes = Services.GetRequiredService<TenantScope>();
            await Wait.UntilAsync(
                () => scopes.RunAsync(
                    tenantId, (db, token) => db.Runs.AnyAsync(r => r.Id == run && r.Status == RunStatus.Succeeded, token), Ct),
                Ct);
        }
    }
}
