using System.Diagnostics;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api;
using Platform.Api.Data;
using Platform.Api.Tenants;
using Platform.Local.Postgres;
using Platform.Local.Processes;

namespace Platform.Benchmarks.Archives;

/// <summary>
/// A published Platform.Api in a process of its own, with a PostgreSQL server of its own as <c>infra/run</c> starts it (fsync and
/// synchronous_commit on) and the file blob store. One tenant, de-identification applied, a gateway's token.
/// </summary>
internal sealed class PlatformServer : IAsyncDisposable
{
    private const string Tenant = "benchmark";
    private readonly EmbeddedPostgres postgres;
    private readonly ServiceProcess process;

    private PlatformServer(EmbeddedPostgres postgres, ServiceProcess process, DicomwebArchive archive)
    {
        this.postgres = postgres;
        this.process = process;
        Archive = archive;
    }

    public DicomwebArchive Archive { get; }

    /// <summary>Publishes the API of this tree, as a release does; returns the folder.</summary>
    public static async Task<string> PublishAsync()
    {
        var folder = Path.Combine(Checkout.Root, ".run/benchmark/api");
        var info = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Checkout.Root,
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" },
        };
        foreach (var argument in (string[])["publish", "src/Platform.Api", "--configuration", "Release", "--output", folder,
            "--verbosity", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false"])
        {
            info.ArgumentList.Add(argument);
        }

        using var publish = Process.Start(info)!;
        var output = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        return publish.ExitCode == 0 ? folder : throw new InvalidOperationException($"Platform.Api could not be published: {output}");
    }

    public static async Task<PlatformServer> StartAsync(string name, string published, string folder)
    {
        Directory.CreateDirectory(folder);
        await Checkout.PrepareAsync();
        var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions(Checkout.PostgresPrograms, Path.Combine(folder, "postgres")), CancellationToken.None);
        var settings = new Dictionary<string, string>
        {
            ["Database__Admin"] = postgres.ConnectionString("platform"),
            ["Blobs__Provider"] = "File",
            ["Blobs__Path"] = Path.Combine(folder, "blobs"),
            ["Bus__Transport"] = "InMemory",
            ["Identity__AllowHttp"] = "true",
        };
        var gateway = await MakeTenantAsync(settings);

        var url = Loopback.FreeUrl();
        var process = ServiceProcess.Start(new ServiceStart(
            "dotnet", [Path.Combine(published, "Platform.Api.dll"), "--urls", url.OriginalString], "TERM", Path.Combine(folder, "api.log"))
        {
            Environment = settings,
        });
        await Loopback.AnswersAsync(new Uri(url, "health/live"), process);
        var archive = new DicomwebArchive(name, new Uri($"{url}t/{Tenant}/dicomweb"), await TokenAsync(url, gateway));
        return new PlatformServer(postgres, process, archive);
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        await postgres.DisposeAsync();
    }

    /// <summary>By a host of this process, which has gone when the published one starts: roles get new passwords at each start.</summary>
    private static async Task<GatewayClient> MakeTenantAsync(IReadOnlyDictionary<string, string> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(
            s => s.Key.Replace("__", ":", StringComparison.Ordinal), s => (string?)s.Value));
        builder.Configuration["Urls"] = "http://127.0.0.1:0";
        builder.AddPlatformApi();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.MapPlatformApi();
        await app.StartAsync();
        await using var scope = app.Services.CreateAsyncScope();
        var setup = scope.ServiceProvider.GetRequiredService<TenantSetup>();
        var id = (await setup.TryCreateTenantAsync(Tenant, "Benchmark", DeidentificationPolicy.Apply, CancellationToken.None))!.Value;

        // What follows when a study falls silent is not measured, so it must not begin beside what is.
        await app.Services.GetRequiredService<TenantScope>().RunAsync(
            id,
            (db, ct) => db.Tenants.ExecuteUpdateAsync(set => set.SetProperty(t => t.QuietPeriod, TimeSpan.FromDays(1)), ct),
            CancellationToken.None);
        var gateway = await setup.AddGatewayAsync(id, "Benchmark", CancellationToken.None);
        await app.StopAsync();
        return gateway;
    }

    private static async Task<string> TokenAsync(Uri url, GatewayClient gateway)
    {
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = gateway.ClientId,
            ["client_secret"] = gateway.ClientSecret,
        });
        using var answer = await http.PostAsync(new Uri(url, "connect/token"), form);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString()!;
    }
}
