using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>Programs of DCMTK, run as a peer.</summary>
/// <remarks>Where they are not installed, a test says so and passes; with CI=true the absence is a failure.</remarks>
internal static class Dcmtk
{
    /// <summary>False, after a line to the test's output, where a program is not installed.</summary>
    public static bool Has(string program)
    {
        if (Find(program) is not null)
        {
            return true;
        }

        Assert.False(
            string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
            $"{program} absent: with CI=true DCMTK must be installed (Debian: dcmtk)");
        TestContext.Current.TestOutputHelper?.WriteLine($"{program} absent");
        return false;
    }

    public static Process Start(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Find(program)!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end: its exit code and all that it said.</summary>
    public static async Task<(int Code, string Said)> RunAsync(CancellationToken ct, string program, params IEnumerable<string> arguments)
    {
        using var process = Start(program, arguments);
        try
        {
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            return (process.ExitCode, string.Concat(said));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}

/// <summary>DCMTK's storescp on a free port; what it received lies in its folder, as it came.</summary>
internal sealed class StoreScp : IAsyncDisposable
{
    private readonly Process _process;

    private StoreScp(Process process, int port, string folder)
    {
        _process = process;
        Port = port;
        Folder = folder;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Port { get; }

    public string Folder { get; }

    public static async Task<StoreScp> StartAsync(CancellationToken ct, params IEnumerable<string> arguments)
    {
        var folder = Directory.CreateTempSubdirectory("platform-storescp-").FullName;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var scp = new StoreScp(Dcmtk.Start("storescp", ["--fork", "+xa", "+B", "-od", folder, .. arguments, $"{port}"]), port, folder);
            await scp.ListensAsync(ct);
            return scp;
        }
    }

    /// <summary>The files that it wrote, by SOP Instance UID: bytes behind the meta header.</summary>
    public Dictionary<string, byte[]> Received() =>
        Directory.GetFiles(Folder).Select(SampleFolder.DatasetOf).ToDictionary(f => f.Uid, f => f.Dataset);

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A connection that is closed at once tells that it listens.</summary>
    private async Task ListensAsync(CancellationToken ct)
    {
        while (true)
        {
            Assert.False(_process.HasExited, "storescp ended");
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, Port, ct);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, ct);
            }
        }
    }
}
