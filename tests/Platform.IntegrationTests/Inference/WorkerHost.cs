using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;
using Platform.Inference;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Inference;

/// <summary>A real worker with real compute children, on a virtual host of RabbitMQ and a blob folder of its own; it hears what it says.</summary>
public sealed class WorkerHost(TestServices services) : IAsyncLifetime
{
    private readonly Heard heard = new();
    private IHost? host;

    /// <summary>What differs from the defaults; set before it starts.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    /// <summary>False where an API hears what it says of runs.</summary>
    public bool HearsRuns { get; init; } = true;

    public BlobStore Blobs => Running.Services.GetRequiredService<BlobStore>();

    public IReadOnlyCollection<WorkerBeat> Beats => heard.Beats;

    private IHost Running => host ?? throw new InvalidOperationException("The worker has not started.");

    public async ValueTask InitializeAsync()
    {
        foreach (var (key, value) in await (await services.RabbitAsync()).CreateVirtualHostAsync(CancellationToken.None))
        {
            Settings.TryAdd(key, value);
        }

        Settings.TryAdd("Blobs:Provider", "File");
        Settings.TryAdd("Blobs:Path", TestFolder.Create("worker-blobs"));
        Settings.TryAdd("Inference:ScratchPath", TestFolder.Create("worker-scratch"));
        Settings.TryAdd("Inference:BeatInterval", "00:00:00.5");

        // The test process is no host: the worker's own dll lies beside it.
        Settings.TryAdd("Inference:ChildCommand", Path.Combine(AppContext.BaseDirectory, "Platform.Inference.dll"));
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Services.AddSingleton(heard);
        builder.AddPlatformInference();
        if (HearsRuns)
        {
            builder.AddPlatformBus(bus => bus.Endpoint(QueueNames.RunEvents, EndpointKind.Durable).Consumer<Listener>());
        }

        builder.AddPlatformBus(bus => bus.Endpoint("beats", EndpointKind.Temporary).Consumer<BeatListener>());
        host = builder.Build();
        await host.StartAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (Running.Services.GetRequiredService<IBusControl>().CheckHealth().Status != BusHealthStatus.Healthy)
        {
            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary>As on SIGTERM.</summary>
    public async Task StopAsync()
    {
        await Running.StopAsync();
        (host as IDisposable)?.Dispose();
        host = null;
    }

    public async Task RequestAsync(RunManifest manifest) => await Running.Services.GetRequiredService<IBus>().Publish(
        new RunRequested(manifest.TenantId, manifest.RunId, BlobNames.Manifest(manifest.TenantId, manifest.RunId), "Routine"));

    public async Task CancelAsync(RunManifest manifest) =>
        await Running.Services.GetRequiredService<IBus>().Publish(new CancelRequested(manifest.TenantId, manifest.RunId));

    /// <summary>Sends a run to the worker and waits for its next end.</summary>
    public async Task<RunFinished> RunAsync(RunManifest manifest)
    {
        var before = heard.Finished.Count(f => f.RunId == manifest.RunId);
        await RequestAsync(manifest);
        return await FinishedAsync(manifest, before);
    }

    public async Task<RunFinished> FinishedAsync(RunManifest manifest, int before = 0)
    {
        await UntilAsync(() => heard.Finished.Count(f => f.RunId == manifest.RunId) > before);
        return heard.Finished.Where(f => f.RunId == manifest.RunId).ElementAt(before);
    }

    public async Task<RunStarted> StartedAsync(RunManifest manifest)
    {
        await UntilAsync(() => heard.Started.Any(s => s.RunId == manifest.RunId));
        return heard.Started.First(s => s.RunId == manifest.RunId);
    }

    /// <summary>Waits until a beat shows the run in a phase.</summary>
    public Task PhaseAsync(RunManifest manifest, string phase) =>
        UntilAsync(() => Beats.Any(b => b.Running.Any(r => r.RunId == manifest.RunId && r.Phase == phase)));

    public async Task<RunResult> ResultAsync(RunFinished finished)
    {
        Assert.Equal((RunOutcome.Succeeded, null), (finished.Outcome, finished.ReasonCode));
        await using var blob = await Blobs.OpenReadAsync(finished.ResultBlob!, CancellationToken.None);
        return (await JsonSerializer.DeserializeAsync<RunResult>(blob!, PlatformJson.Options))!;
    }

    public async Task UntilAsync(Func<bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        while (!holds())
        {
            await heard.NextAsync(limit.Token);
        }
    }

    /// <summary>Compute children of this process.</summary>
    public static IReadOnlyList<Process> Children() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out var id) && IsChild(id))
            .Select(name => Process.GetProcessById(int.Parse(name!, CultureInfo.InvariantCulture))),
    ];

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
        {
            await StopAsync();
        }
    }

    private static bool IsChild(int id)
    {
        try
        {
            var parent = File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].Split(' ')[1];
            return parent == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
                && File.ReadAllText($"/proc/{id}/cmdline").Contains("--compute", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    internal sealed class Heard
    {
        private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<RunStarted> Started { get; } = [];

        public ConcurrentQueue<RunFinished> Finished { get; } = [];

        public ConcurrentQueue<WorkerBeat> Beats { get; } = [];

        public void Tell() => Interlocked.Exchange(ref next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        // The limit on a wait covers a message that came between the look and the wait: beats come all the time.
        public Task NextAsync(CancellationToken ct) => Volatile.Read(ref next).Task.WaitAsync(ct);
    }

    internal sealed class Listener(Heard heard) : IConsumer<RunStarted>, IConsumer<RunFinished>
    {
        public Task Consume(ConsumeContext<RunStarted> context)
        {
            heard.Started.Enqueue(context.Message);
            heard.Tell();
            return Task.CompletedTask;
        }

        public Task Consume(ConsumeContext<RunFinished> context)
        {
            heard.Finished.Enqueue(context.Message);
            heard.Tell();
            return Task.CompletedTask;
        }
    }

    internal sealed class BeatListener(Heard heard) : IConsumer<WorkerBeat>
    {
        public Task Consume(ConsumeContext<WorkerBeat> context)
        {
            heard.Beats.Enqueue(context.Message);
            heard.Tell();
            return Task.CompletedTask;
        }
    }
}
