using System.Diagnostics;
using Xunit;

namespace Platform.UnitTests.Peers;

/// <summary>Programs of other DICOM implementations, from the system's packages (infra/test installs them).</summary>
internal static class PeerProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs a program on a file of these bytes, which stands last among its arguments.</summary>
    public static async Task<(int Code, string Said)> RunAsync(string program, string package, byte[] file, params string[] arguments)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
            return await RunAsync(program, package, [.. arguments, path]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What a program that takes two files, the first to read, writes into the second.</summary>
    public static async Task<byte[]> ConvertAsync(string program, string package, byte[] file, params string[] arguments)
    {
        var (from, to) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            await File.WriteAllBytesAsync(from, file, TestContext.Current.CancellationToken);
            var (code, said) = await RunAsync(program, package, [.. arguments, from, to]);
            Assert.True(code == 0, said);
            return await File.ReadAllBytesAsync(to, TestContext.Current.CancellationToken);
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(string program, string package, string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(Patience);
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output + await errors);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException($"{program} is missing: apt-get install {package}");
        }
    }
}
