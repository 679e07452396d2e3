using System.Net;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Studies;
using Platform.Dicom;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

[Collection(nameof(DicomwebApi))]
public class WadoTests(DicomwebApi api)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_come_back_exactly_as_stored_in_the_order_of_instance_numbers()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(5);
        files.Reverse();
        var answer = await tenant.StowAsync(files, Ct);
        var (study, series, _) = StowAnswerBody.Uids(answer.Stored[0]);
        var rows = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.Instances.OrderBy(i => i.InstanceNumber).ToListAsync(ct), Ct);

        var parts = await tenant.RetrieveAsync($"studies/{study}/series/{series}", Ct);
        Assert.Equal(rows.Select(r => r.Sha256), parts.Select(p => Convert.ToHexStringLower(SHA256.HashData(p))));
        Assert.Equal(rows.Select(r => r.Length), parts.Select(p => (long)p.Length));
    }

    [Fact]
    public async Task Metadata_is_what_is_stored_with_absolute_URIs_of_bulk_data()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var answer = await tenant.StowAsync(TestInstance.Series(3), Ct);
        var (study, series, instance) = StowAnswerBody.Uids(answer.Stored[1]);

        Assert.Equal(3, (await tenant.SearchAsync($"studies/{study}/metadata", Ct)).GetArrayLength());
        Assert.Equal(3, (await tenant.SearchAsync($"studies/{study}/series/{series}/metadata", Ct)).GetArrayLength());
        var one = Assert.Single((await tenant.SearchAsync($"studies/{study}/series/{series}/instances/{instance}/metadata", Ct)).EnumerateArray());
        Assert.Equal(instance, StowAnswerBody.Text(one, "00080018"));
        var pixels = one.GetProperty("7FE00010");
        Assert.Equal("OW", pixels.GetProperty("vr").GetString());
        var uri = pixels.GetProperty("BulkDataURI").GetString()!;
        Assert.Equal(
            new Uri(api.Address, $"/t/{tenant.Slug}/dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/7FE00010").ToString(), uri);
        using var bulk = await tenant.Http.GetAsync(new Uri(uri), Ct);
        Assert.Equal(HttpStatusCode.OK, bulk.StatusCode);
    }

    [Fact]
    public async Task Frames_are_cut_out_of_uncompressed_and_encapsulated_pixel_data()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var frames = Enumerable.Range(0, 3).Select(f => RandomNumberGenerator.GetBytes(512)).ToArray();
        var native = TestInstance.Make(change: d =>
        {
            d.Set(DicomTags.NumberOfFrames, 3L);
            d.Set(DicomTags.PixelData, DicomVr.OW, frames.SelectMany(f => f).ToArray());
        });
        var dataset = DicomFile.Read(TestInstance.Make()).Dataset;
        dataset.Set(DicomTags.NumberOfFrames, 3L);
        dataset.Set(DicomElement.Encapsulated(
            DicomTags.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, .. frames.Select(f => new ReadOnlyMemory<byte>(f))]));
        var encapsulated = new DicomFile(dataset, DicomTransferSyntax.Jpeg2000Lossless).ToArray();

        var answer = await tenant.StowAsync([native, encapsulated], Ct);
        foreach (var (study, series, instance) in answer.Stored.Select(StowAnswerBody.Uids))
        {
            var parts = await tenant.PartsAsync(
                $"studies/{study}/series/{series}/instances/{instance}/frames/3,1",
                "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*",
                Ct);
            Assert.Equal([frames[2], frames[0]], parts);
            Assert.Equal(
                HttpStatusCode.NotFound,
                (await tenant.GetBytesAsync($"dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/4", Ct)).Status);
            Assert.Equal(
                HttpStatusCode.BadRequest,
                (await tenant.GetBytesAsync($"dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/0", Ct)).Status);
        }
    }

    [Fact]
    public async Task Reading_is_audited_once_in_ten_minutes()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var answer = await tenant.StowAsync(TestInstance.Series(2), Ct);
        var (study, _, _) = StowAnswerBody.Uids(answer.Stored[0]);
        for (var i = 0; i < 5; i++)
        {
            await tenant.RetrieveAsync($"studies/{study}", Ct);
        }

        Assert.Equal(1, await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.AuditEvents.CountAsync(e => e.Action == "study.read", ct), Ct));
    }

    [Fact]
    public async Task A_lost_blob_is_a_broken_answer_marked_damaged_and_repaired_by_the_sender()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(2);
        var answer = await tenant.StowAsync(files, Ct);
        var (study, series, instance) = StowAnswerBody.Uids(answer.Stored[0]);
        var path = $"dicomweb/studies/{study}/series/{series}/instances/{instance}";
        var blob = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.Instances.Where(i => i.SopInstanceUid == instance).Select(i => i.Blob).SingleAsync(ct), Ct);
        File.Delete(Path.Combine(api.BlobFolder, blob));

        Assert.Equal(HttpStatusCode.InternalServerError, (await tenant.GetBytesAsync(path, Ct)).Status);
        Assert.Equal(InstanceStatus.Damaged, await StatusAsync(tenant, instance));
        using (var partial = await tenant.GetAsync($"dicomweb/studies/{study}", Ct))
        {
            Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync(files, Ct)).Status);
        Assert.Equal(InstanceStatus.Stored, await StatusAsync(tenant, instance));
        Assert.Equal(HttpStatusCode.OK, (await tenant.GetBytesAsync(path, Ct)).Status);
    }

    [Fact]
    public async Task Accept_decides_between_one_part_and_many()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var answer = await tenant.StowAsync(TestInstance.Series(1), Ct);
        var (study, series, instance) = StowAnswerBody.Uids(answer.Stored[0]);
        var path = $"dicomweb/studies/{study}/series/{series}/instances/{instance}";
        foreach (var (accept, mediaType) in new[]
        {
            ("application/dicom", "application/dicom"),
            ("*/*", "application/dicom"),
            ("multipart/related; type=\"application/dicom\"", "multipart/related"),
            ("multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1", "multipart/related"),
        })
        {
            using var one = await tenant.GetAsync(path, Ct, accept);
            Assert.Equal(HttpStatusCode.OK, one.StatusCode);
            Assert.Equal(mediaType, one.Content.Headers.ContentType?.MediaType);
            Assert.NotNull(one.Content.Headers.ContentLength);
        }

        Assert.Equal(HttpStatusCode.NotAcceptable, (await tenant.GetBytesAsync(path, Ct, "image/png")).Status);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await tenant.GetBytesAsync($"dicomweb/studies/{study}", Ct, "application/dicom")).Status);
        Assert.Equal(HttpStatusCode.OK, (await tenant.GetBytesAsync($"{path}?accept=application/dicom", Ct, "image/png")).Status);
    }

    private Task<InstanceStatus> StatusAsync(DicomwebClient tenant, string instance) => api.InTenantAsync(
        tenant.TenantId, (db, ct) => db.Instances.Where(i => i.SopInstanceUid == instance).Select(i => i.Status).SingleAsync(ct), Ct);
}
