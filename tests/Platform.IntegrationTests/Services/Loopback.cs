using System.Net;
using System.Net.Sockets;
using Platform.Local.Processes;

namespace Platform.IntegrationTests.Services;

internal static class Loopback
{
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until something listens; throws with the end of the log when the service leaves first.</summary>
    public static async Task ListeningAsync(int port, ServiceProcess service, string logPath, CancellationToken ct)
    {
        while (true)
        {
            if (!service.IsRunning)
            {
                var log = await File.ReadAllLinesAsync(logPath, ct);
                throw new InvalidOperationException($"The service left:\n{string.Join('\n', log.TakeLast(20))}");
            }

            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, ct);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
            }
        }
    }
}
