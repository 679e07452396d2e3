using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Xunit;

namespace Platform.IntegrationTests.Hosts;

/// <summary>Every error is problem+json and says what to do.</summary>
public class ProblemTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_address_is_404_also_for_who_accepts_something_else()
    {
        using var client = api.Anonymous();
        client.DefaultRequestHeaders.Accept.ParseAdd("application/dicom+json");
        using var answer = await client.GetAsync(new Uri("no/such/address", UriKind.Relative), Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.NotFound, Ct);
    }

    [Fact]
    public async Task Where_the_portal_was_not_built_its_address_says_so()
    {
        using var client = api.Anonymous();
        using var answer = await client.GetAsync(new Uri("portal/", UriKind.Relative), Ct);
        var problem = await Problems.ReadAsync(answer, HttpStatusCode.NotFound, Ct);
        Assert.Contains("portal was not built", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_an_address_does_not_take_is_405_with_those_it_takes()
    {
        using var client = api.Anonymous();
        using var answer = await client.PutAsync(new Uri("session", UriKind.Relative), null, Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.MethodNotAllowed, Ct);
        Assert.Contains("POST", answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415()
    {
        using var client = api.Anonymous();
        using var body = new StringContent("<session/>", Encoding.UTF8, "application/xml");
        using var answer = await client.PostAsync(new Uri("session", UriKind.Relative), body, Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.UnsupportedMediaType, Ct);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_whether_its_length_is_said_or_not()
    {
        using var client = api.Anonymous();
        using var declared = JsonText('"' + new string('x', 2 << 20) + '"');
        using var answer = await client.PostAsync(new Uri("session", UriKind.Relative), declared, Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.RequestEntityTooLarge, Ct);

        using var request = new HttpRequestMessage(HttpMethod.Post, "session") { Content = JsonText('"' + new string('x', 2 << 20) + '"') };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await client.SendAsync(request, Ct);
        await Problems.ReadAsync(chunked, HttpStatusCode.RequestEntityTooLarge, Ct);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    public async Task A_body_that_cannot_be_read_is_400(string json)
    {
        using var client = api.Anonymous();
        using var body = JsonText(json);
        using var answer = await client.PostAsync(new Uri("session", UriKind.Relative), body, Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.BadRequest, Ct);
    }

    [Fact]
    public async Task A_body_nested_deeper_than_64_is_400()
    {
        using var client = api.Anonymous();
        using var body = JsonText("{\"email\":" + new string('[', 100) + new string(']', 100) + "}");
        using var answer = await client.PostAsync(new Uri("session", UriKind.Relative), body, Ct);
        await Problems.ReadAsync(answer, HttpStatusCode.BadRequest, Ct);
    }

    [Fact]
    public async Task A_field_that_is_wrong_is_named()
    {
        using var client = api.Anonymous();
        using var answer = await client.PostAsJsonAsync("session", new { email = "no address", password = "x" }, Ct);
        var problem = await Problems.ReadAsync(answer, HttpStatusCode.BadRequest, Ct);
        Assert.True(problem.GetProperty("errors").TryGetProperty("Email", out _) || problem.GetProperty("errors").TryGetProperty("email", out _));
    }

    [Fact]
    public async Task A_query_that_is_wrong_is_400()
    {
        var administrator = await api.AsAdministratorAsync("problems");
        foreach (var query in new[] { "limit=0", "limit=many", "before=nonsense", "outcome=Perhaps" })
        {
            using var answer = await administrator.GetAsync(new Uri($"t/problems/audit?{query}", UriKind.Relative), Ct);
            await Problems.ReadAsync(answer, HttpStatusCode.BadRequest, Ct);
        }
    }

    [Fact]
    public async Task Headers_over_32_KiB_are_refused()
    {
        using var client = api.Anonymous();
        for (var i = 0; i < 5; i++)
        {
            client.DefaultRequestHeaders.Add($"X-Long-{i}", new string('x', 8000));
        }

        using var answer = await client.GetAsync(new Uri("health/live", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task An_answer_does_not_say_which_server_it_is_and_is_never_sniffed()
    {
        using var client = api.Anonymous();
        using var answer = await client.GetAsync(new Uri("health/live", UriKind.Relative), Ct);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
    }

    private static StringContent JsonText(string json) => new(json, new MediaTypeHeaderValue("application/json"));
}
