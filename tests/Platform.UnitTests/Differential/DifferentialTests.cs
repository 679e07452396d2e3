using System.Collections.Concurrent;
using System.Globalization;
using Platform.Dicom;
using Platform.UnitTests.Corpus;
using Platform.UnitTests.Fuzz;
using Xunit;

namespace Platform.UnitTests.Differential;

/// <summary>
/// Whatever Platform.Dicom accepts has the same tags, VRs and values as dcmdump and pydicom find; <see cref="Disagreement.All"/> lists the
/// rest.
/// </summary>
public class DifferentialTests(ITestOutputHelper output)
{
    private const int BatchFiles = 100;
    private const int ShortMutants = 300;
    private const int LongMutants = 20_000;
    private const string SeedVariable = "PLATFORM_FUZZ_SEED";

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    // The short run is the same each time, so that it fails for a change and not by chance; the long one goes where none was before.
    private static int Seed => Environment.GetEnvironmentVariable(SeedVariable) is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : IsLong ? Random.Shared.Next() : 1;

    [Fact]
    public async Task Every_given_file_reads_as_dcmdump_and_pydicom_read_it()
    {
        var verdict = new Verdict();
        await InBatchesAsync(CorpusFiles.All("given"), (batch, ct) => CompareAsync(batch, verdict, isUnicode: true, ct));
        verdict.Tell(output);
    }

    [Fact]
    public async Task Mutants_of_the_given_files_read_as_dcmdump_and_pydicom_read_them()
    {
        var (seed, count) = (Seed, IsLong ? LongMutants : ShortMutants);
        var mutants = new Mutants(CorpusFiles.All("given"), seed);
        var verdict = new Verdict { Keeps = $"{seed}" };
        var folder = Directory.CreateTempSubdirectory("differential");
        try
        {
            await InBatchesAsync([.. Enumerable.Range(0, mutants.Seeds == 0 ? 0 : count)], async (numbers, ct) =>
            {
                var paths = numbers.Select(n => Path.Combine(folder.FullName, n.ToString(CultureInfo.InvariantCulture))).ToList();
                foreach (var (number, path) in numbers.Zip(paths))
                {
                    await File.WriteAllBytesAsync(path, mutants.Make(number), ct);
                }

                await CompareAsync(paths, verdict, isUnicode: numbers[0] / BatchFiles % 4 == 0, ct);
                paths.ForEach(File.Delete);
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        output.WriteLine($"seed {seed}, {count} mutants of {mutants.Seeds} files");
        verdict.Tell(output);
    }

    private static Task InBatchesAsync<T>(IReadOnlyList<T> all, Func<T[], CancellationToken, Task> batch) => Parallel.ForEachAsync(
        all.Chunk(BatchFiles),
        new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = TestContext.Current.CancellationToken },
        async (some, ct) => await batch(some, ct));

    private static async Task CompareAsync(IReadOnlyList<string> paths, Verdict verdict, bool isUnicode, CancellationToken ct)
    {
        // :: Step 1: what we accept.
        var accepted = new Dictionary<string, DicomFile>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            try
            {
                accepted[path] = DicomFile.Read(await File.ReadAllBytesAsync(path, ct));
            }
            catch (DicomException e)
            {
                verdict.Count("refused: " + e.Error);
            }
        }

        if (accepted.Count == 0)
        {
            return;
        }

        // :: Step 2: what the peers find in it.
        string[] names = [.. accepted.Keys];
        var dumped = await Dcmdump.ListAsync(names, toUnicode: false, ct);
        var inUnicode = isUnicode ? await Dcmdump.ListAsync(names, toUnicode: true, ct) : [];
        using var pydicom = new Pydicom();
        foreach (var (path, file) in accepted)
        {
            // :: Step 3: the differences, but for those that are listed.
            var ours = ListedElement.Of(file);
            var found = new List<Difference>();
            verdict.Count("accepted");
            if (dumped[path] is { } dump)
            {
                verdict.Count("accepted by dcmdump");
                found.AddRange(Comparison.With(file, ours, dump, isUnicode: false));
            }

            if (inUnicode.GetValueOrDefault(path) is { } unicode)
            {
                verdict.Count("shown in Unicode by dcmdump");
                found.AddRange(Comparison.With(file, ours, unicode, isUnicode: true));
            }

            if (await pydicom.ListAsync(path, ct) is { } listed)
            {
                verdict.Count("accepted by pydicom");
                found.AddRange(Comparison.With(file, ours, listed));
            }

            foreach (var listedOne in found.Select(Disagreement.Find).OfType<Disagreement>())
            {
                verdict.Count($"{listedOne.Peer}: {listedOne.Name}");
            }

            var unlisted = found.FindAll(difference => Disagreement.Find(difference) is null);
            if (unlisted.Count > 0 && unlisted.TrueForAll(d => d.Peer == Difference.OfPydicom) && HasLongDelimiter(await File.ReadAllBytesAsync(path, ct)))
            {
                // PS3.5 §7.5.1: the length of a delimiter is zero, so nothing belongs to it. pydicom leaves out as many bytes as it says.
                verdict.Count("pydicom: a delimiter has a value");
            }
            else if (unlisted.Count > 0)
            {
                verdict.Fail(path, unlisted);
            }
        }
    }

    private static bool HasLongDelimiter(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i + 8 <= bytes.Length; i++)
        {
            if (bytes[i..] is [0xFE, 0xFF, 0x0D or 0xDD, 0xE0, var a, var b, var c, var d, ..] && (a | b | c | d) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many of what, and what is listed nowhere.</summary>
    private sealed class Verdict
    {
        private const int Shown = 40;
        private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, List<Difference>> _failures = new(StringComparer.Ordinal);

        /// <summary>The first part of the names under which failing files are kept; null where they need not be.</summary>
        public string? Keeps { get; init; }

        public void Count(string what) => _counts.AddOrUpdate(what, 1, (_, n) => n + 1);

        public void Fail(string path, List<Difference> differences)
        {
            var name = Path.GetFileName(path);
            name = Keeps is null ? name : FuzzSeeds.Keep("differential", $"{Keeps}-{name}", File.ReadAllBytes(path));
            _failures[name] = differences;
        }

        public void Tell(ITestOutputHelper output)
        {
            foreach (var (what, count) in _counts.OrderBy(c => c.Key, StringComparer.Ordinal))
            {
                output.WriteLine($"{count} {what}");
            }

            var lines = _failures.Take(Shown).Select(f => $"{f.Key} {f.Value[0]}{(f.Value.Count > 1 ? $" and {f.Value.Count - 1} more" : "")}");
            Assert.True(_failures.IsEmpty, $"{_failures.Count} files have differences that are not listed\n{string.Join('\n', lines)}");
        }
    }
}
