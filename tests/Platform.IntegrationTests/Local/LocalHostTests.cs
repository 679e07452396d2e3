using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.IntegrationTests.Services;
using Platform.Local.Processes;
using Xunit;

namespace Platform.IntegrationTests.Local;

/// <summary>What <c>infra/run</c> starts, on an empty data folder, as a person meets it.</summary>
public class LocalHostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_empty_folder_becomes_a_platform_with_a_finding_that_survives_a_kill_and_leaves_no_process_behind()
    {
        await Checkout.PreparedAsync();
        var data = Path.Combine(TestFolder.Create("local"), "data");
        var port = Loopback.FreePort();

        // The first start measures the sample studies and tells so.
        await using var first = Start(data, port);
        var ready = await ReadyAsync(first);
        var told = await File.ReadAllTextAsync(first.Log, Ct);
        Assert.Contains("AI finding by hippocampus-volume", told, StringComparison.Ordinal);
        Assert.Matches(@"Hippocampal structure: volume [0-9],[0-9]{3} mm³", told);
        Assert.Contains("AI finding by chest-ct-nodule", told, StringComparison.Ordinal);
        Assert.True(Regex.Count(told, @"Pulmonary nodule: diameter [0-9]+ mm, volume [0-9,]+ mm³, probability 0\.[0-9]{2}") >= 3, told);
        Assert.Equal("demo", ready.GetProperty("tenant").GetString());
        Assert.Equal(["uploader", "specialist", "administrator", "operator"], ready.GetProperty("users").EnumerateArray().Select(u => u.GetProperty("role").GetString()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(data, "credentials.json")));

        // Another one on the same folder is refused and harms nothing.
        await using var second = Start(data, Loopback.FreePort());
        Assert.Equal(1, await second.Process.WaitForExitAsync(Ct).WaitAsync(Patience, Ct));
        Assert.Contains("If a platform is running on it", await File.ReadAllTextAsync(second.Log, Ct), StringComparison.Ordinal);

        // After a kill it starts again and finds everything; after a signal it leaves nothing.
        await first.Process.KillAsync();
        await using var third = Start(data, port);
        Assert.Equal(ready.GetRawText(), (await ReadyAsync(third)).GetRawText());
        Assert.DoesNotContain("sample study", await File.ReadAllTextAsync(third.Log, Ct), StringComparison.Ordinal);
        await third.Process.StopAsync(Patience);
        Assert.Equal(0, await third.Process.WaitForExitAsync(Ct));
        Assert.Empty(ProcessesOf(data));
    }

    private static Running Start(string data, int port)
    {
        // From the build output of the same configuration as these tests.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var program = Path.Combine(Checkout.Root, "artifacts/bin/Platform.Local", configuration, "Platform.Local.dll");
        var log = Path.Combine(TestFolder.Create("local-log"), "log");
        return new Running(
            ServiceProcess.Start(new ServiceStart(
                "env",
                [
                    "--default-signal=INT", "dotnet", program, "--port", port.ToString(CultureInfo.InvariantCulture), "--data", data,
                    "--postgres", Checkout.PostgresPrograms,
                ],
                "INT",
                log)),
            log);
    }

    private static async Task<JsonElement> ReadyAsync(Running running)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        while (true)
        {
            var lines = File.Exists(running.Log) ? await File.ReadAllLinesAsync(running.Log, limit.Token) : [];
            if (Array.Find(lines, l => l.StartsWith("ready ", StringComparison.Ordinal)) is { } line)
            {
                return JsonSerializer.Deserialize<JsonElement>(line["ready ".Length..]);
            }

            Assert.True(running.Process.IsRunning, string.Join('\n', lines));
            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
        }
    }

    private static List<string> ProcessesOf(string folder)
    {
        var found = new List<string>();
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                try
                {
                    var command = File.ReadAllText($"/proc/{process.Id}/cmdline").Replace('\0', ' ');
                    if (command.Contains(folder, StringComparison.Ordinal))
                    {
                        found.Add(command);
                    }
                }
                catch (IOException)
                {
                    // It has ended.
                }
            }
        }

        return found;
    }

    private sealed record Running(ServiceProcess Process, string Log) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
