using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Api.Security;
using Platform.Api.Studies;
using Platform.Api.Tenants;
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
        Assert.True(status == HttpStatusCode.OK, string.Join('\n', api.Errors));
        Assert.Equal(parts[0], single);
    }

    [Fact]
    public async Task What_the_header_says_of_an_image_holds_its_study_at_once()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var uid = DicomUid.New();
        var captured = TestInstance.Make(uid, change: d => d.Set(DicomTags.ConversionType, "SD"));
        var ultrasound = TestInstance.Make(uid, change: d => d.Set(DicomTags.Modality, "US"));
        var clean = TestInstance.Make(uid, change: d =>
        {
            d.Set(DicomTags.Modality, "US");
            d.Set(DicomTags.BurnedInAnnotation, "NO");
        });

        // Cleaning takes away what says that an overlay lies in the pixels.
        var overlaid = TestInstance.Make(uid, change: d => d.Set(new DicomTag(0x6000_0102), "12"));
        await tenant.StowAsync([clean], Ct);
        Assert.Equal(JsonValueKind.Null, (await tenant.StudyAsync(uid, Ct)).GetProperty("pixels").ValueKind);
        foreach (var file in new[] { captured, ultrasound, overlaid, overlaid })
        {
            Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync([file], Ct)).Status);
        }

        var pixels = (await tenant.StudyAsync(uid, Ct)).GetProperty("pixels");
        Assert.Equal(3, pixels.GetProperty("images").GetInt32());
        Assert.Equal(
            [("Captured", 1), ("OverlayInPixels", 1), ("UsuallyAnnotated", 1)],
            pixels.GetProperty("suspicions").EnumerateArray().Select(s => (s.GetProperty("code").GetString(), s.GetProperty("images").GetInt32())));
        Assert.Equal(HttpStatusCode.Forbidden, (await tenant.GetBytesAsync($"dicomweb/studies/{uid}", Ct)).Status);
        var administrator = await api.SignInAsync(tenant, Role.TenantAdministrator, Ct);
        Assert.Equal(4, (await administrator.RetrieveAsync($"studies/{uid}", Ct)).Count);
        Assert.Equal(1, await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.AuditEvents.CountAsync(e => e.Action == PixelHold.Action, ct), Ct));
    }

    [Fact]
    public async Task The_answer_pairs_received_and_stored_UIDs_with_a_warning()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var file = TestInstance.Make();
        var stored = Assert.Single((await tenant.StowAsync([file], Ct)).Stored);

        Assert.Equal(0xB000, StowAnswerBody.Number(stored, "00081196"));
        var modified = stored.GetProperty("04000561").GetProperty("Value")[0].GetProperty("04000550").GetProperty("Value")[0];
        Assert.Equal(TestInstance.Uid(file, DicomTags.SOPInstanceUID), StowAnswerBody.Text(modified, "00080018"));
        Assert.Equal(TestInstance.Uid(file, DicomTags.StudyInstanceUID), StowAnswerBody.Text(modified, "0020000D"));
        Assert.NotEqual(TestInstance.Uid(file, DicomTags.SOPInstanceUID), StowAnswerBody.Text(stored, "00081155"));
    }

    [Fact]
    public async Task The_same_bytes_again_are_a_success_and_stored_once()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(2);
        var first = await tenant.StowAsync(files, Ct);
        var again = await tenant.StowAsync([.. files, files[0]], Ct);

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Equal(
            [.. first.Stored.Select(StowAnswerBody.Uids), StowAnswerBody.Uids(first.Stored[0])], again.Stored.Select(StowAnswerBody.Uids));
        var rows = await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.Select(i => i.Blob).ToListAsync(ct), Ct);
        Assert.Equal(2, rows.Count);
        Assert.Equal(
            rows.Order(),
            Directory.GetFiles(Path.Combine(api.BlobFolder, tenant.TenantId.ToString("N")), "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(api.BlobFolder, path)).Order());
    }

    [Fact]
    public async Task Other_bytes_under_the_same_SOP_Instance_UID_fail_with_0111H()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var (study, series, instance) = (DicomUid.New(), DicomUid.New(), DicomUid.New());
        var one = TestInstance.Make(study, series, 1, d => d.Set(DicomTags.SOPInstanceUID, instance));
        var other = TestInstance.Make(study, series, 2, d => d.Set(DicomTags.SOPInstanceUID, instance));
        Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync([one], Ct)).Status);
        var answer = await tenant.StowAsync([other], Ct);

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        var failed = Assert.Single(answer.Failed);
        Assert.Equal(273, StowAnswerBody.Number(failed, "00081197"));
        Assert.Equal(instance, StowAnswerBody.Text(failed, "00081155"));
        var pixels = DicomFile.Read(Assert.Single(await tenant.RetrieveAsync($"studies/{study}", Ct))).Dataset.GetBytes(DicomTags.PixelData);
        Assert.Equal(DicomFile.Read(one).Dataset.GetBytes(DicomTags.PixelData).ToArray(), pixels.ToArray());
    }

    [Fact]
    public async Task Two_requests_with_the_same_instances_at_once_store_them_once()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => tenant.StowAsync(files, Ct)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(10, await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct));
    }

    [Fact]
    public async Task A_mixed_request_stores_what_is_good_and_says_why_not_of_the_rest()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var good = TestInstance.Make();
        byte[][] parts =
        [
            "This is no DICOM at all, though it is long enough to look for a prefix in it. "u8.ToArray(),
            good,
            TestInstance.Make()[..^100],
            TestInstance.Make(change: d => d.Set(DicomTags.BurnedInAnnotation, "YES")),
            TestInstance.Make(change: d => d.Remove(DicomTags.SOPInstanceUID)),
            TestInstance.Make(change: d => d.Set(DicomTags.SOPClassUID, "1.2.840.10008.1.3.10")),
        ];
        var answer = await tenant.StowAsync(parts, Ct);

        Assert.True(answer.Stored.Count == 1, answer.Body.GetRawText());
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(TestInstance.Uid(good, DicomTags.SOPInstanceUID), Assert.Single(Originals(answer)));
        Assert.Contains(answer.OtherFailures, failure => Reason(failure) == 0xC000 && Comment(failure).Contains("not a DICOM", StringComparison.Ordinal));
        Assert.Contains(answer.Failed, failure => Reason(failure) == 0xC000 && Comment(failure).Contains("too early", StringComparison.Ordinal));
        Assert.Contains(answer.Failed, failure => Reason(failure) == 0x0110 && Comment(failure).Contains("Burned In", StringComparison.Ordinal));
        Assert.Contains(answer.OtherFailures, failure => Reason(failure) == 0xA900);
        Assert.Contains(answer.OtherFailures, failure => Reason(failure) == 0x0122);
        Assert.All(answer.Failed.Concat(answer.OtherFailures), failure => Assert.InRange(Comment(failure).Length, 1, 64));
        Assert.Equal(1, await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct));
    }

    [Fact]
    public async Task An_instance_of_another_study_than_the_URLs_is_refused()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var file = TestInstance.Make();
        var answer = await tenant.StowAsync([file], Ct, DicomUid.New());
        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.Equal(0xA900, Reason(Assert.Single(answer.Failed)));

        var study = TestInstance.Uid(file, DicomTags.StudyInstanceUID);
        Assert.Equal(HttpStatusCode.OK, (await tenant.StowAsync([file], Ct, study)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await tenant.StowAsync([file], Ct, "no-uid")).Status);
    }

    [Fact]
    public async Task What_follows_pixel_data_is_dropped()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var file = TestInstance.Make(change: d =>
        {
            d.Set(new DicomTag(0x7FE1, 0x0010), DicomVr.LO, "INVENTED-CREATOR");
            d.Set(DicomTags.DataSetTrailingPadding, DicomVr.OB, "INVENTED-4711!!!"u8.ToArray());
        });
        var answer = await tenant.StowAsync([file], Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var stored = Assert.Single(await tenant.RetrieveAsync($"studies/{StowAnswerBody.Uids(answer.Stored[0]).Study}", Ct));
        Assert.DoesNotContain("INVENTED", Encoding.Latin1.GetString(stored), StringComparison.Ordinal);
        Assert.Equal(DicomTags.PixelData, DicomFile.Read(stored).Dataset.ToArray()[^1].Tag);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Comments_inside_compressed_frames_are_blank_and_nothing_else_changes(bool isVerified)
    {
        // Two fragments, the comment in both; what looks like a comment in the offset table is none.
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xFE, 0, 12, .. "INVENTED 7"u8, 0xFF, 0xDA, 0, 3, 1, 5, 6, 7, 0xFF, 0xD9];
        byte[] offsets = [0xFF, 0xD8, 0xFF, 0xFE];
        var maker = await api.CreateTenantAsync(Ct);
        var dataset = DicomFile.Read(TestInstance.Make()).Dataset;
        if (isVerified)
        {
            var clean = StowAnswerBody.Uids(Assert.Single((await maker.StowAsync([TestInstance.Make()], Ct)).Stored)).Study;
            dataset = DicomFile.Read(Assert.Single(await maker.RetrieveAsync($"studies/{clean}", Ct))).Dataset;
        }

        dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, offsets, jpeg.AsMemory(0, 10), jpeg.AsMemory(10)));
        var tenant = await api.CreateTenantAsync(Ct, isVerified ? DeidentificationPolicy.Verify : DeidentificationPolicy.Apply);
        var answer = await tenant.StowAsync([new DicomFile(dataset, DicomTransferSyntax.JpegBaseline).ToArray()], Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);

        var study = StowAnswerBody.Uids(answer.Stored[0]).Study;
        var stored = DicomFile.Read(Assert.Single(await tenant.RetrieveAsync($"studies/{study}", Ct))).Dataset[DicomTags.PixelData]!;
        jpeg.AsSpan(6, 10).Clear();
        Assert.Equal([offsets, jpeg[..10], jpeg[10..]], stored.Fragments!.Select(f => f.ToArray()));
    }

    [Fact]
    public async Task A_syntax_that_no_worker_decodes_is_stored_as_it_is()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var dataset = DicomFile.Read(TestInstance.Make()).Dataset;
        dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, Array.Empty<byte>(), new byte[] { 1, 2, 3, 4 }, new byte[] { 5, 6 }));
        var file = new DicomFile(dataset, DicomTransferSyntax.Find("1.2.840.10008.1.2.4.107")!).ToArray(); // HEVC video
        var answer = await tenant.StowAsync([file], Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);

        var (study, _, _) = StowAnswerBody.Uids(answer.Stored[0]);
        var stored = DicomFile.Read(Assert.Single(await tenant.RetrieveAsync($"studies/{study}", Ct)));
        Assert.Equal("1.2.840.10008.1.2.4.107", stored.Syntax.Uid);
        Assert.Equal([0, 4, 2], stored.Dataset[DicomTags.PixelData]!.Fragments!.Select(f => f.Length));
        using var asked = await tenant.GetAsync(
            $"dicomweb/studies/{study}", Ct, "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1");
        Assert.Equal(HttpStatusCode.NotAcceptable, asked.StatusCode);
    }

    [Fact]
    public async Task Under_policy_verify_what_is_clean_is_stored_under_its_own_UIDs_and_what_is_not_is_refused()
    {
        var dirty = TestInstance.Make();
        var maker = await api.CreateTenantAsync(Ct);
        var study = StowAnswerBody.Uids(Assert.Single((await maker.StowAsync([dirty], Ct)).Stored)).Study;
        var clean = Assert.Single(await maker.RetrieveAsync($"studies/{study}", Ct));

        var verifier = await api.CreateTenantAsync(Ct, DeidentificationPolicy.Verify);
        var refused = await verifier.StowAsync([dirty], Ct);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("de-identif", Comment(Assert.Single(refused.Failed)), StringComparison.Ordinal);

        var answer = await verifier.StowAsync([clean], Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(study, StowAnswerBody.Uids(Assert.Single(answer.Stored)).Study);
        Assert.False(answer.Stored[0].TryGetProperty("00081196", out _));
    }

    [Fact]
    public async Task One_instance_may_come_without_multipart()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        using var body = DicomwebClient.Part(TestInstance.Make());
        Assert.Single((await tenant.PostAsync(body, Ct)).Stored);
    }

    [Fact]
    public async Task Requests_that_are_no_STOW_are_told_why()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        using var json = new StringContent("[]", Encoding.UTF8, "application/dicom+json");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await tenant.PostAsync(json, Ct)).Status);

        using var noBoundary = new ByteArrayContent([1, 2, 3]);
        noBoundary.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"");
        Assert.Equal(HttpStatusCode.BadRequest, (await tenant.PostAsync(noBoundary, Ct)).Status);

        using var garbage = new ByteArrayContent(new byte[5000]);
        garbage.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=x");
        Assert.Equal(HttpStatusCode.BadRequest, (await tenant.PostAsync(garbage, Ct)).Status);

        using var unclosed = new ByteArrayContent("--x\r\nContent-Type: application/dicom\r\n\r\nabc"u8.ToArray());
        unclosed.Headers.TryAddWithoutValidation("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=x");
        Assert.Equal(HttpStatusCode.BadRequest, (await tenant.PostAsync(unclosed, Ct)).Status);

        using var request = new HttpRequestMessage(HttpMethod.Post, tenant.Path("dicomweb/studies"))
        {
            Content = DicomwebClient.Multipart([TestInstance.Make()]),
        };
        request.Headers.Accept.ParseAdd("application/dicom+xml");
        using var xml = await tenant.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.NotAcceptable, xml.StatusCode);
    }

    [Fact]
    public async Task More_parts_than_the_budget_is_a_413_that_names_it_and_keeps_what_came_before()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var file = TestInstance.Make();
        var answer = await tenant.StowAsync(Enumerable.Repeat(file, 2001), Ct);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Contains("MaxParts (2000)", answer.Detail, StringComparison.Ordinal);
        Assert.Equal(1, await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct));
    }

    [Fact]
    public async Task A_declared_length_over_the_budget_is_refused_before_a_byte_is_read()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        using var socket = await ConnectAsync(tenant, "Content-Length: 3000000000");
        var answer = await ReadAnswerAsync(socket);
        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
        Assert.Contains("MaxRequestBytes", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_breaks_leaves_what_came_whole()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(3);
        var study = TestInstance.Uid(files[0], DicomTags.StudyInstanceUID);
        using (var socket = await ConnectAsync(tenant, "Transfer-Encoding: chunked"))
        {
            await SendChunkAsync(socket, "--cable\r\n"u8.ToArray());
            await SendPartAsync(socket, files[0]);
            await SendPartAsync(socket, files[1]);

            // A second after the first instance its batch is committed, though the request goes on.
            await Wait.UntilAsync(
                async () => await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct) == 2, Ct);
            await SendPartAsync(socket, files[2][..^50], isWhole: false);
            socket.LingerState = new LingerOption(true, 0); // the cable is pulled: a reset, no goodbye
        }

        Assert.Equal(2, (await tenant.RetrieveAsync($"studies/{study}", Ct)).Count);
        var answer = await tenant.StowAsync(files, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(3, (await tenant.RetrieveAsync($"studies/{study}", Ct)).Count);
        Assert.Equal(3, await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct));
    }

    [Fact]
    public async Task What_came_whole_is_kept_also_when_the_line_breaks_before_its_batch_is_due()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        var files = TestInstance.Series(2);
        using (var socket = await ConnectAsync(tenant, "Transfer-Encoding: chunked"))
        {
            await SendChunkAsync(socket, "--cable\r\n"u8.ToArray());
            await SendPartAsync(socket, files[0]);
            await SendPartAsync(socket, files[1][..^50], isWhole: false);
            socket.Shutdown(SocketShutdown.Send);
            await ReadAnswerAsync(socket);
        }

        await Wait.UntilAsync(
            async () => await api.InTenantAsync(tenant.TenantId, (db, ct) => db.Instances.CountAsync(ct), Ct) == 1, Ct);
    }

    [Fact]
    public async Task A_wrong_token_and_another_tenant_are_refused()
    {
        var (mine, theirs) = (await api.CreateTenantAsync(Ct), await api.CreateTenantAsync(Ct));
        using var anonymous = new HttpClient { BaseAddress = api.Address };
        anonymous.DefaultRequestHeaders.Authorization = new("Bearer", "not-a-token");
        using var body = DicomwebClient.Multipart([TestInstance.Make()]);
        using var wrong = await anonymous.PostAsync(mine.Path("dicomweb/studies"), body, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);

        using var again = DicomwebClient.Multipart([TestInstance.Make()]);
        using var foreign = await theirs.Http.PostAsync(mine.Path("dicomweb/studies"), again, Ct);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
    }

    [Fact]
    public async Task Storing_is_audited_without_a_patient_in_it()
    {
        var tenant = await api.CreateTenantAsync(Ct);
        await tenant.StowAsync(TestInstance.Series(2), Ct);
        var events = await api.InTenantAsync(
            tenant.TenantId, (db, ct) => db.AuditEvents.Where(e => e.Action == "instances.store").ToListAsync(ct), Ct);
        var stored = Assert.Single(events);
        Assert.Equal("study", stored.EntityKind);
        Assert.Contains("2 instances", stored.Canonical, StringComparison.Ordinal);
        Assert.DoesNotContain("nvented", stored.Canonical, StringComparison.OrdinalIgnoreCase);
    }

    private static int Reason(System.Text.Json.JsonElement failure) => StowAnswerBody.Number(failure, "00081197");

    private static string Comment(System.Text.Json.JsonElement failure) => StowAnswerBody.Text(failure, "00000902");

    private static IEnumerable<string> Originals(StowAnswerBody answer) => answer.Stored.Select(item => StowAnswerBody.Text(
        item.GetProperty("04000561").GetProperty("Value")[0].GetProperty("04000550").GetProperty("Value")[0], "00080018"));

    private async Task<Socket> ConnectAsync(DicomwebClient tenant, string lengthHeader)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(api.Address.Host, api.Address.Port, Ct);
        await SendAsync(socket, Encoding.ASCII.GetBytes(
            $"POST /t/{tenant.Slug}/dicomweb/studies HTTP/1.1\r\nHost: {api.Address.Authority}\r\nAuthorization: Bearer {tenant.Token}\r\n"
            + $"Content-Type: multipart/related; type=\"application/dicom\"; boundary=cable\r\n{lengthHeader}\r\n\r\n"));
        return socket;
    }

    /// <summary>One part as one chunk; the boundary behind it tells the server that it is whole.</summary>
    private static async Task SendPartAsync(Socket socket, byte[] file, bool isWhole = true)
    {
        byte[] part = [.. "Content-Type: application/dicom\r\n\r\n"u8, .. file, .. isWhole ? "\r\n--cable\r\n"u8 : []];
        await SendChunkAsync(socket, part);
    }

    private static Task SendChunkAsync(Socket socket, byte[] bytes) =>
        SendAsync(socket, [.. Encoding.ASCII.GetBytes($"{bytes.Length:X}\r\n"), .. bytes, .. "\r\n"u8]);

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), Ct);
        }
    }

    private static async Task<string> ReadAnswerAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal)
            && await socket.ReceiveAsync(buffer, Ct) is var count and > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
