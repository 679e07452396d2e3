using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Dicomweb;
using Platform.Api.Security;
using Platform.Dicom;
using Platform.IntegrationTests.Dicomweb;
using Platform.UnitTests.Corpus;
using Platform.UnitTests.Fuzz;
using Xunit;

namespace Platform.IntegrationTests.Fuzz;

/// <summary>
/// Damaged files, bodies and searches through the real API. Each instance is stored and comes back byte for byte as it is stored, or
/// is refused with a reason of its own; no answer is a 500, nothing is logged as an error, and the host stays well.
/// </summary>
[Collection(nameof(DicomwebApi))]
public class MutantTests(DicomwebApi api, ITestOutputHelper output)
{
    private const int BatchSize = 20;
    private const int MaxFileBytes = 256 << 10;
    private const string Boundary = "mutant";

    private static readonly HttpStatusCode[] StowAnswers =
    [
        HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.Conflict, HttpStatusCode.BadRequest,
        HttpStatusCode.RequestEntityTooLarge,
    ];

    private static readonly string[] QueryWords =
    [
        "StudyInstanceUID", "PatientID", "ModalitiesInStudy", "00080020", "StudyDate", "0020000D", "limit", "offset", "includefield",
        "fuzzymatching", "all", "00080060.00080100", "=", "&", "&&", ",", "\\", "*", "?", "-", "20240101-", "-20240101", "20240101-20231231",
        "99999999999", "-1", "0", "2147483647", "%00", "%FF", "%ED%A0%80", "%F0%9F%98%80", "%5C", "%25", "'", "%22", ";--", "1.2.3", "_", "%",
        "NumberOfStudyRelatedInstances", "PatientName", "SOPInstanceUID", "InstanceNumber", "CT,MR", "FFFFFFFF", "00000000",
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static bool IsLong => Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    /// <summary>The short run is the same each time; the long one says what it drew.</summary>
    private static int Seed => Environment.GetEnvironmentVariable("PLATFORM_FUZZ_SEED") is { } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : IsLong ? Random.Shared.Next() : 1;

    [Fact]
    public async Task Mutants_of_generated_files_are_stored_whole_or_refused_with_a_reason()
    {
        var random = NewRandom();
        var mutator = new ByteMutator(random, []);
        await SendAllAsync(
            Enumerable.Range(0, IsLong ? 3000 : 100).Select(i => Mutant(TestInstance.Make(number: i), mutator, random)).ToList());
    }

    [Fact]
    public async Task Mutants_of_given_files_are_stored_whole_or_refused_with_a_reason()
    {
        var random = NewRandom();
        var mutator = new ByteMutator(random, []);
        var files = CorpusFiles.All("given/dicom").Where(path => new FileInfo(path).Length <= MaxFileBytes).ToList();
        if (files.Count == 0)
        {
            return; // no corpus here; CorpusFiles has said so
        }

        var mutants = new List<byte[]>();
        for (var i = 0; i < (IsLong ? 3000 : 60); i++)
        {
            mutants.Add(Mutant(await RenamedAsync(files[random.Next(files.Count)]), mutator, random));
        }

        await SendAllAsync(mutants);
    }

    [Fact]
    public async Task Mutants_of_a_multipart_body_are_answered()
    {
        var random = NewRandom();
        var mutator = new ByteMutator(
            random,
            [
                "--mutant"u8.ToArray(), "\r\n--mutant\r\n"u8.ToArray(), "\r\n--mutant--"u8.ToArray(), "\r\n\r\n"u8.ToArray(),
                "Content-Type: application/dicom"u8.ToArray(), "Content-Type: text/plain\r\n"u8.ToArray(), ":"u8.ToArray(), "\n"u8.ToArray(),
                "--"u8.ToArray(),
            ]);
        var tenant = await api.CreateTenantAsync(Ct);
        var before = api.Errors.Count;
        var counts = new SortedDictionary<HttpStatusCode, int>();
        for (var i = 0; i < (IsLong ? 3000 : 80); i++)
        {
            var body = mutator.Mutate(await BodyAsync(), "--mutant"u8.ToArray());
            using var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", $"multipart/related; type=\"application/dicom\"; boundary={Boundary}");
            var answer = await tenant.PostAsync(content, Ct);
            Assert.True(StowAnswers.Contains(answer.Status), $"body {i}: {answer.Status}");
            counts[answer.Status] = counts.GetValueOrDefault(answer.Status) + 1;
        }

        output.WriteLine(string.Join(", ", counts.Select(c => $"{c.Value} × {(int)c.Key}")));
        await AssertWellAsync(tenant, before);
    }

    [Fact]
    public void Any_query_string_is_a_search_or_a_sentence_for_the_client()
    {
        var random = NewRandom();
        for (var i = 0; i < (IsLong ? 500_000 : 5000); i++)
        {
            var query = new QueryCollection(QueryHelpers.ParseQuery(Query(random)));
            Assert.NotEqual(QidoQuery.TryParse(query, out _, out var problem), problem is not null);
        }
    }

    [Fact]
    public async Task Any_search_is_answered()
    {
        var random = NewRandom();
        var tenant = await api.CreateTenantAsync(Ct);
        var stored = Assert.Single((await tenant.StowAsync([TestInstance.Make()], Ct)).Stored);
        var (study, series, _) = StowAnswerBody.Uids(stored);
        string[] roots =
        [
            "studies", "series", "instances", $"studies/{study}/series", $"studies/{study}/instances",
            $"studies/{study}/series/{series}/instances",
        ];
        var before = api.Errors.Count;
        for (var i = 0; i < (IsLong ? 3000 : 120); i++)
        {
            var query = Query(random);
            var (status, _) = await tenant.GetBytesAsync($"dicomweb/{roots[i % roots.Length]}?{query}", Ct);
            Assert.True(
                status is HttpStatusCode.OK or HttpStatusCode.NoContent or HttpStatusCode.BadRequest,
                $"{query}: {status}\n{string.Join('\n', api.Errors)}");
        }

        await AssertWellAsync(tenant, before);
    }

    private Random NewRandom()
    {
        var seed = Seed;
        output.WriteLine($"seed {seed}; PLATFORM_FUZZ_SEED={seed} draws the same again");
        return new Random(seed);
    }

    private static string Query(Random random) =>
        string.Concat(
            Enumerable.Range(0, random.Next(1, 9)).Select(i => QueryWords[random.Next(QueryWords.Length)] + (i % 2 == 0 ? "=" : "&")));

    /// <summary>Half of the mutants keep what names them, so that more of them go the whole way.</summary>
    private static byte[] Mutant(byte[] file, ByteMutator mutator, Random random)
    {
        var keep = random.Next(2) == 0 ? Math.Min(file.Length, 400 + random.Next(2000)) : 0;
        return [.. file[..keep], .. mutator.Mutate(file[keep..], file)];
    }

    /// <summary>A given file under UIDs of its own, so that no two mutants of it are the same instance.</summary>
    private static async Task<byte[]> RenamedAsync(string path)
    {
        var bytes = await File.ReadAllBytesAsync(path, Ct);
        try
        {
            var file = DicomFile.Read(bytes);
            foreach (var tag in new[] { DicomTags.StudyInstanceUID, DicomTags.SeriesInstanceUID, DicomTags.SOPInstanceUID })
            {
                file.Dataset.Set(tag, DicomUid.New());
            }

            return file.ToArray();
        }
        catch (DicomException)
        {
            return bytes; // refused whole, and so are its mutants
        }
    }

    private static async Task<byte[]> BodyAsync()
    {
        using var body = new MultipartContent("related", Boundary);
        body.Add(DicomwebClient.Part(TestInstance.Make(side: 4)));
        body.Add(DicomwebClient.Part(TestInstance.Make(side: 4)));
        return await body.ReadAsByteArrayAsync(Ct);
    }

    private async Task SendAllAsync(List<byte[]> mutants)
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var administrator = await api.SignInAsync(tenant, Role.TenantAdministrator, Ct); // who may have held pixels too
        var before = api.Errors.Count;
        var (stored, refused) = (0, 0);
        foreach (var batch in mutants.Chunk(BatchSize))
        {
            var answer = await tenant.StowAsync(batch, Ct);
            Assert.True(
                answer.Status is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.Conflict, $"{answer.Status}: {answer.Body}");
            var failures = answer.Failed.Concat(answer.OtherFailures).ToList();
            Assert.Equal(batch.Length, answer.Stored.Count + failures.Count);
            Assert.All(failures, failure => Assert.NotEqual(0, StowAnswerBody.Number(failure, "00081197")));
            foreach (var item in answer.Stored)
            {
                await AssertComesBackAsync(administrator, item);
            }

            stored += answer.Stored.Count;
            refused += failures.Count;
        }

        output.WriteLine($"{mutants.Count} mutants: {stored} stored, {refused} refused");
        Assert.True(stored > 0 && refused > 0, "Mutants that are all of one kind test nothing.");
        await AssertWellAsync(tenant, before);
    }

    private async Task AssertComesBackAsync(DicomwebClient tenant, System.Text.Json.JsonElement item)
    {
        var (study, series, instance) = StowAnswerBody.Uids(item);
        var path = $"studies/{study}/series/{series}/instances/{instance}";
        var bytes = Assert.Single(await tenant.RetrieveAsync(path, Ct));
        var row = await api.InTenantAsync(
            tenant.TenantId,
            (db, ct) => db.Instances.Where(i => i.SopInstanceUid == instance).Select(i => new { i.Sha256, i.Length }).SingleAsync(ct),
            Ct);
        Assert.Equal((row.Sha256, row.Length), (Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.LongLength));
        var stored = DicomFile.Read(bytes, new DicomReadOptions { StopBeforePixelData = true });
        Assert.Equal(instance, stored.Dataset.GetUid(DicomTags.SOPInstanceUID));
        var metadata = Assert.Single((await tenant.SearchAsync(path + "/metadata", Ct)).EnumerateArray());
        Assert.Equal(instance, StowAnswerBody.Text(metadata, "00080018"));
    }

    private async Task AssertWellAsync(DicomwebClient tenant, int errorsBefore)
    {
        Assert.Empty(api.Errors.Skip(errorsBefore));
        using var health = await tenant.Http.GetAsync(new Uri("/health/live", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync([TestInstance.Make()], Ct)).Status);
    }
}
