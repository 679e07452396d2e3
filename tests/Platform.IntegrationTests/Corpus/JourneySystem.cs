using System.Text.Json;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Journeys;
using Platform.IntegrationTests.Kills;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>
/// The whole product for a journey: API and worker as processes of their own on PostgreSQL, RabbitMQ and the blob service; or, where
/// PLATFORM_CREDENTIALS names the credentials.json of a running <c>infra/run</c>, that one. Started by the first who connects.
/// </summary>
[CollectionDefinition(nameof(JourneySystem))]
public sealed class JourneySystem(TestServices services) : ICollectionFixture<JourneySystem>, IAsyncDisposable
{
    private KillSystem? system;

    /// <summary>True when somebody runs it and asked for the whole corpus.</summary>
    public static bool IsGiven => Environment.GetEnvironmentVariable("PLATFORM_CREDENTIALS") is not null;

    /// <summary>A gateway's client.</summary>
    public async Task<PlatformClient> ConnectAsync(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_CREDENTIALS") is { } path)
        {
            var given = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(path, ct));
            return await PlatformClient.ConnectAsync(
                new Uri(given.GetProperty("url").GetString()!),
                given.GetProperty("tenant").GetString()!,
                given.GetProperty("clientId").GetString()!,
                given.GetProperty("clientSecret").GetString()!,
                ct);
        }

        system ??= await StartAsync(ct);
        var gateway = system.Gateway;
        return await PlatformClient.ConnectAsync(system.Address, gateway.Slug, gateway.ClientId, gateway.ClientSecret, ct);
    }

    /// <summary>An administrator of the gateway's tenant.</summary>
    public async Task<PlatformClient> SignInAsAdministratorAsync(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_CREDENTIALS") is { } path)
        {
            var given = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(path, ct));
            var user = given.GetProperty("users").EnumerateArray().Single(u => u.GetProperty("role").GetString() == "administrator");
            return await PlatformClient.SignInAsync(
                new Uri(given.GetProperty("url").GetString()!),
                given.GetProperty("tenant").GetString()!,
                user.GetProperty("email").GetString()!,
                user.GetProperty("password").GetString()!,
                ct);
        }

        system ??= await StartAsync(ct);
        return await PlatformClient.SignInAsync(system.Address, system.Gateway.Slug, KillSystem.Administrator, ApiHost.Password, ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (system is not null)
        {
            await system.DisposeAsync();
        }
    }

    private async Task<KillSystem> StartAsync(CancellationToken ct)
    {
        var azurite = await services.AzuriteAsync();
        return await KillSystem.StartAsync(services, ct, new Dictionary<string, string?>(azurite.CreateContainer())
        {
            ["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "src/models/hippocampus-volume"),
        });
    }
}
