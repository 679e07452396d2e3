using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Security;
using Platform.IntegrationTests.Hosts;
using Xunit;

namespace Platform.IntegrationTests.Security;

public class SessionTests(ApiHost api, Services.TestServices services) : IClassFixture<ApiHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_who_signs_in_sees_their_tenants_and_roles_and_is_a_stranger_after_signing_out()
    {
        var client = await api.SignInAsync(await PersonAsync("sessions"), ApiHost.Password);
        var session = await client.GetFromJsonAsync<JsonElement>("session", Ct);
        var tenant = Assert.Single(session.GetProperty("tenants").EnumerateArray());
        Assert.Equal("sessions", tenant.GetProperty("slug").GetString());
        Assert.Equal("Viewer", Assert.Single(tenant.GetProperty("roles").EnumerateArray()).GetString());

        using var signedOut = await client.DeleteAsync(new Uri("session", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NoContent, signedOut.StatusCode);
        using var after = await client.GetAsync(new Uri("session", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task The_cookie_is_hidden_from_scripts_and_from_other_sites()
    {
        using var client = api.Anonymous();
        var email = await PersonAsync("sessions");
        using var answer = await client.PostAsJsonAsync("session", new { email, password = ApiHost.Password }, Ct);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_person_hear_the_same()
    {
        using var client = api.Anonymous();
        var email = await PersonAsync("sessions");
        using var wrong = await client.PostAsJsonAsync("session", new { email, password = "not the password" }, Ct);
        using var unknown = await client.PostAsJsonAsync("session", new { email = "nobody@sessions.test", password = "not the password" }, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(await Problems.WithoutTraceAsync(wrong, Ct), await Problems.WithoutTraceAsync(unknown, Ct));
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_the_account_for_the_right_one_too()
    {
        using var client = api.Anonymous();
        var email = await PersonAsync("sessions");
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await client.PostAsJsonAsync("session", new { email, password = "not the password" }, Ct);
        }

        using var right = await client.PostAsJsonAsync("session", new { email, password = ApiHost.Password }, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, right.StatusCode);
    }

    [Fact]
    public async Task A_browser_on_another_site_cannot_sign_anybody_in()
    {
        using var client = api.Anonymous();
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        using var answer = await client.PostAsJsonAsync(
            "session", new { email = await PersonAsync("sessions"), password = ApiHost.Password }, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Tokens_and_cookies_stay_valid_over_a_restart()
    {
        await using var own = new ApiHost(services);
        await own.InitializeAsync();
        var gateway = await own.GatewayAsync("lasting", Ct);
        var token = await own.TokenAsync(gateway.ClientId, gateway.ClientSecret);
        own.Settings["Urls"] = own.Address.ToString();
        var person = await own.AsViewerAsync("lasting");

        await own.RestartAsync(Ct);

        using var client = own.Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var byToken = await client.GetAsync(new Uri("t/lasting", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, byToken.StatusCode);
        using var byCookie = await person.GetAsync(new Uri("t/lasting", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, byCookie.StatusCode);
    }

    [Fact]
    public async Task A_membership_that_ends_ends_the_access_of_a_token_at_once()
    {
        var gateway = await api.GatewayAsync("sessions", Ct);
        using var client = api.Anonymous();
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", await api.TokenAsync(gateway.ClientId, gateway.ClientSecret));
        using var before = await client.GetAsync(new Uri("t/sessions", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        await using (var identities = await api.Services.GetRequiredService<IDbContextFactory<IdentityDb>>().CreateDbContextAsync(Ct))
        {
            await identities.Memberships.Where(m => m.IdentityId == gateway.Id).ExecuteDeleteAsync(Ct);
        }

        using var after = await client.GetAsync(new Uri("t/sessions", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public async Task A_wrong_client_secret_gets_no_token()
    {
        var gateway = await api.GatewayAsync("sessions", Ct);
        using var client = api.Anonymous();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_id"] = gateway.ClientId, ["client_secret"] = "wrong",
        });
        using var answer = await client.PostAsync(new Uri("connect/token", UriKind.Relative), form, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_wrong_token_is_401_and_says_where_to_get_another()
    {
        using var client = api.Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "nonsense");
        using var answer = await client.GetAsync(new Uri("t/sessions", UriKind.Relative), Ct);
        var problem = await Problems.ReadAsync(answer, HttpStatusCode.Unauthorized, Ct);
        Assert.Contains("/connect/token", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task<string> PersonAsync(string tenant)
    {
        await using var scope = api.Services.CreateAsyncScope();
        var email = $"{Guid.CreateVersion7():N}@sessions.test";
        var (_, errors) = await scope.ServiceProvider.GetRequiredService<Platform.Api.Tenants.TenantSetup>()
            .AddPersonAsync(await api.TenantAsync(tenant), email, "A person", ApiHost.Password, Role.Viewer, Ct);
        Assert.Empty(errors);
        return email;
    }
}
