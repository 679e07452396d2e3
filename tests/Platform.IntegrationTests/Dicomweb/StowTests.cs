using System.Net;
using System.Text;
using Platform.Dicom;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

[Collection(nameof(DicomwebApi))]
public class StowTests(DicomwebApi api)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_stored_comes_back_whole_and_de_identified()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(3);
        var answer = await tenant.StowAsync(files, Ct);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("application/dicom+json", answer.MediaType);
        Assert.Equal(3, answer.Stored.Count);
        Assert.Empty(answer.Failed);

        var (study, series, instance) = StowAnswerBody.Uids(answer.Stored[0]);
        Assert.NotEqual(TestInstance.Uid(files[0], DicomTags.StudyInstanceUID), study);
        var parts = await tenant.RetrieveAsync($"studies/{study}", Ct);
        Assert.Equal(3, parts.Count);
        for (var i = 0; i < 3; i++)
        {
            var sent = DicomFile.Read(files[i]).Dataset;
            var stored = DicomFile.Read(parts[i]).Dataset;
            Assert.Equal(sent.GetBytes(DicomTags.PixelData).ToArray(), stored.GetBytes(DicomTags.PixelData).ToArray());
            Assert.Equal(StowAnswerBody.Text(answer.Stored[i], "00081155"), stored.GetUid(DicomTags.SOPInstanceUID));
            Assert.Equal("YES", stored.GetString(DicomTags.PatientIdentityRemoved));
            Assert.DoesNotContain("Invented", Encoding.UTF8.GetString(parts[i]), StringComparison.Ordinal);
            Assert.DoesNotContain(TestInstance.PatientId, Encoding.UTF8.GetString(parts[i]), StringComparison.Ordinal);
        }

        // The UIDs as sent find the same.
        var sentStudy = TestInstance.Uid(files[0], DicomTags.StudyInstanceUID);
        Assert.Equal(parts, await tenant.RetrieveAsync($"studies/{sentStudy}", Ct));
        var (status, single) = await tenant.GetBytesAsync(
            $"dicomweb/studies/{study}/series/{series}/instances/{instance}", Ct, "application/dicom; transfer-syntax=*");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(parts[0], single);
    }
}
