using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Platform.IntegrationTests.Services;

/// <summary>
/// Folders of this test process, under one that carries its id. What a killed test process left is removed by the next one; its
/// services have ended with it, or are ended here.
/// </summary>
public static class TestFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly string All = Path.Combine(Path.GetTempPath(), $"platform-tests-{Environment.UserName}");
    private static readonly Lazy<string> OfThisProcess = new(Make);

    /// <summary>A new empty folder; gone when the test process ends.</summary>
    public static string Create(string purpose)
    {
        var folder = Path.Combine(OfThisProcess.Value, $"{purpose}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        Directory.CreateDirectory(folder, OwnerOnly);
        return folder;
    }

    /// <summary>Removes a folder before the test process ends, where what is in it is large.</summary>
    public static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing to remove.
        }
        catch (IOException)
        {
            // A service is still writing its last file; the next test process removes the rest.
        }
    }

    private static string Make()
    {
        Directory.CreateDirectory(All, OwnerOnly);
        foreach (var folder in Directory.EnumerateDirectories(All))
        {
            if (!IsAlive(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)))
            {
                EndProcessesOf(folder);
                Remove(folder);
            }
        }

        var own = Path.Combine(All, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Remove(own);
        Directory.CreateDirectory(own, OwnerOnly);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove(own);
        return own;
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void EndProcessesOf(string folder)
    {
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                try
                {
                    if (File.ReadAllText($"/proc/{process.Id}/cmdline").Contains(folder + "/", StringComparison.Ordinal))
                    {
                        process.Kill();
                        process.WaitForExit();
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
                {
                    // It ended by itself, or belongs to somebody else.
                }
            }
        }
    }
}
