using System.Net.Sockets;
using RabbitMQ.Client;

namespace Platform.Hosting.Bus;

/// <summary>
/// Holds a connection attempt back until the broker's port answers. The bus client would pause longer after each vain attempt, up to
/// half a minute and more; so a broker that is back is found within a second.
/// </summary>
internal static class BrokerPort
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the port answers, the host stops or a minute is over; the attempt itself then says what is wrong.</summary>
    public static async Task WaitAsync(ConnectionFactory factory, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Patience);
        while (!await AnswersAsync(factory.HostName, factory.Port, limit.Token))
        {
            await Task.Delay(Pause, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (limit.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static async Task<bool> AnswersAsync(string host, int port, CancellationToken ct)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, ct);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
