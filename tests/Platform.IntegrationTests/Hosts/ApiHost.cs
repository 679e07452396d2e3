using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Api;
using Platform.Api.Data;
using Platform.Api.Security;
using Platform.Api.Tenants;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Hosts;

/// <summary>
/// The real API on Kestrel, with a database, a virtual host of RabbitMQ and a container of Azurite of its own. One per class:
/// <c>class XTests(ApiHost api) : IClassFixture&lt;ApiHost&gt;</c>; clients are <c>await api.AsUploaderAsync("a")</c>, and tenants
/// come into being when first named.
/// </summary>
public class ApiHost(TestServices services) : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    private readonly ConcurrentDictionary<string, Lazy<Task<Guid>>> tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string, string), Lazy<Task<HttpClient>>> clients = new();
    private WebApplication? app;

    /// <summary>What differs from the defaults of a test host; set before it starts.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    public IServiceProvider Services => Running.Services;

    public Uri Address => new(Running.Urls.First());

    internal WebApplication Running => app ?? throw new InvalidOperationException("The host has not started.");

    public virtual async ValueTask InitializeAsync()
    {
        var ct = CancellationToken.None;
        foreach (var (key, value) in (await ApiDatabase.CreateAsync(services, ct))
            .Concat(await (await services.RabbitAsync()).CreateVirtualHostAsync(ct))
            .Concat((await services.AzuriteAsync()).CreateContainer()))
        {
            Settings.TryAdd(key, value);
        }

        Settings.TryAdd("Identity:AllowHttp", "true");
        Settings.TryAdd("Urls", "http://127.0.0.1:0");
        await StartAsync(ct);
    }

    /// <summary>A new start on the same data, as after a deployment.</summary>
    public async Task RestartAsync(CancellationToken ct)
    {
        await StopAsync();
        clients.Clear();
        await StartAsync(ct);
    }

    public HttpClient Anonymous() => NewClient();

    public Task<Guid> TenantAsync(string slug) => tenants.GetOrAdd(slug, s => new Lazy<Task<Guid>>(() => MakeTenantAsync(s))).Value;

    public Task<HttpClient> AsAdministratorAsync(string tenant) => AsAsync(tenant, nameof(Role.TenantAdministrator));

    public Task<HttpClient> AsUploaderAsync(string tenant) => AsAsync(tenant, nameof(Role.Uploader));

    public Task<HttpClient> AsSpecialistAsync(string tenant) => AsAsync(tenant, nameof(Role.Specialist));

    public Task<HttpClient> AsViewerAsync(string tenant) => AsAsync(tenant, nameof(Role.Viewer));

    public Task<HttpClient> AsAuditorAsync(string tenant) => AsAsync(tenant, nameof(Role.Auditor));

    /// <summary>With a token of client credentials; all others are people with a session cookie.</summary>
    public Task<HttpClient> AsGatewayAsync(string tenant) => AsAsync(tenant, nameof(Role.Gateway));

    public Task<HttpClient> AsOperatorAsync() => clients.GetOrAdd(("", ""), _ => new Lazy<Task<HttpClient>>(async () =>
    {
        await using var scope = Services.CreateAsyncScope();
        var email = $"operator-{Guid.CreateVersion7():N}@platform.test";
        var (_, errors) = await scope.ServiceProvider.GetRequiredService<TenantSetup>()
            .AddPlatformOperatorAsync(email, "Operator", Password);
        Assert.Empty(errors);
        return await SignInAsync(email, Password);
    })).Value;

    public async Task<HttpClient> SignInAsync(string email, string password)
    {
        var client = NewClient();
        using var answer = await client.PostAsJsonAsync("session", new { email, password });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return client;
    }

    public async Task<string> TokenAsync(string clientId, string clientSecret)
    {
        using var client = NewClient();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
            ["client_secret"] = clientSecret,
        });
        using var answer = await client.PostAsync(new Uri("connect/token", UriKind.Relative), form);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Looks at a tenant's rows as the platform does.</summary>
    internal async Task<T> InTenantAsync<T>(string slug, Func<PlatformDb, CancellationToken, Task<T>> work, CancellationToken ct) =>
        await Services.GetRequiredService<TenantScope>().RunAsync(await TenantAsync(slug), work, ct);

    internal Task<HttpClient> AsAsync(string tenant, Role role) => AsAsync(tenant, role.ToString());

    internal async Task<GatewayClient> GatewayAsync(string tenant, CancellationToken ct)
    {
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<TenantSetup>().AddGatewayAsync(await TenantAsync(tenant), "Gateway", ct);
    }

    private Task<HttpClient> AsAsync(string tenant, string role) =>
        clients.GetOrAdd((tenant, role), key => new Lazy<Task<HttpClient>>(() => SignInAsAsync(tenant, Enum.Parse<Role>(role)))).Value;

    private async Task<HttpClient> SignInAsAsync(string tenant, Role role)
    {
        if (role == Role.Gateway)
        {
            var gateway = await GatewayAsync(tenant, CancellationToken.None);
            var client = NewClient();
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Bearer", await TokenAsync(gateway.ClientId, gateway.ClientSecret));
            return client;
        }

        await using var scope = Services.CreateAsyncScope();
        var email = $"{role}-{Guid.CreateVersion7():N}@{tenant}.test";
        var (_, errors) = await scope.ServiceProvider.GetRequiredService<TenantSetup>()
            .AddPersonAsync(await TenantAsync(tenant), email, $"{role} of {tenant}", Password, role, CancellationToken.None);
        Assert.Empty(errors);
        return await SignInAsync(email, Password);
    }

    private async Task<Guid> MakeTenantAsync(string slug)
    {
        await using var scope = Services.CreateAsyncScope();
        var setup = scope.ServiceProvider.GetRequiredService<TenantSetup>();
        return await setup.FindTenantAsync(slug, CancellationToken.None)
            ?? (await setup.TryCreateTenantAsync(slug, $"Hospital {slug}", DeidentificationPolicy.Apply, CancellationToken.None))!.Value;
    }

    private HttpClient NewClient() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };

    private async Task StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.AddPlatformApi();
        builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Error);
        app = builder.Build();
        app.MapPlatformApi();
        await app.StartAsync(ct);
    }

    private async Task StopAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
            app = null;
        }
    }
}
