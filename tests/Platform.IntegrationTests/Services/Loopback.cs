using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Platform.Local.Processes;

namespace Platform.IntegrationTests.Services;

internal static class Loopback
{
    // Below what the system gives to outgoing connections, so that none of those takes it before the service does.
    private const int FirstPort = 12_000;
    private const int LastPort = 32_000;

    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(FirstPort, LastPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
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
