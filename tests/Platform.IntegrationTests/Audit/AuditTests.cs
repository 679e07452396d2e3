using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Audit;
using Platform.Audit;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Audit;

public class AuditTests(ApiHost api, TestServices services) : IClassFixture<ApiHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Making_a_tenant_is_its_first_event_and_the_leaf_is_the_hash_of_the_canonical_form()
    {
        await api.TenantAsync("audit-first");
        var events = await api.InTenantAsync("audit-first", (db, ct) => db.AuditEvents.OrderBy(e => e.Id).ToListAsync(ct), Ct);
        Assert.Equal("tenant.create", events[0].Action);
        Assert.All(events, e =>
        {
            Assert.Equal(e.Canonical, CanonicalJson.Canonicalize(e.Canonical));
            Assert.Equal(AuditLeaf.Hash(e.Canonical), e.LeafSha256);
            var record = JsonSerializer.Deserialize<JsonElement>(e.Canonical);
            Assert.Equal(e.OccurredAt, record.GetProperty("recorded").GetDateTimeOffset());
            Assert.Equal(e.Id.ToString(), record.GetProperty("id").GetString());
        });
    }

    [Fact]
    public async Task An_auditor_browses_filters_and_pages()
    {
        var administrator = await api.AsAdministratorAsync("audit-browse");
        for (var i = 0; i < 3; i++)
        {
            (await administrator.GetAsync(new Uri("t/audit-browse/people", UriKind.Relative), Ct)).EnsureSuccessStatusCode();
        }

        var auditor = await api.AsAuditorAsync("audit-browse");
        var first = await auditor.GetFromJsonAsync<JsonElement>("t/audit-browse/audit?action=people.list&limit=2", Ct);
        Assert.Equal(2, first.GetProperty("events").GetArrayLength());
        Assert.All(first.GetProperty("events").EnumerateArray(), e => Assert.Equal("Person", e.GetProperty("agentKind").GetString()));
        var before = first.GetProperty("before").GetString();
        var second = await auditor.GetFromJsonAsync<JsonElement>($"t/audit-browse/audit?action=people.list&limit=2&before={before}", Ct);
        Assert.Equal(1, second.GetProperty("events").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("before").ValueKind);

        var own = await auditor.GetFromJsonAsync<JsonElement>("t/audit-browse/audit?action=audit.read", Ct);
        Assert.Equal(2, own.GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task Who_was_refused_stands_in_the_audit_of_the_tenant_once()
    {
        var viewer = await api.AsViewerAsync("audit-denied");
        var stranger = await api.AsAdministratorAsync("audit-stranger");
        for (var i = 0; i < 3; i++)
        {
            using var refused = await viewer.GetAsync(new Uri("t/audit-denied/people", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            using var hidden = await stranger.GetAsync(new Uri("t/audit-denied/people", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }

        var denied = await api.InTenantAsync(
            "audit-denied", (db, ct) => db.AuditEvents.Where(e => e.Outcome == AuditOutcome.Denied).ToListAsync(ct), Ct);
        Assert.Equal(2, denied.Count);
        Assert.Equal(2, denied.Select(e => e.AgentId).Distinct().Count());
        Assert.All(denied, e => Assert.Equal("ListPeople", e.EntityId));
    }

    [Fact]
    public async Task Three_hundred_reads_of_a_study_are_one_event_at_once_and_one_count()
    {
        await using var own = new ApiHost(services);
        await own.InitializeAsync();
        var tenant = await own.TenantAsync("audit-reads");
        var log = own.Services.GetRequiredService<AuditLog>();
        var study = Guid.CreateVersion7().ToString();

        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => log.RecordReadAsync(tenant, "study.read", "study", study, Ct)));
        Assert.Equal([null], await DetailsAsync());

        await own.RestartAsync(Ct);
        Assert.Equal([null, "299 more"], await DetailsAsync());

        async Task<List<string?>> DetailsAsync()
        {
            var events = await own.InTenantAsync(
                "audit-reads", (db, ct) => db.AuditEvents.Where(e => e.EntityId == study).OrderBy(e => e.Id).ToListAsync(ct), Ct);
            return [.. events.Select(e => JsonSerializer.Deserialize<JsonElement>(e.Canonical))
                .Select(r => r.TryGetProperty("outcomeDesc", out var detail) ? detail.GetString() : null)];
        }
    }
}
