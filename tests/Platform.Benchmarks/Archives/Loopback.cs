using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Platform.Local.Processes;

namespace Platform.Benchmarks.Archives;

/// <summary>Addresses on this machine, and waiting until something answers there.</summary>
internal static class Loopback
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Uri FreeUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
    }

    /// <summary>Waits until the address answers with success; throws when the process leaves or two minutes pass.</summary>
    public static async Task AnswersAsync(Uri url, ServiceProcess process)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(url, limit.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            if (!process.IsRunning)
            {
                throw new InvalidOperationException($"What should answer at {url} has ended; its log says why.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
        }
    }
}
