using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Platform.Benchmarks.Archives;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;
using Platform.Benchmarks.Scenarios;

namespace Platform.Benchmarks;

/// <summary>
/// Starts everything on loopback with temporary folders, measures, prints, and ends what it started.
/// </summary>
internal static class BenchmarkRun
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (BenchmarkOptions.Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync(BenchmarkOptions.Usage);
            return 2;
        }

        var folder = Path.Combine(Checkout.Root, $".run/benchmark/run-{Environment.ProcessId}");
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        // Not readable by others; PostgreSQL, which may run as another user, must pass.
        Directory.CreateDirectory(folder);
        var started = Stopwatch.GetTimestamp();
        var stage = new Stage(options.IsQuick);
        var peers = !options.NeedsArchives ? "no archive" : Orthanc.Absent ?? await Orthanc.VersionAsync();
        try
        {
            if (options.Groups.Contains("dicom"))
            {
                await DicomScenarios.RunAsync(stage, folder);
            }

            if (options.NeedsArchives)
            {
                await MeasureArchivesAsync(options, stage, folder);
            }

            if (options.Groups.Contains("engine"))
            {
                await EngineScenarios.RunAsync(stage, folder);
            }

            if (options.Groups.Contains("worker"))
            {
                await WorkerScenarios.RunAsync(stage, folder);
            }

            if (options.Groups.Contains("xray"))
            {
                await XrayScenarios.RunAsync(stage, folder);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var content = $"{await HeadAsync(options, args, peers, elapsed)}\n\n{Report.Table(stage.Measurements)}\n{string.Concat(stage.Notes.Select(note => $"- {note}\n"))}";
        Console.WriteLine();
        Console.WriteLine(content);
        if (options.WriteTo is { } document)
        {
            await Report.WriteAsync(document, content, CancellationToken.None);
        }

        return 0;
    }

    private static async Task MeasureArchivesAsync(BenchmarkOptions options, Stage stage, string folder)
    {
        Console.WriteLine("- publishing Platform.Api");
        var published = options.Api ?? await PlatformServer.PublishAsync();
        Console.WriteLine("- making files, starting servers");
        var ct = GeneratedStudies.Ct(options.IsQuick ? 60 : 200);
        var mr = GeneratedStudies.Mr(options.IsQuick ? 20 : 60);
        var multiFrame = GeneratedStudies.MultiFrame(60);
        var corpus = options.Corpus is { } path ? await CorpusAsync(path) : null;

        // Stopped in the reverse order, also when one of them does not start.
        await using var running = new Running();
        var archives = new List<DicomwebArchive>();
        var platform = running.Add(await PlatformServer.StartAsync("Platform", published, Path.Combine(folder, "platform")));
        archives.Add(platform.Archive);
        if (options.Baseline is { } baseline)
        {
            archives.Add(running.Add(await PlatformServer.StartAsync("Platform, baseline", baseline, Path.Combine(folder, "baseline"))).Archive);
        }

        if (Orthanc.Absent is { } absent)
        {
            Console.WriteLine($"- {absent}");
        }
        else
        {
            foreach (var isSynchronous in (bool[])[true, false])
            {
                var (archive, process) = await Orthanc.StartAsync(Path.Combine(folder, $"orthanc-{isSynchronous}"), isSynchronous);
                running.Add(process);
                archives.Add(archive);
            }
        }

        var (bare, bareProcess) = await BareStore.StartAsync(Path.Combine(folder, "bare"));
        running.Add(bareProcess);

        await Task.WhenAll(archives.Select(archive => WarmAsync(archive, options.IsQuick ? 100 : 300)));

        // Reading does not depend on how Orthanc writes: one of the two stands for both.
        var readers = archives.Where(a => !a.Name.EndsWith("not synced", StringComparison.Ordinal)).ToList();
        ct.BecomeStudy(StudyNumbers.Next());
        await StoreAsync(readers, ct);
        if (options.Groups.Contains("qido"))
        {
            await QidoScenarios.WithFewStudiesAsync(stage, readers, ct);
        }

        if (options.Groups.Contains("wado"))
        {
            multiFrame.BecomeStudy(StudyNumbers.Next());
            await StoreAsync(readers, multiFrame);
            if (corpus is not null)
            {
                corpus.BecomeStudy(StudyNumbers.Next());
                await StoreAsync(readers, corpus);
            }

            await WadoScenarios.RunAsync(stage, readers, ct, multiFrame, corpus);
        }

        if (options.Groups.Contains("stow"))
        {
            await StowScenarios.RunAsync(stage, archives, bare, ct, mr, corpus);
        }

        if (options.Groups.Contains("qido"))
        {
            await QidoScenarios.WithManyAsync(stage, readers, options.IsQuick ? 300 : 3000);
        }
    }

    /// <summary>
    /// A server that has just started compiles as it goes; one in service has long done so. Stores, reads and searches one tiny
    /// study of each archive's own; it is the only study besides the measured ones.
    /// </summary>
    private static async Task WarmAsync(DicomwebArchive archive, int rounds)
    {
        var tiny = GeneratedStudies.Tiny();
        tiny.BecomeStudy(0);
        for (var round = 0; round < rounds; round++)
        {
            await archive.StoreAsync(tiny.Files, 1, 1);
            await archive.InstanceAsync(tiny.Study, tiny.Series, tiny.Instances[0]);
            await archive.FrameAsync(tiny.Study, tiny.Series, tiny.Instances[0], 1);
            await archive.JsonAsync($"studies/{tiny.Study}/metadata");
            await archive.JsonAsync("studies?limit=100");
        }
    }

    private static async Task StoreAsync(IEnumerable<DicomwebArchive> archives, StudyFiles study)
    {
        foreach (var archive in archives)
        {
            await archive.StoreAsync(study.Files, 10, 1);
        }
    }

    /// <summary>The DICOM files of a folder that have UIDs which can be replaced; no name or value of them is printed.</summary>
    private static async Task<StudyFiles> CorpusAsync(string folder)
    {
        var files = new List<byte[]>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            files.Add(await File.ReadAllBytesAsync(path));
        }

        return new StudyFiles("corpus", files);
    }

    private static async Task<string> HeadAsync(BenchmarkOptions options, string[] args, string peers, TimeSpan elapsed)
    {
        var cpu = (await File.ReadAllLinesAsync("/proc/cpuinfo"))
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown CPU";
        var text = new StringBuilder();
        var shown = string.Join(' ', args.TakeWhile(a => a != "--write").Select(a => a.StartsWith('/') ? "…" : a));
        text.AppendLine(CultureInfo.InvariantCulture, $"- Measured {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC in {elapsed.TotalMinutes:0.0} minutes by `{$"infra/benchmark {shown}".TrimEnd()}`, commit {await Checkout.CommitAsync()}.");
        text.AppendLine(CultureInfo.InvariantCulture, $"- Machine: {cpu}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {RuntimeInformation.OSDescription}, {FileSystem()}; load before and after is not this run's alone.");
        var postgres = !options.NeedsArchives ? "no database" : await Checkout.OutputAsync(Path.Combine(Checkout.PostgresPrograms, "bin", "postgres"), "--version");
        text.Append(CultureInfo.InvariantCulture, $"- Versions: {RuntimeInformation.FrameworkDescription}, {postgres}, {peers}, ONNX Runtime {Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()}.");
        return text.ToString();
    }

    private static string FileSystem()
    {
        var drive = DriveInfo.GetDrives().Where(d => Checkout.Root.StartsWith(d.Name, StringComparison.Ordinal)).MaxBy(d => d.Name.Length);
        return drive?.DriveFormat ?? "unknown file system";
    }

    /// <summary>What was started, ended in the reverse order.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly Stack<IAsyncDisposable> started = [];

        public T Add<T>(T service)
            where T : IAsyncDisposable
        {
            started.Push(service);
            return service;
        }

        public async ValueTask DisposeAsync()
        {
            while (started.TryPop(out var service))
            {
                await service.DisposeAsync();
            }
        }
    }
}
