using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Platform.Api.Security;
using Platform.Api.Tenants;
using Platform.IntegrationTests.Hosts;
using Platform.IntegrationTests.Services;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Kills;

internal enum Victim
{
    Api,
    Worker,
    Postgres,
    Rabbit,
}

/// <summary>What was going on at an instant, as the tables and PostgreSQL itself say.</summary>
internal sealed record InFlight(int Publishes, int Computes, int Commits);

/// <summary>API, worker, PostgreSQL and RabbitMQ as processes that can be killed, on one file store.</summary>
internal sealed class KillSystem : IAsyncDisposable
{
    /// <summary>The tenant's administrator; the password is <see cref="ApiHost.Password"/>.</summary>
    public const string Administrator = "administrator@kills.test";

    /// <summary>Three tenants, so that what goes to the wrong one is seen.</summary>
    private static readonly string[] Slugs = ["kills", "kills-north", "kills-south"];

    private const string Health = "health/live";
    private const int SigKill = 9;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(1);

    private readonly PostgresProcess postgres;
    private readonly RabbitProcess rabbit;
    private readonly Dictionary<string, string> environment;
    private readonly string folder;
    private readonly string database;
    private readonly int apiPort = Loopback.FreePort();
    private readonly int workerPort = Loopback.FreePort();
    private readonly Dictionary<Victim, ServiceProcess> processes = [];
    private readonly List<ServiceProcess> replicas = [];
    private readonly Dictionary<string, ServiceProcess> workers = [];

    private KillSystem(PostgresProcess postgres, RabbitProcess rabbit, string database, string folder, Dictionary<string, string> environment)
    {
        this.postgres = postgres;
        this.rabbit = rabbit;
        this.database = database;
        this.folder = folder;
        this.environment = environment;
    }

    /// <summary>One of each tenant.</summary>
    public required IReadOnlyList<GatewayAccess> Gateways { get; init; }

    /// <summary>That of the first tenant, which <see cref="Administrator"/> runs.</summary>
    public GatewayAccess Gateway => Gateways[0];

    public Uri Address => new($"http://127.0.0.1:{apiPort}/");

    /// <param name="overrides">Settings in place of the kill tests' own: another blob store, another model.</param>
    public static async Task<KillSystem> StartAsync(
        TestServices services, CancellationToken ct, IReadOnlyDictionary<string, string?>? overrides = null)
    {
        var postgres = await PostgresProcess.StartAsync(ct, keepsCommits: true);
        var rabbit = await RabbitProcess.StartAsync(ct);
        var folder = TestFolder.Create("kills");
        var database = await ApiDatabase.CreateAsync(postgres, ct);
        var settings = new Dictionary<string, string?>(database.Concat(await rabbit.CreateVirtualHostAsync(ct)))
        {
            ["Blobs:Provider"] = "File",
            ["Blobs:Path"] = Path.Combine(folder, "blobs"),
            ["Blobs:MinimumFreeBytes"] = "0",
            ["Identity:AllowHttp"] = "true",
            ["AiModels:Packages:0"] = Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/threshold"),
            ["Dispatch:BeatInterval"] = "00:00:01",
            ["Dispatch:LostAfter"] = "00:00:05",
            ["Inference:BeatInterval"] = "00:00:01",
        };

        foreach (var (key, value) in overrides ?? new Dictionary<string, string?>())
        {
            settings[key] = value;
        }

        // Tenants, gateways and the administrator are made by the API's own code, before the API runs as a process of its own.
        var gateways = new List<GatewayAccess>();
        await using (var setup = new SetupHost(services, settings))
        {
            await setup.InitializeAsync();
            foreach (var slug in Slugs)
            {
                var client = await setup.GatewayAsync(slug, ct);
                gateways.Add(new GatewayAccess(slug, client.ClientId, client.ClientSecret));
            }

            await using var scope = setup.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<TenantSetup>().AddPersonAsync(
                await setup.TenantAsync(Slugs[0]), Administrator, "Administrator", ApiHost.Password, Role.TenantAdministrator, ct);
        }

        var environment = settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value!);
        var system = new KillSystem(postgres, rabbit, new NpgsqlConnectionStringBuilder(database["Database:App"]).Database!, folder, environment) { Gateways = gateways };
        system.environment["DOTNET_gcServer"] = "0";
        system.Start(Victim.Worker);
        await system.StartApiAsync(ct);
        return system;
    }

    /// <summary>Once everything has worked once: what was made for the first time is made for good.</summary>
    public Task SettleAsync(CancellationToken ct) => rabbit.SettleAsync(ct);

    public Task KillAsync(Victim victim) => victim switch
    {
        Victim.Postgres => postgres.KillAsync(),
        Victim.Rabbit => rabbit.KillAsync(),
        _ => processes[victim].KillAsync(),
    };

    public async Task RestartAsync(Victim victim, CancellationToken ct)
    {
        switch (victim)
        {
            case Victim.Api:
                await StartApiAsync(ct);
                break;
            case Victim.Worker:
                Start(Victim.Worker);
                break;
            case Victim.Postgres:
                await postgres.RestartAsync(ct);
                NpgsqlConnection.ClearAllPools(); // this process's own connections led to the one that was killed
                break;
            default:
                await rabbit.RestartAsync(ct);
                break;
        }
    }

    /// <summary>One more API on the same services, beside the one that can be killed; its address.</summary>
    public async Task<Uri> StartReplicaAsync(CancellationToken ct)
    {
        var port = Loopback.FreePort();
        var replica = Start("Platform.Api", port);
        replicas.Add(replica);
        var address = new Uri($"http://127.0.0.1:{port}/");
        await AnswersAsync(replica, address, ct);
        return address;
    }

    /// <summary>One more worker beside the one that can be killed, under a name of its own.</summary>
    public void StartWorker(string name) => workers[name] = Start(
        "Platform.Inference", Loopback.FreePort(), new() { ["Inference__Name"] = name });

    /// <summary>Asks (SIGTERM) a worker to leave and waits until it has, with all its children; its exit code.</summary>
    public async Task<int> LeaveAsync(string name, CancellationToken ct)
    {
        await workers[name].StopAsync(StartPatience);
        return await workers[name].WaitForExitAsync(ct);
    }

    /// <summary>Stops (SIGSTOP) a worker and its children where they are, or lets them go on (SIGCONT).</summary>
    public void Pause(string name, bool goesOn = false) =>
        Assert.True(ServiceProcess.Signal(-workers[name].GroupId, goesOn ? SigCont : SigStop), $"worker {name} is gone");

    /// <summary>
    /// Ends the child of a worker that computes its run, as abort() in native code would; false when there is none. (By SIGKILL: the
    /// .NET runtime goes on after a SIGABRT that comes from outside.)
    /// </summary>
    public bool KillComputing(string name)
    {
        // A worker has children for previews, too; they are nicer.
        var computing = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(ProcessFacts.Read)
            .OfType<ProcessFacts>()
            .Where(p => p.GroupId == workers[name].GroupId && p.CommandLine.Contains("--compute", StringComparison.Ordinal))
            .MinBy(p => p.Niceness);
        return computing is not null && ServiceProcess.Signal(computing.Id, SigKill);
    }

    /// <summary>Kills the broker, deletes its data, and starts an empty one with what an operator sets up: virtual hosts and permissions.</summary>
    public Task LoseBrokerAsync(CancellationToken ct) => rabbit.LoseDataAsync(ct);

    /// <summary>The client port of the connection that holds the dispatcher's lock; null while nobody does.</summary>
    public async Task<int?> LeaderAsync(CancellationToken ct)
    {
        var rows = await QueryAsync(
            """
            select a.client_port from pg_locks l join pg_stat_activity a using (pid)
            where l.locktype = 'advisory' and l.granted and l.classid::bigint = x'506C6174'::bigint and l.objid::bigint = x'64697370'::bigint
              and a.datname = current_database()
            """,
            ct);
        return rows is [[int port]] ? port : null;
    }

    /// <summary>What is going on now; null while the database does not answer.</summary>
    public async Task<InFlight?> LookAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(postgres.ConnectionString(database));
            await connection.OpenAsync(ct);
            await using var command = new NpgsqlCommand(
                """
                select (select count(*) from outbox where sent_at is null)::int,
                       (select count(*) from runs where status = 'Running')::int,
                       (select count(*) from pg_stat_activity where usename = 'platform_app' and backend_xid is not null)::int
                """,
                connection);
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            return new InFlight(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2));
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    /// <summary>Rows of a query by the superuser, past every tenant's wall.</summary>
    public async Task<List<object?[]>> QueryAsync(string sql, CancellationToken ct)
    {
        // Not pooled: a pooled connection may be to a server that has been killed since.
        await using var connection = new NpgsqlConnection(postgres.ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(ct))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add([.. row.Select(v => v is DBNull ? null : v)]);
        }

        return rows;
    }

    /// <summary>The last warnings and errors of the API and the worker; they hold no patient value.</summary>
    public string Logs() => string.Join('\n', ((string[])["Platform.Api", "Platform.Inference"])
        .Select(name => Path.Combine(folder, name + ".log"))
        .Where(File.Exists)
        .SelectMany(path => File.ReadLines(path)
            .Where(line => line.Contains(" warn: ", StringComparison.Ordinal) || line.Contains(" fail: ", StringComparison.Ordinal))
            .TakeLast(15)
            .Select(line => line[..Math.Min(line.Length, 300)])
            .Prepend($"--- {Path.GetFileName(path)}")));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes.Values.Concat(replicas).Concat(workers.Values))
        {
            await process.KillAsync();
            await process.DisposeAsync();
        }

        await rabbit.DisposeAsync();
        await postgres.DisposeAsync();
    }

    private async Task StartApiAsync(CancellationToken ct) => await AnswersAsync(Start(Victim.Api), Address, ct);

    private async Task AnswersAsync(ServiceProcess api, Uri address, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StartPatience);
        using var http = new HttpClient { BaseAddress = address };
        while (true)
        {
            if (!api.IsRunning)
            {
                throw new InvalidOperationException($"The API left:\n{Logs()}");
            }

            try
            {
                using var answer = await http.GetAsync(new Uri(Health, UriKind.Relative), limit.Token);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }
    }

    private ServiceProcess Start(Victim victim) => processes[victim] = victim == Victim.Api
        ? Start("Platform.Api", apiPort)
        : Start("Platform.Inference", workerPort);

    private ServiceProcess Start(string project, int port, Dictionary<string, string>? settings = null)
    {
        // Beside this suite's own output, in the same configuration.
        var output = AppContext.BaseDirectory.Replace("Platform.IntegrationTests", project, StringComparison.Ordinal);
        return ServiceProcess.Start(new ServiceStart(
            "dotnet", [Path.Combine(output, project + ".dll")], "TERM", Path.Combine(folder, project + ".log"))
        {
            Environment = new Dictionary<string, string>(environment.Concat(settings ?? [])) { ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}" },
            WorkingDirectory = folder,
        });
    }
}

/// <summary>A process as /proc has it.</summary>
internal sealed record ProcessFacts(int Id, int GroupId, int Niceness, string CommandLine)
{
    /// <summary>Null when it has ended.</summary>
    public static ProcessFacts? Read(int id)
    {
        try
        {
            // The name stands in brackets and may hold anything; behind it: state, parent, process group …, the seventeenth is the niceness.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new(
                id,
                int.Parse(fields[2], CultureInfo.InvariantCulture),
                int.Parse(fields[16], CultureInfo.InvariantCulture),
                File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' '));
        }
        catch (IOException)
        {
            return null;
        }
    }
}

/// <summary>An API in this process, on the services that are to be killed later.</summary>
internal sealed class SetupHost : ApiHost
{
    public SetupHost(TestServices services, Dictionary<string, string?> settings)
        : base(services)
    {
        foreach (var (key, value) in settings)
        {
            Settings[key] = value;
        }
    }

    // Without the services that the other tests share.
    public override async ValueTask InitializeAsync() => await RestartAsync(CancellationToken.None);
}

/// <summary>What a gateway needs to send studies.</summary>
internal sealed record GatewayAccess(string Slug, string ClientId, string ClientSecret)
{
    public async Task<string> TokenAsync(HttpClient http, CancellationToken ct)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = ClientId,
            ["client_secret"] = ClientSecret,
        });
        using var answer = await http.PostAsync(new Uri("connect/token", UriKind.Relative), form, ct);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("access_token").GetString()!;
    }
}
