using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;
using Platform.Local.Processes;

namespace Platform.Local.Postgres;

/// <summary>Where the server's programs and its data are.</summary>
/// <param name="ProgramsPath">Folder with <c>bin/postgres</c> and <c>bin/initdb</c>.</param>
/// <param name="DataPath">Folder for the cluster and its password; made when missing.</param>
public sealed record EmbeddedPostgresOptions(string ProgramsPath, string DataPath)
{
    /// <summary>Loopback port; 0 takes a free one at each start.</summary>
    public int Port { get; init; }

    /// <summary>Server settings besides those that this class decides.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// PostgreSQL as a child: a cluster with checksums in its own folder, on loopback, with a random password. PostgreSQL refuses to
/// run as root, and as a user whom the system cannot name (a container's number); both run it in a user namespace as nobody. Where
/// namespaces are forbidden, as in most containers, root runs it as nobody himself.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const string Superuser = "postgres";

    // Must have a name in /etc/passwd; every distribution has this one.
    private const int Nobody = 65534;

    private const int Interrupt = 2;
    private const int Quit = 3;
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    private static readonly string[] InNamespace = ["--user", $"--map-user={Nobody}", $"--map-group={Nobody}"];

    // With the right to pass folders that are root's alone, such as root's home.
    private static readonly string[] AsNobody =
    [
        "--reuid", $"{Nobody}", "--regid", $"{Nobody}", "--clear-groups", "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override",
    ];

    private readonly EmbeddedPostgresOptions options;
    private readonly string password;
    private bool hasNamespaces;
    private ServiceProcess? server;

    private EmbeddedPostgres(EmbeddedPostgresOptions options, string password)
    {
        this.options = options;
        this.password = password;
    }

    public int Port { get; private set; }

    private string Cluster => Path.Combine(options.DataPath, "cluster");

    private string LogPath => Path.Combine(options.DataPath, "postgres.log");

    private string PidFile => Path.Combine(Cluster, "postmaster.pid");

    /// <summary>Makes the cluster where there is none, stops a server that a killed process left behind, and starts.</summary>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken ct)
    {
        Directory.CreateDirectory(
            options.DataPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var passwordFile = Path.Combine(options.DataPath, "password");
        var postgres = new EmbeddedPostgres(options, await ReadOrMakePasswordAsync(passwordFile, ct))
        {
            hasNamespaces = Environment.IsPrivilegedProcess && await SucceedsAsync("unshare", [.. InNamespace, "true"], ct),
        };
        if (!File.Exists(Path.Combine(postgres.Cluster, "PG_VERSION")))
        {
            await postgres.MakeClusterAsync(passwordFile, ct);
        }

        await postgres.StartAsync(ct);
        return postgres;
    }

    /// <summary>Connection string of the superuser, who makes databases and roles.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = Superuser,
        Password = password,
        Database = database,
    }.ConnectionString;

    /// <summary>Starts it, also again after <see cref="KillAsync"/> or <see cref="StopAsync"/>; then on the same port.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        await StopOrphanAsync(ct);
        await OwnAsync(ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(StartPatience);
        while (true)
        {
            var port = Port != 0 ? Port : options.Port != 0 ? options.Port : FreePort();
            server = ServiceProcess.Start(Command("postgres", ServerArguments(port)));
            if (await AnswersAsync(server, port, limit.Token))
            {
                Port = port;
                return;
            }

            // After a kill the first start can meet the lock file or the shared memory of the dying server.
            await server.DisposeAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token);
        }
    }

    /// <summary>Fast shutdown: connections are ended, everything is written.</summary>
    public Task StopAsync() => server?.StopAsync(TimeSpan.FromSeconds(60)) ?? Task.CompletedTask;

    /// <summary>kill -9 of the server and its workers.</summary>
    public Task KillAsync() => server?.KillAsync() ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await StopAsync();
            await server.DisposeAsync();
        }
    }

    private static async Task<string> ReadOrMakePasswordAsync(string path, CancellationToken ct)
    {
        if (File.Exists(path))
        {
            return (await File.ReadAllTextAsync(path, ct)).Trim();
        }

        var password = RandomNumberGenerator.GetHexString(40, lowercase: true);
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await using var writer = new StreamWriter(file);
        await writer.WriteLineAsync(password.AsMemory(), ct);
        return password;
    }

    private async Task MakeClusterAsync(string passwordFile, CancellationToken ct)
    {
        // Made beside and renamed when whole: a half-made cluster is never taken for one.
        var half = Cluster + ".new";
        if (Directory.Exists(half))
        {
            Directory.Delete(half, recursive: true);
        }

        await using var initdb = ServiceProcess.Start(Command(
            "initdb",
            [
                "--pgdata", half, "--username", Superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256", "--data-checksums",
                "--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
            ]));
        if (await initdb.WaitForExitAsync(ct) != 0)
        {
            throw new InvalidOperationException($"PostgreSQL could not make its data folder; {LogPath} says why.");
        }

        Directory.Move(half, Cluster);
    }

    private List<string> ServerArguments(int port)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "",
            ["password_encryption"] = "scram-sha-256",

            // No statement, parameter or key value in the log: they may be a patient's.
            ["log_min_error_statement"] = "panic",
            ["log_error_verbosity"] = "terse",
            ["log_parameter_max_length"] = "0",
        };
        foreach (var (name, value) in options.Settings)
        {
            settings[name] = value;
        }

        return ["-D", Cluster, .. settings.SelectMany(s => (string[])["-c", $"{s.Key}={s.Value}"])];
    }

    private ServiceStart Command(string program, IReadOnlyList<string> arguments)
    {
        var path = Path.Combine(options.ProgramsPath, "bin", program);
        if (!Environment.IsPrivilegedProcess && !string.IsNullOrEmpty(Environment.UserName))
        {
            return new ServiceStart(path, arguments, "INT", LogPath);
        }

        return hasNamespaces || !Environment.IsPrivilegedProcess
            ? new ServiceStart("unshare", [.. InNamespace, path, .. arguments], "INT", LogPath)
            : new ServiceStart("setpriv", [.. AsNobody, path, .. arguments], "INT", LogPath);
    }

    /// <summary>The cluster belongs to whom the server runs as: its folder may have been filled on another machine.</summary>
    private async Task OwnAsync(CancellationToken ct)
    {
        const string Own = """
            case "$(stat -c %u "$1")" in "$2") ;; 0|65534) chown -R "$2:$2" "$1" ;; *) exit 1 ;; esac
            """;
        var owner = hasNamespaces ? 0 : Nobody; // inside a namespace root's files are nobody's
        if (Environment.IsPrivilegedProcess && !await SucceedsAsync("sh", ["-c", Own, "sh", Cluster, $"{owner}"], ct))
        {
            throw new InvalidOperationException($"{Cluster} belongs to another user: start as that user, or give the folder to user {owner} (chown -R).");
        }
    }

    private static async Task<bool> SucceedsAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        await process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0;
    }

    private async Task<bool> AnswersAsync(ServiceProcess starting, int port, CancellationToken ct)
    {
        var target = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = Superuser,
            Password = password,
            Database = Superuser,
            Pooling = false,
            Timeout = 5,
        };
        while (starting.IsRunning)
        {
            try
            {
                await using var connection = new NpgsqlConnection(target.ConnectionString);
                await connection.OpenAsync(ct);
                return true;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
            }
        }

        return false;
    }

    /// <summary>A server of this cluster that outlived its parent. The caller holds the data folder's lock, so nobody else uses it.</summary>
    private async Task StopOrphanAsync(CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (OrphanId() is { } id)
        {
            // Fast shutdown first; after ten seconds immediate, which is safe and only makes the next start recover.
            var patience = TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10);
            ServiceProcess.Signal(id, patience ? Interrupt : Quit);
            await Task.Delay(TimeSpan.FromMilliseconds(300), ct);
        }
    }

    private int? OrphanId()
    {
        try
        {
            var id = int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture);
            using var process = Process.GetProcessById(id);
            var isOurs = File.ReadAllText($"/proc/{id}/cmdline").Contains(Cluster, StringComparison.Ordinal);
            return isOurs ? id : null;
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or FormatException)
        {
            return null; // no file, no such process, or a file that was being written
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
