using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Security.Cryptography;
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

namespace Platform.IntegrationTests.Dicomweb;

/// <summary>The real API on a PostgreSQL server of its own and the file blob store. Tests share it and make a tenant each.</summary>
public sealed class DicomwebApi : IAsyncLifetime
{
    private readonly IReadOnlyDictionary<string, string?> more;
    private PostgresProcess? postgres;
    private WebApplication? app;

    public DicomwebApi()
        : this(new Dictionary<string, string?>())
    {
    }

    internal DicomwebApi(IReadOnlyDictionary<string, string?> more) => this.more = more;

    /// <summary>What the host logged as an error or worse.</summary>
    public ConcurrentQueue<string> Errors { get; } = [];

    public Uri Address => new(app!.Urls.First());

    public string BlobFolder { get; } = TestFolder.Create("dicomweb-blobs");

    internal PostgresProcess Postgres => postgres!;

    internal IServiceProvider Services => app!.Services;

    public async ValueTask InitializeAsync()
    {
        postgres = await PostgresProcess.StartAsync(CancellationToken.None);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Urls"] = "http://127.0.0.1:0",
            // The test server answers before it has written; here it is killed, and what it answered for must be there.
            ["Database:Admin"] = postgres.ConnectionString("platform") + ";Options=-c synchronous_commit=on",
            ["Bus:Transport"] = "InMemory",
            ["Blobs:Provider"] = "File",
            ["Blobs:Path"] = BlobFolder,
            ["Blobs:MinimumFreeBytes"] = "0",
            ["Identity:AllowHttp"] = "true",
        });
        builder.Configuration.AddInMemoryCollection(more);
        builder.AddPlatformApi();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new ErrorLog(Errors));
        app = builder.Build();
        app.MapPlatformApi();
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.DisposeAsync();
        }

        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }
    }

    /// <summary>A new tenant and its gateway.</summary>
    internal async Task<DicomwebClient> CreateTenantAsync(
        CancellationToken ct, DeidentificationPolicy policy = DeidentificationPolicy.Apply)
    {
        var slug = "t" + RandomNumberGenerator.GetHexString(10, lowercase: true);
        await using var scope = Services.CreateAsyncScope();
        var setup = scope.ServiceProvider.GetRequiredService<TenantSetup>();
        var id = (await setup.TryCreateTenantAsync(slug, slug, policy, ct))!.Value;
        var gateway = await setup.AddGatewayAsync(id, "gateway", ct);
        var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(5) };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = gateway.ClientId,
            ["client_secret"] = gateway.ClientSecret,
        });
        using var answer = await http.PostAsync(new Uri("/connect/token", UriKind.Relative), form, ct);
        answer.EnsureSuccessStatusCode();
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("access_token").GetString()!;
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return new DicomwebClient(id, slug, token, http, Errors);
    }

    /// <summary>A person of a tenant, signed in: an administrator may look at what is held.</summary>
    internal async Task<DicomwebClient> SignInAsync(DicomwebClient tenant, Role role, CancellationToken ct)
    {
        var email = $"{role}@{tenant.Slug}.test";
        await using var scope = Services.CreateAsyncScope();
        var (_, errors) = await scope.ServiceProvider.GetRequiredService<TenantSetup>()
            .AddPersonAsync(tenant.TenantId, email, role.ToString(), Hosts.ApiHost.Password, role, ct);
        Assert.Empty(errors);
        var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(5) };
        using var answer = await http.PostAsJsonAsync("session", new { email, password = Hosts.ApiHost.Password }, ct);
        answer.EnsureSuccessStatusCode();
        return new DicomwebClient(tenant.TenantId, tenant.Slug, "", http, Errors);
    }

    /// <summary>Reads or changes the rows themselves, as the tenant.</summary>
    internal Task<T> InTenantAsync<T>(Guid tenantId, Func<PlatformDb, CancellationToken, Task<T>> work, CancellationToken ct) =>
        Services.GetRequiredService<TenantScope>().RunAsync(tenantId, work, ct);

    /// <summary>The files of committed blobs, and of those being written.</summary>
    internal string[] BlobFiles() => Directory.GetFiles(BlobFolder, "*", SearchOption.AllDirectories);

    private sealed class ErrorLog(ConcurrentQueue<string> errors) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                errors.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}

[CollectionDefinition(nameof(DicomwebApi))]
public sealed class DicomwebApiDefinition : ICollectionFixture<DicomwebApi>;
