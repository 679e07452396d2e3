using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts;
using Platform.Hosting;
using Platform.Hosting.Bus;
using Platform.Hosting.Health;
using Platform.IntegrationTests.Services;
using Xunit;

namespace Platform.IntegrationTests.Hosting;

public class BusTests(TestServices services)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_one_process_the_parts_of_a_host_meet_on_one_bus()
    {
        await using var host = await StartAsync(new Dictionary<string, string?> { ["Bus:Transport"] = "InMemory" }, bus =>
        {
            bus.Endpoint(QueueNames.RunRequested, EndpointKind.Durable).Consumer<RunRequestedRecorder>();
            bus.Endpoint("cancel", EndpointKind.Temporary).Consumer<CancelRecorder>();
        });
        var request = NewRequest();
        await host.Services.GetRequiredService<IBus>().Publish(request, Ct).WaitAsync(Patience, Ct);
        await host.Services.GetRequiredService<IBus>().Publish(new CancelRequested(request.TenantId, request.RunId), Ct);

        Assert.Equal(request, await Received<RunRequested>(host));
        Assert.Equal(request.RunId, (await Received<CancelRequested>(host)).RunId);
    }

    [Fact]
    public async Task Two_workers_share_the_requests_and_both_hear_a_cancellation()
    {
        var settings = await (await services.RabbitAsync()).CreateVirtualHostAsync(Ct);
        await using var first = await StartAsync(settings, Worker);
        await using var second = await StartAsync(settings, Worker);
        await HealthyAsync(first);
        await HealthyAsync(second);

        var bus = first.Services.GetRequiredService<IBus>();
        var request = NewRequest();
        await bus.Publish(request, Ct).WaitAsync(Patience, Ct);
        await bus.Publish(new CancelRequested(request.TenantId, request.RunId), Ct);

        Assert.Equal(request.RunId, (await Received<CancelRequested>(first)).RunId);
        Assert.Equal(request.RunId, (await Received<CancelRequested>(second)).RunId);
        await UntilAsync(() => Records(first).Requests.Count + Records(second).Requests.Count == 1);
    }

    [Fact]
    public async Task What_no_consumer_takes_is_delivered_ten_times_and_then_lies_in_the_dead_letter_queue()
    {
        var settings = await (await services.RabbitAsync()).CreateVirtualHostAsync(Ct);
        await using var host = await StartAsync(settings, bus =>
        {
            Worker(bus);
            bus.Endpoint(QueueNames.DeadLetter, EndpointKind.DeadLetter).Consumer<RunRequestedRecorder>().Consumer<StartedRecorder>();
        });
        await HealthyAsync(host);

        var started = new RunStarted(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), "w", default);
        var wrongQueue = await host.Services.GetRequiredService<IBus>().GetSendEndpoint(new Uri($"exchange:{QueueNames.RunRequested}"));
        await wrongQueue.Send(started, Ct).WaitAsync(Patience, Ct);

        Assert.Equal(started.RunId, (await Received<RunStarted>(host)).RunId);
    }

    [Fact]
    public async Task A_host_starts_without_its_broker_says_so_and_works_when_it_comes_and_comes_again()
    {
        await using var rabbit = await RabbitProcess.StartAsync(Ct);
        var settings = await rabbit.CreateVirtualHostAsync(Ct);
        await rabbit.StopAsync();
        await using var host = await StartAsync(settings, Worker);

        var away = await ReadyAsync(host);
        Assert.Equal("Degraded", away.GetProperty("status").GetString());
        Assert.Contains("RabbitMQ", away.GetProperty("checks")[1].GetProperty("advice").GetString(), StringComparison.Ordinal);

        await rabbit.RestartAsync(Ct);
        await HealthyAsync(host);
        var first = NewRequest();
        await host.Services.GetRequiredService<IBus>().Publish(first, Ct).WaitAsync(Patience, Ct);
        Assert.Equal(first, await Received<RunRequested>(host));

        // RabbitMQ 3.10 can lose a quorum queue that was made just before a kill; what is tested here is the host.
        await rabbit.SettleAsync(Ct);
        await HealthyAsync(host);
        await rabbit.KillAsync();
        var second = NewRequest();
        var publish = host.Services.GetRequiredService<IBus>().PublishConfirmedAsync(second, Ct);
        await rabbit.RestartAsync(Ct);
        await publish.WaitAsync(Patience, Ct);
        Assert.Equal(second, await Received<RunRequested>(host));
    }

    private static void Worker(PlatformBus bus)
    {
        bus.Endpoint(QueueNames.RunRequested, EndpointKind.Durable).Consumer<RunRequestedRecorder>().Concurrency = _ => 1;
        bus.Endpoint("cancel", EndpointKind.Temporary).Consumer<CancelRecorder>();
    }

    private static RunRequested NewRequest() => new(Guid.CreateVersion7(), Guid.CreateVersion7(), "t/runs/r/manifest.json", "routine");

    private static async Task<WebApplication> StartAsync(IReadOnlyDictionary<string, string?> settings, Action<PlatformBus> endpoints)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Configuration.AddInMemoryCollection([new("Blobs:Path", TestFolder.Create("blobs")), new("Blobs:MinimumFreeBytes", "0")]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<Recorded>();
        builder.AddPlatformHosting("test");
        builder.AddPlatformBus(endpoints);
        var app = builder.Build();
        app.MapPlatformHealth();
        await app.StartAsync(Ct);
        return app;
    }

    private static async Task<JsonElement> ReadyAsync(WebApplication host)
    {
        var address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        return await http.GetFromJsonAsync<JsonElement>("/health/ready", Ct);
    }

    private static Task HealthyAsync(WebApplication host) =>
        UntilAsync(async () => (await ReadyAsync(host)).GetProperty("status").GetString() == "Healthy");

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }
    }

    private static Recorded Records(WebApplication host) => host.Services.GetRequiredService<Recorded>();

    private static async Task<T> Received<T>(WebApplication host)
    {
        T? found = default;
        await UntilAsync(() => Records(host).Take(out found));
        return found!;
    }

    private sealed class Recorded
    {
        private readonly ConcurrentQueue<object> all = new();

        public ConcurrentBag<RunRequested> Requests { get; } = [];

        public void Add(object message)
        {
            if (message is RunRequested request)
            {
                Requests.Add(request);
            }

            all.Enqueue(message);
        }

        /// <summary>The oldest message of the type, taken once.</summary>
        public bool Take<T>(out T? message)
        {
            for (var left = all.Count; left > 0 && all.TryDequeue(out var candidate); left--)
            {
                if (candidate is T wanted)
                {
                    message = wanted;
                    return true;
                }

                all.Enqueue(candidate);
            }

            message = default;
            return false;
        }
    }

    private sealed class RunRequestedRecorder(Recorded recorded) : IConsumer<RunRequested>
    {
        public Task Consume(ConsumeContext<RunRequested> context)
        {
            recorded.Add(context.Message);
            return Task.CompletedTask;
        }
    }

    private sealed class CancelRecorder(Recorded recorded) : IConsumer<CancelRequested>
    {
        public Task Consume(ConsumeContext<CancelRequested> context)
        {
            recorded.Add(context.Message);
            return Task.CompletedTask;
        }
    }

    private sealed class StartedRecorder(Recorded recorded) : IConsumer<RunStarted>
    {
        public Task Consume(ConsumeContext<RunStarted> context)
        {
            recorded.Add(context.Message);
            return Task.CompletedTask;
        }
    }
}
