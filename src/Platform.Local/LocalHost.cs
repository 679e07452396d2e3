using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Console;
using Platform.Api;
using Platform.Inference;
using Platform.Local.Postgres;
using Platform.Local.Sample;

namespace Platform.Local;

/// <summary>
/// Everything in one process. Step 1: the data folder. Step 2: the database. Step 3: API and inference on one bus.
/// Step 4: on first start a tenant, its people and a gateway. Step 5: the sample studies. Step 6: <c>ready</c>, and serve until told
/// to stop; then the host first and the database last. Progress goes to standard output, whose last line is <c>ready</c>; logs go to
/// standard error.
/// </summary>
internal static class LocalHost
{
    public static async Task<int> RunAsync(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopOnSignal);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopOnSignal);
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, StopOnSignal);
        void StopOnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        try
        {
            await RunAsync(args, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (StartProblemException e)
        {
            await Console.Out.WriteLineAsync(e.Message);
            return 1;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync(e.ToString());
            await Console.Out.WriteLineAsync($"The platform stopped: {e.Message} The log, platform.log in the data folder, says more.");
            return 1;
        }
    }

    private static async Task RunAsync(string[] args, CancellationToken ct)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddCommandLine(args, LocalOptions.Switches.ToDictionary());
        var options = builder.Configuration.GetSection(LocalOptions.Section).Get<LocalOptions>() ?? new LocalOptions();

        // :: Step 1
        using var folder = DataFolder.Open(options.Data);

        // :: Step 2
        Say(Directory.Exists(folder.Database) ? "starting PostgreSQL" : "making the database");
        await using var postgres = await StartPostgresAsync(options, folder, ct);

        // :: Step 3
        Say("starting the platform");
        await using var app = Build(builder, options, folder, postgres);
        await StartAsync(app, options, ct);

        // :: Step 4
        var credentials = await FirstStart.RunAsync(app.Services, folder, options.Url, ct);

        // :: Step 5
        if (!File.Exists(folder.SampleShown))
        {
            await new SampleJourney(credentials, Console.Out).RunAsync(ct);
            await File.WriteAllTextAsync(folder.SampleShown, "", ct);
        }

        // :: Step 6
        var first = credentials.Users[0];
        Say($"the portal is at {options.Url.OriginalString}/: sign in as {first.Email} with {first.Password}");
        Console.WriteLine($"ready {credentials.ToLine()}");
        await Console.Out.FlushAsync(ct);
        await app.WaitForShutdownAsync(ct);
    }

    private static async Task<EmbeddedPostgres> StartPostgresAsync(LocalOptions options, DataFolder folder, CancellationToken ct)
    {
        if (options.Postgres is not { } programs || !File.Exists(Path.Combine(programs, "bin", "postgres")))
        {
            throw new StartProblemException("PostgreSQL is not where --postgres says; infra/run fetches it and passes its folder.");
        }

        return await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions(programs, folder.Database), ct);
    }

    private static WebApplication Build(
        WebApplicationBuilder builder, LocalOptions options, DataFolder folder, EmbeddedPostgres postgres)
    {
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Database:Admin"] = postgres.ConnectionString("platform"),
            ["Blobs:Provider"] = "File",
            ["Blobs:Path"] = folder.Blobs,
            ["Bus:Transport"] = "InMemory",
            ["AiModels:Packages:0"] = "models",
            ["Identity:AllowHttp"] = "true",
        });
        builder.WebHost.UseUrls(options.Url.OriginalString);
        builder.AddPlatformApi();
        builder.AddPlatformInference();
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        var app = builder.Build();
        app.MapPlatformApi();
        return app;
    }

    private static async Task StartAsync(WebApplication app, LocalOptions options, CancellationToken ct)
    {
        try
        {
            await app.StartAsync(ct);
        }
        catch (IOException e) when (e.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new StartProblemException($"Port {options.Port} is in use; choose another with --port.", e);
        }
    }

    private static void Say(string step) => Console.WriteLine($"- {step}");
}
