using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Security;
using Platform.Dicom;
using Platform.IntegrationTests.Dicomweb;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>Every file of the corpus goes in by STOW-RS and comes back by WADO-RS as it is stored, or is refused with the true reason.</summary>
[Collection(nameof(DicomwebApi))]
public class DicomwebCorpusTests(DicomwebApi api, ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("given/dicom")]
    [InlineData("given/deid")]
    [InlineData("given/hostile")]
    public async Task Every_file_comes_back_as_stored_or_is_refused_with_the_true_reason(string folder)
    {
        var before = api.Errors.Count; // other tests of this host lose blobs on purpose, and the host says so

        // The corpus has the same instances in many encodings: each further copy fails with 0111H and then goes to another tenant.
        var tenants = new List<(DicomwebClient Client, DicomwebClient Administrator, Dictionary<string, byte[]> Sent)>();
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var path in CorpusFiles.All(folder))
        {
            var bytes = await File.ReadAllBytesAsync(path, Ct);
            for (var i = 0; ; i++)
            {
                if (i == tenants.Count)
                {
                    var tenant = await api.CreateTenantAsync(Ct);
                    tenants.Add((tenant, await api.SignInAsync(tenant, Role.TenantAdministrator, Ct), new Dictionary<string, byte[]>(StringComparer.Ordinal)));
                }

                var outcome = await SendAsync(tenants[i].Client, tenants[i].Administrator, bytes, tenants[i].Sent, Path.GetFileName(path));
                if (outcome is not CorpusRules.Duplicate)
                {
                    Count(counts, outcome is 0 ? "stored" : CorpusRules.Reasons[outcome]);
                    break;
                }
            }
        }

        Count(counts, "tenants needed", tenants.Count);
        output.WriteLine($"{folder}: {JsonSerializer.Serialize(counts)}");
        Assert.Empty(api.Errors.Skip(before));
    }

    [Fact]
    public async Task A_real_chest_CT_goes_in_whole_and_comes_back()
    {
        var files = CorpusFiles.All("given/chest-ct/A0001-lung").Select(File.ReadAllBytes).ToList();
        if (files.Count == 0)
        {
            return; // no corpus here; CorpusFiles has said so
        }

        var tenant = await api.CreateTenantAsync(Ct);
        var start = TimeProvider.System.GetTimestamp();
        var answer = await tenant.StowAsync(files, Ct);
        var stored = TimeProvider.System.GetElapsedTime(start);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(files.Count, answer.Stored.Count);
        var study = Assert.Single(answer.Stored.Select(item => StowAnswerBody.Uids(item).Study).Distinct());

        start = TimeProvider.System.GetTimestamp();
        var parts = await tenant.RetrieveAsync($"studies/{study}", Ct);
        var retrieved = TimeProvider.System.GetElapsedTime(start);
        Assert.Equal(files.Count, parts.Count);
        var found = Assert.Single((await tenant.SearchAsync($"studies?StudyInstanceUID={study}", Ct)).EnumerateArray());
        Assert.Equal(files.Count, StowAnswerBody.Number(found, "00201208"));
        Assert.Equal(files.Count, (await tenant.SearchAsync($"studies/{study}/metadata", Ct)).GetArrayLength());
        output.WriteLine($"{files.Count} slices, {files.Sum(f => f.LongLength)} bytes: stored in {stored}, retrieved in {retrieved}");
    }

    /// <summary>The reason of the answer, 0 when it is stored and came back; both as the rules have it.</summary>
    private async Task<int> SendAsync(
        DicomwebClient tenant, DicomwebClient administrator, byte[] bytes, Dictionary<string, byte[]> sent, string name)
    {
        var expected = await CorpusRules.ExpectedAsync(bytes, sent, Ct);
        var answer = await tenant.StowAsync([bytes], Ct);
        if (answer.Stored is [var stored])
        {
            Assert.True(answer.Status == HttpStatusCode.OK && expected is null or 0, $"{name}: stored, expected {expected:X4}");
            await AssertComesBackAsync(tenant, administrator, bytes, stored, name);
            return 0;
        }

        Assert.True(answer.Status == HttpStatusCode.Conflict, $"{name}: {answer.Status}");
        var reason = StowAnswerBody.Number(Assert.Single(answer.Failed.Concat(answer.OtherFailures)), "00081197");
        Assert.True(expected is null || expected == reason, $"{name}: {reason:X4}, expected {expected:X4}");
        return reason;
    }

    /// <summary>To whoever asks, or, where the study may show who the patient is, to the tenant's administrator alone.</summary>
    private async Task AssertComesBackAsync(DicomwebClient tenant, DicomwebClient administrator, byte[] sent, JsonElement item, string name)
    {
        var (study, series, instance) = StowAnswerBody.Uids(item);
        var (path, accept) = ($"dicomweb/studies/{study}/series/{series}/instances/{instance}", "application/dicom; transfer-syntax=*");
        var (status, bytes) = await tenant.GetBytesAsync(path, Ct, accept);
        var isHeld = (await tenant.StudyAsync(study, Ct)).GetProperty("pixels").ValueKind == JsonValueKind.Object;
        Assert.True(status == (isHeld ? HttpStatusCode.Forbidden : HttpStatusCode.OK), $"{name}: {status}");
        if (isHeld)
        {
            (status, bytes) = await administrator.GetBytesAsync(path, Ct, accept);
            Assert.True(status == HttpStatusCode.OK, $"{name}: {status} to an administrator");
        }

        var sha256 = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.Instances.Where(i => i.SopInstanceUid == instance).Select(i => i.Sha256).SingleAsync(ct), Ct);
        Assert.True(sha256 == Convert.ToHexStringLower(SHA256.HashData(bytes)), $"{name}: other bytes than stored");

        CorpusRules.AssertCleanAndSame(sent, DicomFile.Read(bytes), name);
    }

    private static void Count(SortedDictionary<string, int> counts, string what, int more = 1) =>
        counts[what] = counts.GetValueOrDefault(what) + more;
}
