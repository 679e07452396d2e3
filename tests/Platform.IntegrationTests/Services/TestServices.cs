using Xunit;

[assembly: AssemblyFixture(typeof(Platform.IntegrationTests.Services.TestServices))]

namespace Platform.IntegrationTests.Services;

/// <summary>
/// The services that all tests of a run share, each started when the first test asks. A test that kills a service starts its own:
/// <c>await using var postgres = await PostgresProcess.StartAsync(ct)</c>.
/// </summary>
public sealed class TestServices : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresProcess>> postgres = new(() => PostgresProcess.StartAsync(CancellationToken.None));
    private readonly Lazy<Task<RabbitProcess>> rabbit = new(() => RabbitProcess.StartAsync(CancellationToken.None));
    private readonly Lazy<Task<AzuriteProcess>> azurite = new(() => AzuriteProcess.StartAsync(CancellationToken.None));

    public Task<PostgresProcess> PostgresAsync() => postgres.Value;

    public Task<RabbitProcess> RabbitAsync() => rabbit.Value;

    public Task<AzuriteProcess> AzuriteAsync() => azurite.Value;

    public async ValueTask DisposeAsync()
    {
        await StopAsync(postgres);
        await StopAsync(rabbit);
        await StopAsync(azurite);
    }

    private static async Task StopAsync<T>(Lazy<Task<T>> service)
        where T : IAsyncDisposable
    {
        if (service.IsValueCreated)
        {
            await (await service.Value).DisposeAsync();
        }
    }
}
