using System.Security.Cryptography;
using System.Text.Json;
using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Platform.Contracts;
using Platform.Hosting;
using Platform.Hosting.Blobs;
using Platform.Hosting.Bus;

namespace Platform.IntegrationTests.Runs;

/// <summary>
/// A worker that does what the test says, over the same broker, queue and blobs as the real one. It claims deliveries, beats,
/// and leaves computing to the test: what is tested is the API's half of the protocol.
/// </summary>
internal sealed class ScriptedWorker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly IHost host;
    private readonly Channel<Delivery> deliveries = Channel.CreateUnbounded<Delivery>();
    private readonly List<RunningRun> running = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly int slots;
    private Task beating = Task.CompletedTask;

    private ScriptedWorker(IHost host, int slots)
    {
        this.host = host;
        this.slots = slots;
    }

    public Guid Id { get; } = Guid.CreateVersion7();

    private IBus Bus => host.Services.GetRequiredService<IBus>();

    public static async Task<ScriptedWorker> StartAsync(
        IReadOnlyDictionary<string, string?> settings, int slots, TimeSpan beatInterval, CancellationToken ct, bool takesRuns = true)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddPlatformHosting("scripted-worker");
        builder.Logging.ClearProviders();
        builder.AddPlatformBus(bus =>
        {
            if (takesRuns)
            {
                var endpoint = bus.Endpoint(QueueNames.RunRequested, EndpointKind.Durable).Consumer<Claim>();
                endpoint.Concurrency = _ => slots;
            }
        });
        ScriptedWorker? worker = null;
        builder.Services.AddSingleton(_ => worker!);
        var host = builder.Build();
        worker = new ScriptedWorker(host, slots);
        await host.StartAsync(ct);
        worker.beating = worker.BeatAsync(beatInterval);
        return worker;
    }

    /// <summary>The next run that the broker delivers to this worker.</summary>
    public Task<Delivery> NextAsync(CancellationToken ct) => deliveries.Reader.ReadAsync(ct).AsTask().WaitAsync(Patience, ct);

    public bool TryNext(out Delivery? delivery) => deliveries.Reader.TryRead(out delivery);

    /// <summary>Sends a message as this worker would.</summary>
    public Task SendAsync<T>(T message, CancellationToken ct)
        where T : class => Bus.Publish(message, ct);

    /// <summary>As the broker does with a message that it gives up delivering.</summary>
    public async Task SendToDeadLetterAsync(RunRequested message, CancellationToken ct) =>
        await (await Bus.GetSendEndpoint(new Uri($"exchange:{QueueNames.DeadLetter}"))).Send(message, ct);

    /// <summary>Writes the result blob of an attempt and says that it succeeded.</summary>
    public async Task<RunFinished> WriteResultAsync(
        Guid tenantId, Guid runId, Guid attemptId, string hash, IReadOnlyList<ResultObject> objects, CancellationToken ct, ResultFile? outlines = null,
        bool hasFinding = true, IReadOnlyList<Finding>? findings = null, double computeSeconds = 0, QualityRecord? quality = null)
    {
        var finding = new Finding(
            "2.25.1", "2.25.2", new Code("BRIGHT", "99PLATFORM", "Bright region"), null, 1,
            [new Measurement(new Code("118565006", "SCT", "Volume"), 42, new Code("mm3", "UCUM", "cubic millimeter"))], null, null, null);
        var result = new RunResult(
            tenantId, runId, attemptId, "threshold", "1.0.0", "model", hash, "cpu", findings ?? (hasFinding ? [finding] : []), objects,
            new PhaseSeconds(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), [])
        {
            Outlines = outlines,
            Quality = quality,
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(result, PlatformJson.Options);
        var name = BlobNames.Attempt(tenantId, runId, attemptId, "result.json");
        await WriteAsync(name, bytes, ct);
        return new RunFinished(
            tenantId, runId, attemptId, Id, RunOutcome.Succeeded, name, Convert.ToHexStringLower(SHA256.HashData(bytes)), null, null,
            TimeProvider.System.GetUtcNow())
        {
            ComputeSeconds = computeSeconds,
            Device = "cpu",
        };
    }

    /// <summary>An image as a result object of a study.</summary>
    public async Task<ResultObject> WriteObjectAsync(RunManifest manifest, Guid attemptId, CancellationToken ct) =>
        (await WriteImagesAsync(manifest, attemptId, 1, ct))[0];

    /// <summary>Images of one new series as result objects of a study.</summary>
    public async Task<IReadOnlyList<ResultObject>> WriteImagesAsync(RunManifest manifest, Guid attemptId, int images, CancellationToken ct)
    {
        var (uid, files) = TestStudy.MakeImages(manifest.StudyInstanceUid, images);
        var objects = new List<ResultObject>();
        foreach (var bytes in files)
        {
            var number = objects.Count + 1;
            var name = BlobNames.Attempt(manifest.TenantId, manifest.RunId, attemptId, $"image-{number}.dcm");
            await WriteAsync(name, bytes, ct);
            objects.Add(new ResultObject(
                "1.2.840.10008.5.1.4.1.1.4", $"{uid}.{number}", uid, "1.2.840.10008.1.2.1", name, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        }

        return objects;
    }

    /// <summary>Writes the outlines of an attempt: one square.</summary>
    public async Task<ResultFile> WriteOutlinesAsync(Guid tenantId, Guid runId, Guid attemptId, CancellationToken ct)
    {
        var outlines = new RunOutlines(
            [new(1, "Bright", "#e69f00")], [new("2.25.3", 1, [new(1, [20, 10, 26, 10, 26, 15, 20, 15])])]);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(outlines, PlatformJson.Options);
        var name = BlobNames.Outlines(tenantId, runId, attemptId);
        await WriteAsync(name, bytes, ct);
        return new ResultFile(name, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    public async Task WriteAsync(string name, byte[] bytes, CancellationToken ct)
    {
        await using var blob = await host.Services.GetRequiredService<BlobStore>().CreateAsync(name, ct);
        await blob.WriteAsync(bytes, ct);
        await blob.CommitAsync(ct);
    }

    public async Task<RunManifest> ReadManifestAsync(RunRequested request, CancellationToken ct)
    {
        await using var blob = await host.Services.GetRequiredService<BlobStore>().OpenReadAsync(request.ManifestBlob, ct);
        return (await JsonSerializer.DeserializeAsync<RunManifest>(blob!, PlatformJson.Options, ct))!;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync(); // what it holds counts as acknowledged, or the host would wait for it
        await beating;
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
        stopping.Dispose();
    }

    private async Task BeatAsync(TimeSpan interval)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await PublishBeatAsync(stopping.Token);
                await Task.Delay(interval, stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private Task PublishBeatAsync(CancellationToken ct)
    {
        List<RunningRun> now;
        lock (running)
        {
            now = [.. running];
        }

        return Bus.Publish(new WorkerBeat(Id, "scripted", "cpu", slots, now, [], 0, 0, false, TimeProvider.System.GetUtcNow()), ct);
    }

    /// <summary>A claimed delivery; the message stays un-acknowledged until <see cref="Acknowledge"/>.</summary>
    internal sealed class Delivery(ScriptedWorker worker, RunRequested request, TaskCompletionSource acknowledged)
    {
        public RunRequested Request { get; } = request;

        public Guid AttemptId { get; } = Guid.CreateVersion7();

        public Task StartAsync(CancellationToken ct) => worker.SendAsync(
            new RunStarted(Request.TenantId, Request.RunId, AttemptId, worker.Id, "scripted", TimeProvider.System.GetUtcNow()), ct);

        public async Task SucceedAsync(
            CancellationToken ct, IReadOnlyList<Finding>? findings = null, IReadOnlyList<ResultObject>? objects = null, double computeSeconds = 0,
            QualityRecord? quality = null)
        {
            await worker.SendAsync(
                await worker.WriteResultAsync(
                    Request.TenantId, Request.RunId, AttemptId, "result-hash", objects ?? [], ct, findings: findings, computeSeconds: computeSeconds, quality: quality),
                ct);
            Acknowledge();
        }

        public async Task EndAsync(RunOutcome outcome, string code, CancellationToken ct)
        {
            await worker.SendAsync(
                new RunFinished(
                    Request.TenantId, Request.RunId, AttemptId, worker.Id, outcome, null, null, code, "As the test said.", TimeProvider.System.GetUtcNow()),
                ct);
            Acknowledge();
        }

        public void Acknowledge() => acknowledged.TrySetResult();

        internal RunningRun Running() => new(Request.TenantId, Request.RunId, AttemptId, "scripted", 0);
    }

    private sealed class Claim(ScriptedWorker worker) : IConsumer<RunRequested>
    {
        public async Task Consume(ConsumeContext<RunRequested> context)
        {
            var acknowledged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var delivery = new Delivery(worker, context.Message, acknowledged);
            lock (worker.running)
            {
                worker.running.Add(delivery.Running());
            }

            await worker.deliveries.Writer.WriteAsync(delivery, context.CancellationToken);
            try
            {
                await acknowledged.Task.WaitAsync(worker.stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                lock (worker.running)
                {
                    worker.running.RemoveAll(r => r.AttemptId == delivery.AttemptId);
                }
            }
        }
    }
}
