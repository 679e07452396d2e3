using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Platform.Cli;
using Platform.Dicom.Objects;
using Platform.UnitTests.Dicom.Volumes;
using Platform.UnitTests.Inference;
using Xunit;
using static Platform.UnitTests.Inference.OnnxBytes;
using static Platform.UnitTests.Inference.TestPackages;

namespace Platform.UnitTests.Cli;

/// <summary>Which files a process opens that checks or runs a package, as the kernel sees it (strace).</summary>
public sealed partial class OpenedFilesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Besides the program's own folder and .NET's: libraries, the clock's zone, and what the kernel tells of the process itself.
    private static readonly string[] System =
    [
        "/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/", "/proc/", "/sys/", "/dev/", "/etc/ld.so.", "/etc/dotnet/",
        "/etc/localtime", "/usr/share/zoneinfo/", "/usr/share/locale/",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("platform-opened-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_opens_its_package_its_input_and_its_scratch_folder_alone_and_no_connection()
    {
        var (package, input) = (Add("package"), Add("input"));
        await ModelPackageFolderAsync(package);
        foreach (var (slice, i) in ImageSeriesWriter.Write(Phantom.Series((x, y, _) => x + y)).Select((s, i) => (s, i)))
        {
            await File.WriteAllBytesAsync(Path.Combine(input, $"{i}.dcm"), slice.ToArray(), Ct);
        }

        var (code, said, opened) = await TraceAsync(Program, "model", "run", package, "--input", input, "--out", Add("out"));

        Assert.True(code == ExitCode.Ok, said);
        Assert.Contains(opened, p => p == Path.Combine(package, "model.onnx"));
        Assert.Contains(opened, p => p.Contains("libonnxruntime.so", StringComparison.Ordinal));
        Assert.Empty(Outside(opened));
    }

    [Fact]
    public async Task A_model_that_names_a_file_elsewhere_gets_nothing_opened_and_no_runtime()
    {
        var zip = Path.Combine(Add("hostile"), "hostile.zip");
        await File.WriteAllBytesAsync(zip, HostileModels.Package(Model(Field(5, [.. Tensor([4], 0), .. Elsewhere("/etc/passwd"), .. Number(14, 1)]))), Ct);

        var (code, said, opened) = await TraceAsync(Program, "model", "check", zip);

        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains("refused (external-data)", said, StringComparison.Ordinal);
        Assert.Contains(zip, opened);
        Assert.DoesNotContain(opened, p => p.Contains("onnxruntime.so", StringComparison.Ordinal));
        Assert.Empty(Outside(opened));
    }

    /// <summary>The trace sees what it must: otherwise the tests above could not fail.</summary>
    [Fact]
    public async Task A_program_that_does_open_it_is_seen()
    {
        var (_, _, opened) = await TraceAsync("/bin/sh", "-c", "cat < /etc/passwd; cat < ../outside");

        Assert.Equal(["/etc/passwd", Path.GetFullPath(Path.Combine(folder, "outside"))], Outside(opened).Order());
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Program => Path.Combine(AppContext.BaseDirectory, "platform");

    private string Add(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

    private static async Task ModelPackageFolderAsync(string to)
    {
        using var zip = new MemoryStream();
        await Platform.Contracts.ModelPackageZip.WriteAsync(Folder("threshold"), zip, Ct);
        using var archive = new ZipArchive(zip);
        await archive.ExtractToDirectoryAsync(to, Ct);
    }

    private List<string> Outside(IEnumerable<string> opened)
    {
        string[] allowed =
        [
            .. System,
            AppContext.BaseDirectory,
            Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")) + "/",
            .. new[] { "package", "input", "out", "hostile", "scratch" }.Select(name => Path.Combine(folder, name) + "/"),
        ];
        string[] folders = [.. allowed.Select(a => a.TrimEnd('/'))];
        return [.. opened.Where(p => !folders.Contains(p) && !allowed.Any(a => p.StartsWith(a, StringComparison.Ordinal))).Distinct()];
    }

    /// <summary>Runs a program in a scratch folder and gives every path that it, or a thread or child of it, asked the kernel to open or connect to.</summary>
    private async Task<(int Code, string Said, List<string> Opened)> TraceAsync(string program, params string[] arguments)
    {
        var (scratch, log) = (Add("scratch"), Path.Combine(folder, "trace"));
        var start = new ProcessStartInfo("strace", ["-f", "-qq", "-s", "4096", "-e", "trace=openat,open,openat2,connect", "-o", log, program, .. arguments])
        {
            WorkingDirectory = scratch,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = scratch;
        using var process = Start(start);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);

        var opened = new List<string>();
        foreach (var line in await File.ReadAllLinesAsync(log, Ct))
        {
            if (Call().Match(line) is { Success: true } call)
            {
                var path = call.Groups["path"];
                var isNamed = path.Success && (path.Value.StartsWith('/') || !call.Groups["descriptor"].Success);
                opened.Add(isNamed ? Path.GetFullPath(path.Value, scratch) : $"no path: {line}"); // a connection, or a place below an open folder
            }
        }

        return (process.ExitCode, await output + await errors, opened);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (global::System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException("strace is missing: apt-get install strace");
        }
    }

    [GeneratedRegex("""^\d+ +(open(at2?)?\((AT_FDCWD, |(?<descriptor>\d+), )?"(?<path>[^"]*)"|connect\()""")]
    private static partial Regex Call();
}
