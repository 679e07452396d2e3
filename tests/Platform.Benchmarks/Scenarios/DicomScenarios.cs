using System.Globalization;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;
using Platform.Benchmarks.Peers;
using Platform.Dicom;

namespace Platform.Benchmarks.Scenarios;

/// <summary>
/// Platform.Dicom alone, on one core, in processor time: headers against pydicom on the same bytes, streaming de-identification of a CT
/// slice against a copy of its bytes, and what a stored slice allocates.
/// </summary>
internal static class DicomScenarios
{
    private const int Repetitions = 9;
    private const int FilesPerSet = 4;
    private const string Pydicom = "/usr/bin/python3";

    public static async Task RunAsync(Stage stage, string folder)
    {
        var list = Path.Combine(folder, "dicom-files.tsv");
        var sets = await WriteFilesAsync(Path.Combine(folder, "dicom-files"), list);
        await using var platform = await PinnedProcess.StartAsync(Environment.ProcessPath!, "dicom-worker", list)
            ?? throw new InvalidOperationException("The process that measures Platform.Dicom did not start.");
        await using var pydicom = await PinnedProcess.StartAsync(
            Pydicom, "-I", "-W", "ignore", Path.Combine(Checkout.Root, "tests/Platform.Benchmarks/Peers/pydicom_headers.py"), list);
        await WarmAsync(platform, sets);
        if (pydicom is null)
        {
            stage.Note("pydicom is absent: its rows are left out. Debian/Ubuntu: apt-get install python3-pydicom");
        }
        else
        {
            stage.Note($"Header rows: {pydicom.Version}, processor time a file on one core.");
            foreach (var set in sets)
            {
                await HeadersAsync(stage, platform, pydicom, set, "root", "values and sequences of defined length left as bytes by both");
                await HeadersAsync(stage, platform, pydicom, set, "header", "Platform has read every sequence, pydicom leaves them as bytes");
                await HeadersAsync(stage, platform, pydicom, set, "touch", "every value converted");
            }
        }

        foreach (var set in sets.Where(set => set.IsCtSlice))
        {
            await CleanAsync(stage, platform, set);
        }
    }

    /// <summary>A process that has just started compiles as it goes; one in service has long done so.</summary>
    private static async Task WarmAsync(PinnedProcess platform, List<FileSet> sets)
    {
        for (var round = 0; round < 3; round++)
        {
            foreach (var set in sets)
            {
                foreach (var what in (string[])["root", "header", "touch", .. set.IsCtSlice ? (string[])["clean", "copy", "allocated"] : []])
                {
                    await platform.MeasureAsync(set.Key, Math.Max(1, 4000 / set.Count), what);
                }
            }
        }
    }

    private static async Task HeadersAsync(
        Stage stage, PinnedProcess platform, PinnedProcess pydicom, FileSet set, string what, string shown)
    {
        List<double?[]> ours = [], theirs = [];
        await stage.MeasureAsync(
            $"Header, {set.Name}, {shown}",
            string.Create(CultureInfo.InvariantCulture, $"{set.Count} files, mean of a file"),
            Repetitions,
            [
                new Contestant("Platform", _ => MeasureAsync(platform, set, 40_000, what, ours)),
                new Contestant("pydicom", _ => MeasureAsync(pydicom, set, 400, what, theirs)),
            ]);

        // A file that one of them refuses is in neither's mean; here, what each file of its own comes to.
        var ratios = Enumerable.Range(0, set.Count).Select(i => Median(theirs, i) / Median(ours, i)).OfType<double>().Order().ToList();
        stage.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"Header, {set.Name}, {shown}: pydicom's time is {ratios[ratios.Count / 2]:0.0} times Platform's in the median file, {ratios[0]:0.0} in the worst of {ratios.Count}."));
    }

    private static async Task CleanAsync(Stage stage, PinnedProcess platform, FileSet set)
    {
        List<double?[]> cleaned = [], copied = [];
        await stage.MeasureAsync(
            $"De-identify {set.Name}, memory to null sink, unhashed",
            string.Create(CultureInfo.InvariantCulture, $"{set.Bytes / set.Count / 1024:0} KiB a slice"),
            Repetitions,
            [
                new Contestant("Platform", _ => MeasureAsync(platform, set, 1600, "clean", cleaned)),
                new Contestant("copy through a buffer", _ => MeasureAsync(platform, set, 1600, "copy", copied)),
            ]);
        var bytes = (double)set.Bytes / set.Count;
        var allocated = await platform.MeasureAsync(set.Key, 50, "allocated");
        stage.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"De-identify {set.Name}: {bytes / Mean(cleaned) / 1e9:0.00} GB/s of input (copying the same bytes: {bytes / Mean(copied) / 1e9:0.0} GB/s); allocated by Platform.Dicom for each slice stored: {allocated.Max() / 1024:0.0} KiB at most."));
    }

    private static async Task<TimeSpan> MeasureAsync(PinnedProcess process, FileSet set, int rounds, string what, List<double?[]> kept)
    {
        var seconds = await process.MeasureAsync(set.Key, Math.Max(1, rounds / set.Count / 4), what);
        kept.Add(seconds);
        return TimeSpan.FromSeconds(seconds.Average()!.Value);
    }

    private static double? Median(List<double?[]> repetitions, int file)
    {
        var sorted = repetitions.Select(seconds => seconds[file]).Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static double Mean(List<double?[]> repetitions) =>
        Enumerable.Range(0, repetitions[0].Length).Average(file => Median(repetitions, file)!.Value);

    private static async Task<List<FileSet>> WriteFilesAsync(string folder, string list)
    {
        Directory.CreateDirectory(folder);
        var sets = new List<FileSet>();
        var lines = new List<string>();
        await AddAsync("ct", "generated CT", ScannerFiles.Cts(FilesPerSet, DicomTransferSyntax.ExplicitLittleEndian), true);
        await AddAsync("ct-implicit", "generated CT, implicit VR", ScannerFiles.Cts(FilesPerSet, DicomTransferSyntax.ImplicitLittleEndian), true);
        await AddAsync("mr", "generated MR", ScannerFiles.Mrs(FilesPerSet, DicomTransferSyntax.ExplicitLittleEndian), false);
        await AddAsync("cr", "generated CR", ScannerFiles.Crs(FilesPerSet, DicomTransferSyntax.ExplicitLittleEndian), false);
        Given("given-ct", "given chest CT", "chest-ct", true);
        Given("given", "given DICOM files", "dicom", false);
        await File.WriteAllLinesAsync(list, lines);
        return sets;

        async Task AddAsync(string key, string name, IEnumerable<byte[]> files, bool isCtSlice)
        {
            var (count, bytes) = (0, 0L);
            foreach (var file in files)
            {
                var path = Path.Combine(folder, $"{key}-{count++}.dcm");
                await File.WriteAllBytesAsync(path, file);
                lines.Add($"{key}\t{path}");
                bytes += file.Length;
            }

            sets.Add(new FileSet(key, name, count, bytes, isCtSlice));
        }

        void Given(string key, string name, string under, bool isCtSlice)
        {
            if (Checkout.Corpus is { } corpus && Path.Combine(corpus, "given", under) is var given && Directory.Exists(given))
            {
                var paths = Directory.EnumerateFiles(given, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
                lines.AddRange(paths.Select(path => $"{key}\t{path}"));
                sets.Add(new FileSet(key, name, paths.Count, paths.Sum(path => new FileInfo(path).Length), isCtSlice));
            }
        }
    }

    private sealed record FileSet(string Key, string Name, int Count, long Bytes, bool IsCtSlice);
}
