using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Platform.Local.Processes;

namespace Platform.IntegrationTests.Services;

/// <summary>
/// A RabbitMQ broker for tests: the system's program with a node name, ports, data and plug-ins of its own, and an epmd of its
/// own, so that it neither meets nor leaves anything. A virtual host per test keeps tests apart.
/// </summary>
public sealed class RabbitProcess : IAsyncDisposable
{
    private const string User = "guest";
    private const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);

    private readonly string folder = TestFolder.Create("rabbit");
    private readonly string node = $"platform{RandomNumberGenerator.GetHexString(8, lowercase: true)}@localhost";
    private readonly int managementPort = Loopback.FreePort();
    private readonly int distributionPort = Loopback.FreePort();
    private readonly int epmdPort = Loopback.FreePort();
    private readonly HttpClient management;
    private ServiceProcess? epmd;
    private ServiceProcess? broker;
    private int virtualHosts;

    private RabbitProcess()
    {
        management = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{managementPort}/api/") };
        var basic = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{User}:{User}"));
        management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", basic);
    }

    public int Port { get; } = Loopback.FreePort();

    private string LogPath => Path.Combine(folder, "rabbit.log");

    private string DataPath => Path.Combine(folder, "mnesia");

    public static async Task<RabbitProcess> StartAsync(CancellationToken ct)
    {
        if (!File.Exists(Server))
        {
            throw new InvalidOperationException("RabbitMQ is missing: apt-get install rabbitmq-server (infra/test does it where it may).");
        }

        var rabbit = new RabbitProcess();
        await rabbit.WriteConfigurationAsync(ct);
        await rabbit.StartBrokerAsync(ct);
        return rabbit;
    }

    /// <summary>Configuration of section <c>Bus</c> for a new virtual host.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> CreateVirtualHostAsync(CancellationToken ct)
    {
        var name = VirtualHost(Interlocked.Increment(ref virtualHosts));
        await CreateVirtualHostAsync(name, ct);
        return new Dictionary<string, string?>
        {
            ["Bus:Transport"] = "RabbitMq",
            ["Bus:Host"] = "127.0.0.1",
            ["Bus:Port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["Bus:VirtualHost"] = name,
            ["Bus:Username"] = User,
            ["Bus:Password"] = User,
        };
    }

    /// <summary>Messages in a queue, ready and un-acknowledged, as the broker counts them every second or so; null when there is no queue.</summary>
    public async Task<(int Ready, int Unacknowledged)?> QueueDepthAsync(string virtualHost, string queue, CancellationToken ct)
    {
        var path = new Uri($"queues/{Uri.EscapeDataString(virtualHost)}/{Uri.EscapeDataString(queue)}", UriKind.Relative);
        using var answer = await management.GetAsync(path, ct);
        if (!answer.IsSuccessStatusCode)
        {
            return null;
        }

        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(ct);
        int Count(string name) => body.TryGetProperty(name, out var value) ? value.GetInt32() : 0;
        return (Count("messages_ready"), Count("messages_unacknowledged"));
    }

    /// <summary>Takes every destination from an exchange: what is published to it is returned, until a consumer binds its queue again.</summary>
    public async Task UnbindAsync(string virtualHost, string exchange, CancellationToken ct)
    {
        var (host, source) = (Uri.EscapeDataString(virtualHost), Uri.EscapeDataString(exchange));
        var bindings = await management.GetFromJsonAsync<JsonElement>(new Uri($"exchanges/{host}/{source}/bindings/source", UriKind.Relative), ct);
        foreach (var binding in bindings.EnumerateArray())
        {
            string Part(string name) => Uri.EscapeDataString(binding.GetProperty(name).GetString()!);
            var kind = Part("destination_type")[..1]; // e: exchange, q: queue
            var path = $"bindings/{host}/e/{source}/{kind}/{Part("destination")}/{Part("properties_key")}";
            (await management.DeleteAsync(new Uri(path, UriKind.Relative), ct)).EnsureSuccessStatusCode();
        }
    }

    /// <summary>kill -9, then everything that it kept on disk is deleted, and an empty broker starts with the virtual hosts that there were.</summary>
    public async Task LoseDataAsync(CancellationToken ct)
    {
        await KillAsync();
        Directory.Delete(DataPath, recursive: true);
        await RestartAsync(ct);
        for (var number = 1; number <= virtualHosts; number++)
        {
            await CreateVirtualHostAsync(VirtualHost(number), ct);
        }
    }

    /// <summary>kill -9 of the broker.</summary>
    public Task KillAsync() => broker!.KillAsync();

    /// <summary>
    /// Stops and starts it in order, so that queues which were just made survive a kill: RabbitMQ 3.10 keeps the names of quorum
    /// queues in a table that it saves a moment later, and one that a kill leaves without its name never has a leader again.
    /// </summary>
    public async Task SettleAsync(CancellationToken ct)
    {
        await StopAsync();
        await RestartAsync(ct);
    }

    public Task StopAsync() => broker!.StopAsync(TimeSpan.FromSeconds(60));

    /// <summary>Starts it again on the same ports and data.</summary>
    public Task RestartAsync(CancellationToken ct) => StartBrokerAsync(ct);

    public async ValueTask DisposeAsync()
    {
        management.Dispose();
        if (broker is not null)
        {
            await broker.KillAsync(); // nothing in it outlives the test
            await broker.DisposeAsync();
        }

        if (epmd is not null)
        {
            await epmd.DisposeAsync();
        }
    }

    private static string VirtualHost(int number) => "test" + number.ToString(CultureInfo.InvariantCulture);

    private async Task CreateVirtualHostAsync(string name, CancellationToken ct)
    {
        (await management.PutAsync(new Uri($"vhosts/{name}", UriKind.Relative), null, ct)).EnsureSuccessStatusCode();
        var all = new { configure = ".*", write = ".*", read = ".*" };
        (await management.PutAsJsonAsync(new Uri($"permissions/{name}/{User}", UriKind.Relative), all, ct)).EnsureSuccessStatusCode();
    }

    private async Task WriteConfigurationAsync(CancellationToken ct)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "enabled_plugins"), "[rabbitmq_management].\n", ct);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "rabbitmq.conf"),
            $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {managementPort}
            collect_statistics_interval = 1000
            log.console = true
            log.console.level = warning
            log.file = false

            """,
            ct);
    }

    private async Task StartBrokerAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StartPatience);
        if (epmd is null or { IsRunning: false })
        {
            epmd = ServiceProcess.Start(new ServiceStart(
                "epmd",
                ["-port", epmdPort.ToString(CultureInfo.InvariantCulture), "-address", "127.0.0.1"],
                "TERM",
                Path.Combine(folder, "epmd.log")));
            await Loopback.ListeningAsync(epmdPort, epmd, Path.Combine(folder, "epmd.log"), limit.Token);
        }

        broker = ServiceProcess.Start(new ServiceStart(Server, [], "TERM", LogPath) { Environment = Environment(), WorkingDirectory = folder });
        await Loopback.ListeningAsync(Port, broker, LogPath, limit.Token);
        await Loopback.ListeningAsync(managementPort, broker, LogPath, limit.Token);
        while (!await AnswersAsync(limit.Token))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }
    }

    /// <summary>It listens a moment before it answers; and a connection of the pool may still be one to the broker before a kill.</summary>
    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await management.GetAsync(new Uri("vhosts", UriKind.Relative), ct);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Dictionary<string, string> Environment() => new()
    {
        ["HOME"] = folder,
        ["RABBITMQ_NODENAME"] = node,
        ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_NODE_PORT"] = Port.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_DIST_PORT"] = distributionPort.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_MNESIA_BASE"] = DataPath,
        ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder, "rabbitmq.conf"),
        ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(folder, "rabbitmq-env.conf"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder, "enabled_plugins"),
        ["RABBITMQ_PID_FILE"] = Path.Combine(folder, "rabbit.pid"),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["ERL_EPMD_PORT"] = epmdPort.ToString(CultureInfo.InvariantCulture),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
    };
}
