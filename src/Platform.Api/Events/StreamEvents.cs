using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Api.Data;
using Platform.Api.Security;

namespace Platform.Api.Events;

/// <summary>
/// GET /t/{tenant}/events: the tenant's changes as server-sent events. Nothing is replayed: after <c>ready</c> or <c>resync</c> read
/// again what you show, so a Last-Event-ID is accepted and needs no answer.
/// </summary>
internal static class StreamEvents
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    // The browser comes back by itself, and its membership is looked up again.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public sealed record Event(Guid Id, string State);

    public static void MapStreamEvents(this IEndpointRouteBuilder tenant) => tenant
        .MapGet("events", Handle)
        .RequireAuthorization(Policy.ReadStudies)
        .WithoutTenantTransaction()
        .WithName(nameof(StreamEvents))
        .WithTags("Events")
        .Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
        .ProducesProblem(StatusCodes.Status404NotFound);

    private static ServerSentEventsResult<Event> Handle(
        CurrentTenant tenant, ChangeListener listener, IHostApplicationLifetime host, TimeProvider clock, HttpResponse response)
    {
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold events back
        return TypedResults.ServerSentEvents(StreamAsync(tenant.Id, listener, host, clock, CancellationToken.None));
    }

    private static async IAsyncEnumerable<SseItem<Event>> StreamAsync(
        Guid tenantId,
        ChangeListener listener,
        IHostApplicationLifetime host,
        TimeProvider clock,
        [EnumeratorCancellation] CancellationToken ct)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(host.ApplicationStopping, ct);
        using var subscription = listener.Subscribe(tenantId);
        var until = clock.GetUtcNow() + Longest;
        yield return new SseItem<Event>(new Event(Guid.Empty, "open"), "ready") { ReconnectionInterval = TimeSpan.FromSeconds(3) };
        while (clock.GetUtcNow() < until && !both.IsCancellationRequested)
        {
            Change? change;
            try
            {
                change = await subscription.NextAsync(Heartbeat, clock, both.Token);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }

            yield return change is null
                ? new SseItem<Event>(new Event(Guid.Empty, "alive"), "heartbeat")
                : new SseItem<Event>(new Event(change.Id, change.State), change.Kind) { EventId = Guid.CreateVersion7().ToString() };
        }
    }
}
