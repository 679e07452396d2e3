using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Platform.Dicom;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

public class StoreTroubleTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_is_a_507_and_leaves_nothing_behind()
    {
        await using var api = new DicomwebApi(new Dictionary<string, string?>
        {
            ["Blobs:MinimumFreeBytes"] = long.MaxValue.ToString(CultureInfo.InvariantCulture),
        });
        await api.InitializeAsync();
        var tenant = await api.CreateTenantAsync(Ct);
        var answer = await tenant.StowAsync(TestInstance.Series(3), Ct);
        Assert.Equal(HttpStatusCode.InsufficientStorage, answer.Status);
        Assert.NotNull(answer.RetryAfter);
        Assert.Empty(api.BlobFiles());
        Assert.Equal(0, await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Studies.CountAsync(ct), Ct));
    }

    [Fact]
    public async Task A_database_that_is_away_is_a_503_and_storing_goes_on_when_it_is_back()
    {
        await using var api = new DicomwebApi();
        await api.InitializeAsync();
        var tenant = await api.CreateTenantAsync(Ct);
        var before = TestInstance.Series(2);
        Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync(before, Ct)).Status);

        await api.Postgres.KillAsync();
        var files = TestInstance.Series(2);
        var away = await tenant.StowAsync(files, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.Status);

        await api.Postgres.RestartAsync(Ct);
        StowAnswerBody? back = null;
        await Wait.UntilAsync(async () => (back = await tenant.StowAsync(files, Ct)).Status != HttpStatusCode.ServiceUnavailable, Ct);
        Assert.Equal(HttpStatusCode.OK, back!.Status);
        Assert.Equal(2, (await tenant.RetrieveAsync($"studies/{TestInstance.Uid(files[0], DicomTags.StudyInstanceUID)}", Ct)).Count);
        Assert.Equal(2, (await tenant.RetrieveAsync($"studies/{TestInstance.Uid(before[0], DicomTags.StudyInstanceUID)}", Ct)).Count);
    }

    [Fact]
    public async Task A_database_that_dies_while_instances_arrive_loses_none_that_was_answered_for()
    {
        await using var api = new DicomwebApi();
        await api.InitializeAsync();
        var tenant = await api.CreateTenantAsync(Ct);
        var answered = new List<string>();
        var sending = Task.Run(
            async () =>
            {
                for (var i = 0; i < 60; i++)
                {
                    var files = TestInstance.Series(2);
                    if ((await tenant.StowAsync(files, Ct)).Status == HttpStatusCode.OK)
                    {
                        answered.Add(TestInstance.Uid(files[0], DicomTags.StudyInstanceUID));
                    }
                }
            },
            Ct);
        await Wait.UntilAsync(() => Task.FromResult(answered.Count > 5), Ct);
        await api.Postgres.KillAsync();
        await api.Postgres.RestartAsync(Ct);
        await sending;
        Assert.True(answered.Count > 6);
        foreach (var study in answered)
        {
            Assert.Equal(2, (await tenant.RetrieveAsync($"studies/{study}", Ct)).Count);
        }
    }
}
