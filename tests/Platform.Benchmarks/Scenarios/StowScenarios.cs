using System.Globalization;
using Platform.Benchmarks.Archives;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;

namespace Platform.Benchmarks.Scenarios;

/// <summary>STOW-RS: one study, never seen before, in requests of some instances; also against the least that a store can do.</summary>
internal static class StowScenarios
{
    private const int Repetitions = 9;

    public static async Task RunAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, BareStore bare, StudyFiles ct, StudyFiles mr, StudyFiles? corpus)
    {
        foreach (var concurrency in (int[])[1, 4])
        {
            await StoreAsync(stage, archives, bare, ct, 10, concurrency);
            await StoreAsync(stage, archives, bare, mr, 1, concurrency);
        }

        if (corpus is not null)
        {
            await StoreAsync(stage, archives, bare, corpus, 10, 1);
        }
    }

    private static Task StoreAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, BareStore bare, StudyFiles study, int perRequest, int concurrency) =>
        stage.MeasureAsync(
            $"Store {study.Name}, {perRequest} a request, {concurrency} at a time",
            string.Create(CultureInfo.InvariantCulture, $"{study.Files.Count} instances, {study.Bytes / 1e6:0} MB"),
            Repetitions,
            [
                .. archives.Select(a => new Contestant(a.Name, _ => a.StoreAsync(study.Files, perRequest, concurrency))),
                new Contestant(BareStore.Name, _ => bare.StoreAsync(study.Files, perRequest, concurrency)),
            ],
            _ => study.BecomeStudy(StudyNumbers.Next()));
}

/// <summary>Every study that a run makes has a number of its own.</summary>
internal static class StudyNumbers
{
    private static long last;

    public static long Next() => ++last;
}
