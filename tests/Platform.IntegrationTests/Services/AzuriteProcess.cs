using System.Globalization;
using System.Security.Cryptography;
using Platform.Local.Processes;

namespace Platform.IntegrationTests.Services;

/// <summary>
/// A blob service that speaks Azure's protocol, in memory. Not for kill tests: it acknowledges before anything is kept.
/// A container per test keeps tests apart.
/// </summary>
public sealed class AzuriteProcess : IAsyncDisposable
{
    private const string Account = "platformtests";

    private readonly ServiceProcess service;
    private readonly string key;
    private readonly int port;
    private int containers;

    private AzuriteProcess(ServiceProcess service, string key, int port)
    {
        this.service = service;
        this.key = key;
        this.port = port;
    }

    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/{Account};";

    public static async Task<AzuriteProcess> StartAsync(CancellationToken ct)
    {
        await Checkout.PreparedAsync();
        var folder = TestFolder.Create("azurite");
        var log = Path.Combine(folder, "azurite.log");
        var port = Loopback.FreePort();
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        string[] arguments =
        [
            Checkout.AzuriteBlob, "--blobHost", "127.0.0.1", "--blobPort", port.ToString(CultureInfo.InvariantCulture),
            "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck",
        ];
        var service = ServiceProcess.Start(new ServiceStart("node", arguments, "TERM", log)
        {
            Environment = new Dictionary<string, string> { ["AZURITE_ACCOUNTS"] = $"{Account}:{key}" },
            WorkingDirectory = folder,
        });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        await Loopback.ListeningAsync(port, service, log, limit.Token);
        return new AzuriteProcess(service, key, port);
    }

    /// <summary>Configuration of section <c>Blobs</c> for a new container.</summary>
    public IReadOnlyDictionary<string, string?> CreateContainer()
    {
        var number = Interlocked.Increment(ref containers);
        return new Dictionary<string, string?>
        {
            ["Blobs:Provider"] = "Azure",
            ["Blobs:ConnectionString"] = ConnectionString,
            ["Blobs:Container"] = string.Create(CultureInfo.InvariantCulture, $"test{number}"),
        };
    }

    public ValueTask DisposeAsync() => service.DisposeAsync();
}
