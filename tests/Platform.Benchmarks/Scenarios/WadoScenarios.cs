using System.Globalization;
using Platform.Benchmarks.Archives;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;

namespace Platform.Benchmarks.Scenarios;

/// <summary>WADO-RS: instances, frames, a whole study and metadata of studies that were stored before.</summary>
internal static class WadoScenarios
{
    private const int Repetitions = 12;
    private const int Requests = 40;

    public static async Task RunAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, StudyFiles ct, StudyFiles multiFrame, StudyFiles? corpus)
    {
        foreach (var concurrency in (int[])[1, 4])
        {
            await ManyAsync(
                stage, archives, $"Retrieve instance, {concurrency} at a time", Requests, $"{Kibibytes(ct)} KiB", concurrency,
                (archive, n) => archive.InstanceAsync(ct.Study, ct.Series, ct.Instances[n * 3 % ct.Instances.Length]));
        }

        await ManyAsync(
            stage, archives, "Retrieve frame of a CT image", Requests, "512 KiB", 1,
            (archive, n) => archive.FrameAsync(ct.Study, ct.Series, ct.Instances[n * 3 % ct.Instances.Length], 1));
        await ManyAsync(
            stage, archives, "Retrieve frame of a multi-frame", Requests / 4, "128 KiB", 1,
            (archive, n) => archive.FrameAsync(multiFrame.Study, multiFrame.Series, multiFrame.Instances[0], (n % 50) + 1));
        await OneAsync(stage, archives, "Retrieve study", ct, archive => archive.StudyAsync(ct.Study));
        await OneAsync(stage, archives, "Metadata of a study", ct, archive => archive.JsonAsync($"studies/{ct.Study}/metadata"));
        await OneAsync(
            stage, archives, "Metadata of a series", ct, archive => archive.JsonAsync($"studies/{ct.Study}/series/{ct.Series}/metadata"));
        await ManyAsync(
            stage, archives, "Metadata of an instance", Requests, "1", 1,
            (archive, n) => archive.JsonAsync(
                $"studies/{ct.Study}/series/{ct.Series}/instances/{ct.Instances[n * 3 % ct.Instances.Length]}/metadata"));
        if (corpus is not null)
        {
            await OneAsync(stage, archives, "Retrieve corpus study", corpus, archive => archive.StudyAsync(corpus.Study));
        }
    }

    private static Task ManyAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, string what, int requests, string each, int concurrency,
        Func<DicomwebArchive, int, Task> doAsync) =>
        stage.MeasureAsync(what, $"{requests} × {each}", Repetitions, [.. archives.Select(archive => new Contestant(
            archive.Name,
            _ => Parallel.ForAsync(
                0, requests, new ParallelOptions { MaxDegreeOfParallelism = concurrency }, async (n, _) => await doAsync(archive, n))))]);

    private static Task OneAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, string what, StudyFiles study, Func<DicomwebArchive, Task> doAsync) =>
        stage.MeasureAsync(
            what,
            string.Create(CultureInfo.InvariantCulture, $"{study.Files.Count} instances, {study.Bytes / 1e6:0} MB stored"),
            Repetitions,
            [.. archives.Select(archive => new Contestant(archive.Name, _ => doAsync(archive)))]);

    private static string Kibibytes(StudyFiles study) =>
        (study.Files[0].Length >> 10).ToString(CultureInfo.InvariantCulture);
}
