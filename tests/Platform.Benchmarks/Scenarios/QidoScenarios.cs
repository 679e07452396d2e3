using System.Globalization;
using System.Text;
using Platform.Benchmarks.Archives;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;

namespace Platform.Benchmarks.Scenarios;

/// <summary>QIDO-RS: with two studies in the archive, and with thousands.</summary>
internal static class QidoScenarios
{
    private const int Repetitions = 12;
    private const int Requests = 10;
    private const int PartsPerRequest = 250;

    public static async Task WithFewStudiesAsync(Stage stage, IReadOnlyList<DicomwebArchive> archives, StudyFiles ct)
    {
        await SearchAsync(stage, archives, "Search studies, 2 in the archive", "studies?limit=100", 2);
        await SearchAsync(
            stage, archives, "Search instances of a study", $"studies/{ct.Study}/instances?limit=100", Math.Min(100, ct.Files.Count));
    }

    public static async Task WithManyAsync(Stage stage, IReadOnlyList<DicomwebArchive> archives, int studies)
    {
        foreach (var archive in archives)
        {
            await FillAsync(archive, studies);
        }

        var thousands = studies.ToString("#,0", CultureInfo.InvariantCulture);
        await SearchAsync(stage, archives, $"Search studies, {thousands} in the archive, first 100", "studies?limit=100", 100);
        await SearchAsync(stage, archives, $"Search studies by PatientID, {thousands} in the archive", $"studies?PatientID={Patient(7)}", 1);
    }

    private static async Task SearchAsync(
        Stage stage, IReadOnlyList<DicomwebArchive> archives, string what, string path, int matches)
    {
        foreach (var archive in archives)
        {
            var found = await archive.CountAsync(path);
            if (found != matches)
            {
                throw new InvalidOperationException($"{archive.Name} found {found} of {matches}: {what}.");
            }
        }

        await stage.MeasureAsync(what, $"{Requests} searches, {matches} matches each", Repetitions, [.. archives.Select(archive => new Contestant(
            archive.Name,
            async _ =>
            {
                for (var n = 0; n < Requests; n++)
                {
                    await archive.JsonAsync(path);
                }
            }))]);
    }

    /// <summary>One patient, one study, one smallest image each, through STOW-RS.</summary>
    private static async Task FillAsync(DicomwebArchive archive, int studies)
    {
        var tiny = GeneratedStudies.Tiny();
        var patient = tiny.Files[0].AsSpan().IndexOf(Encoding.ASCII.GetBytes(Patient(0)));
        foreach (var numbers in Enumerable.Range(1, studies).Chunk(PartsPerRequest))
        {
            await archive.StoreAsync(
                [
                    .. numbers.Select(number =>
                    {
                        tiny.BecomeStudy(1_000_000 + number);
                        Encoding.ASCII.GetBytes(Patient(number)).CopyTo(tiny.Files[0], patient);
                        return (byte[])tiny.Files[0].Clone();
                    }),
                ],
                PartsPerRequest,
                1);
        }
    }

    private static string Patient(int number) => string.Create(CultureInfo.InvariantCulture, $"PHANTOM-{number:D7}");
}
