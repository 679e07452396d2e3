using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Portal;

/// <summary>What a browser gets under /portal/.</summary>
public class ServePortalTests(ServePortalTests.PortalHost api) : IClassFixture<ServePortalTests.PortalHost>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_root_leads_to_the_portal()
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false, CheckCertificateRevocationList = true };
        using var client = new HttpClient(handler) { BaseAddress = api.Address };
        foreach (var path in new[] { "/", "/portal" })
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            Assert.Equal("/portal/", answer.Headers.Location?.OriginalString);
        }
    }

    [Theory]
    [InlineData("portal/")]
    [InlineData("portal/index.html")]
    [InlineData("portal/sign-in")]
    [InlineData("portal/demo/studies/1.2.840.113619.2.5")]
    [InlineData("portal/..%2fnotes.unknown")]
    [InlineData("portal/notes.unknown")]
    public async Task Every_address_that_is_no_file_is_a_page_of_the_portal(string path)
    {
        using var answer = await GetAsync(path);
        Assert.Equal(PortalFolder.Page, await answer.Content.ReadAsStringAsync(Ct));
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-cache", Header(answer, "Cache-Control"));
    }

    [Fact]
    public async Task A_page_runs_nothing_but_its_own_files_and_stands_in_no_frame()
    {
        using var answer = await GetAsync("portal/");
        var policy = Header(answer, "Content-Security-Policy");
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("img-src 'self' blob: data:", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
    }

    [Theory]
    [InlineData("br", "gzip, deflate, br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip", "gzip, br;q=0")]
    [InlineData("", "identity")]
    public async Task An_asset_comes_in_the_smallest_form_that_is_accepted_and_is_kept_for_good(string encoding, string accepted)
    {
        using var answer = await GetAsync("portal/assets/page-Ab12.js", r => r.Headers.Add("Accept-Encoding", accepted));
        Assert.Equal(encoding, string.Join(',', answer.Content.Headers.ContentEncoding));
        Assert.Equal("text/javascript", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("public, max-age=31536000, immutable", Header(answer, "Cache-Control"));
        Assert.Equal("Accept-Encoding", Header(answer, "Vary"));

        await using var received = await answer.Content.ReadAsStreamAsync(Ct);
        using var reader = new StreamReader(Plain(received, encoding));
        Assert.Equal(PortalFolder.Script, await reader.ReadToEndAsync(Ct));
    }

    [Fact]
    public async Task A_page_that_has_not_changed_is_not_sent_again()
    {
        using var first = await GetAsync("portal/");
        var tag = first.Headers.ETag;
        Assert.NotNull(tag);
        using var again = await GetAsync("portal/demo/studies", r => r.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(tag.Tag)));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task An_asset_of_another_build_is_404_and_not_a_page()
    {
        using var answer = await GetAsync("portal/assets/page-old.js");
        await Problems.ReadAsync(answer, HttpStatusCode.NotFound, Ct);
    }

    private static Stream Plain(Stream received, string encoding) => encoding switch
    {
        "br" => new BrotliStream(received, CompressionMode.Decompress),
        "gzip" => new GZipStream(received, CompressionMode.Decompress),
        _ => received,
    };

    private static string Header(HttpResponseMessage answer, string name) => string.Join(", ", answer.Headers.GetValues(name));

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var client = api.Anonymous();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        change?.Invoke(request);
        return await client.SendAsync(request, Ct);
    }

    public sealed class PortalHost(TestServices services) : ApiHost(services)
    {
        public override ValueTask InitializeAsync()
        {
            Settings["Portal:Path"] = PortalFolder.Create();
            return base.InitializeAsync();
        }
    }
}
