using System.Net;
using System.Text.Json;
using Platform.IntegrationTests.Dicomweb;
using Platform.IntegrationTests.Journeys;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>
/// The corpus through a <see cref="JourneySystem"/>, as one hospital sends it: stored and given back clean with the pixels that were
/// sent, or refused with the true reason. Every file where the system is given or the run is long, else every eighth.
/// </summary>
[Collection(nameof(JourneySystem))]
public class CorpusJourneyTests(JourneySystem system, ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static bool IsWhole => JourneySystem.IsGiven || Environment.GetEnvironmentVariable("PLATFORM_TEST_LONG") == "1";

    [Fact]
    public async Task Files_of_many_makers_go_in_and_come_back_or_are_refused_with_the_true_reason()
    {
        var files = CorpusFiles.All("given/dicom");
        if (files.Count == 0)
        {
            return; // no corpus here; CorpusFiles has said so
        }

        using var client = await system.ConnectAsync(Ct);
        using var administrator = await system.SignInAsAdministratorAsync(Ct);
        var sent = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var path in files.Where((_, i) => IsWhole || i % 8 == 0))
        {
            var outcome = await SendAsync(client, administrator, await File.ReadAllBytesAsync(path, Ct), sent, Path.GetFileName(path));
            var what = outcome switch
            {
                0 => "stored",
                CorpusRules.Duplicate => "0111 other bytes under a stored UID",
                _ => CorpusRules.Reasons[outcome],
            };
            counts[what] = counts.GetValueOrDefault(what) + 1;
        }

        output.WriteLine(JsonSerializer.Serialize(counts));
        Assert.True(counts["stored"] > 0);
    }

    [Fact]
    public async Task A_real_chest_CT_goes_in_whole_and_comes_back()
    {
        var files = CorpusFiles.All("given/chest-ct/A0001-lung").Select(File.ReadAllBytes).ToList();
        if (files.Count == 0)
        {
            return; // no corpus here; CorpusFiles has said so
        }

        using var client = await system.ConnectAsync(Ct);
        var (status, body) = await client.StoreAsync(files, Ct);
        Assert.Equal(HttpStatusCode.OK, status);
        var stored = new StowAnswerBody(status, null, null, body).Stored;
        Assert.Equal(files.Count, stored.Count);
        foreach (var (item, bytes) in stored.Zip(files))
        {
            await AssertComesBackAsync(client, bytes, item, "a slice of the chest CT");
        }
    }

    /// <summary>The reason of the answer, 0 when it is stored and came back; both as the rules have it.</summary>
    private static async Task<int> SendAsync(PlatformClient client, PlatformClient administrator, byte[] bytes, Dictionary<string, byte[]> sent, string name)
    {
        var expected = await CorpusRules.ExpectedAsync(bytes, sent, Ct);
        var (status, body) = await client.StoreAsync([bytes], Ct);
        var answer = new StowAnswerBody(status, null, null, body);
        if (answer.Stored is [var item])
        {
            Assert.True(status == HttpStatusCode.OK && expected is null or 0, $"{name}: stored, expected {expected:X4}");
            // Screens, scans and ultrasound are held: an administrator may have them.
            await AssertComesBackAsync(administrator, bytes, item, name);
            return 0;
        }

        Assert.True(status == HttpStatusCode.Conflict, $"{name}: {status}");
        var reason = StowAnswerBody.Number(Assert.Single(answer.Failed.Concat(answer.OtherFailures)), "00081197");
        Assert.True(expected is null || expected == reason, $"{name}: {reason:X4}, expected {expected:X4}");
        return reason;
    }

    private static async Task AssertComesBackAsync(PlatformClient client, byte[] sent, JsonElement item, string name)
    {
        var (study, series, instance) = StowAnswerBody.Uids(item);
        CorpusRules.AssertCleanAndSame(sent, await client.InstanceAsync(study, series, instance, Ct), name);
    }
}
