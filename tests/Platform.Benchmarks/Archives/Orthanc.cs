using System.Diagnostics;
using System.Text.Json;
using Platform.Local.Processes;

namespace Platform.Benchmarks.Archives;

/// <summary>
/// Orthanc with its DICOMweb plugin from the system's packages, with its own defaults but for <c>SyncStorageArea</c> (both), no
/// authentication, no DICOM server, and keep-alive, which its clients need.
/// </summary>
internal static class Orthanc
{
    private const string Plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
    private static readonly string[] Programs = ["/usr/sbin/Orthanc", "/usr/bin/Orthanc", "/usr/local/sbin/Orthanc"];

    /// <summary>What to say when it is not there; null when it is.</summary>
    public static string? Absent =>
        Program is not null && File.Exists(Plugin)
            ? null
            : "Orthanc is absent: its rows are left out. Debian/Ubuntu: apt-get install orthanc orthanc-dicomweb";

    private static string? Program => Programs.FirstOrDefault(File.Exists);

    /// <summary>For example "Orthanc 1.10.1".</summary>
    public static async Task<string> VersionAsync()
    {
        using var process = Process.Start(new ProcessStartInfo(Program!, "--version") { RedirectStandardOutput = true })!;
        var first = await process.StandardOutput.ReadLineAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var plugin = new FileInfo(Plugin).ResolveLinkTarget(returnFinalTarget: true)?.Name ?? Path.GetFileName(Plugin);
        return $"{first}, DICOMweb plugin {plugin["libOrthancDicomWeb.so.".Length..]}";
    }

    /// <param name="isSynchronous"><c>SyncStorageArea</c>: whether each file is on the disk before its instance is answered for.</param>
    public static async Task<(DicomwebArchive Archive, ServiceProcess Process)> StartAsync(string folder, bool isSynchronous)
    {
        Directory.CreateDirectory(folder);
        var url = Loopback.FreeUrl();
        var configuration = Path.Combine(folder, "orthanc.json");
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["Name"] = "Benchmark",
            ["StorageDirectory"] = Path.Combine(folder, "storage"),
            ["IndexDirectory"] = Path.Combine(folder, "index"),
            ["Plugins"] = new[] { Plugin },
            ["HttpPort"] = url.Port,
            ["RemoteAccessAllowed"] = false,
            ["AuthenticationEnabled"] = false,
            ["DicomServerEnabled"] = false,
            ["KeepAlive"] = true,
            ["TcpNoDelay"] = true,
            ["SyncStorageArea"] = isSynchronous,
            ["DicomWeb"] = new Dictionary<string, object> { ["Enable"] = true, ["Root"] = "/dicom-web/" },
        }));
        var process = ServiceProcess.Start(new ServiceStart(Program!, [configuration], "TERM", Path.Combine(folder, "orthanc.log")));
        await Loopback.AnswersAsync(new Uri(url, "system"), process);
        return (new DicomwebArchive(isSynchronous ? "Orthanc, files synced" : "Orthanc, not synced", new Uri($"{url}dicom-web"), null), process);
    }
}
