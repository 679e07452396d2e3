using MassTransit;

namespace Platform.Hosting.Bus;

public static class ConfirmedPublish
{
    private static readonly TimeSpan TryFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Publishes until the broker has confirmed that a queue holds it or <paramref name="ct"/> ends: mandatory, for a broker confirms
    /// also what no queue takes. A publish that was under way when the connection broke may never answer, so each try has its
    /// limit; the message may therefore arrive more than once.
    /// </summary>
    public static async Task PublishConfirmedAsync<T>(this IPublishEndpoint bus, T message, CancellationToken ct)
        where T : class
    {
        while (true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(TryFor);
            try
            {
                await bus.Publish(message, context => context.Mandatory = true, limit.Token).WaitAsync(limit.Token);
                return;
            }
            catch (Exception) when (!ct.IsCancellationRequested)
            {
                await Task.Delay(Pause, ct);
            }
        }
    }
}
