using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Hosts;

/// <summary>docs/openapi.json is what the portal's types are made from; it must be what the API says.</summary>
public class OpenApiTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string WriteVariable = "PLATFORM_WRITE_OPENAPI";
    private static readonly string Committed = Path.Combine(Checkout.Root, "docs/openapi.json");

    [Fact]
    public async Task The_committed_description_is_what_the_running_API_says()
    {
        var ct = TestContext.Current.CancellationToken;
        using var client = api.Anonymous();
        var said = (await client.GetStringAsync(new Uri("openapi/v1.json", UriKind.Relative), ct)).ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            await File.WriteAllTextAsync(Committed, said, ct);
        }

        var committed = File.Exists(Committed) ? await File.ReadAllTextAsync(Committed, ct) : "";
        Assert.True(committed == said, "docs/openapi.json is not what the API says: run infra/openapi and commit it.");
    }
}
