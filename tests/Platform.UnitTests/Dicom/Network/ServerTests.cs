using Platform.Dicom;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

public class ServerTests
{
    private static readonly DicomTransferSyntax[] Syntaxes =
    [
        DicomTransferSyntax.ImplicitLittleEndian, DicomTransferSyntax.ExplicitLittleEndian, DicomTransferSyntax.ExplicitBigEndian,
        DicomTransferSyntax.DeflatedExplicitLittleEndian, DicomTransferSyntax.JpegLosslessSv1, DicomTransferSyntax.RleLossless,
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_echo_is_answered_and_the_association_is_released()
    {
        await using var loopback = Loopback.Start();
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
        var ended = await loopback.EndedAsync(Ct);
        Assert.Equal((true, "TEST", "STORE"), (ended.IsReleased, ended.CallingAeTitle, ended.CalledAeTitle));
        Assert.Equal(0, loopback.Server.Associations);
    }

    [Fact]
    public async Task Files_of_every_layout_arrive_byte_for_byte_over_one_association()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start();
        var paths = Syntaxes.SelectMany(s => new[] { folder.Add(s), folder.Add(s, DicomUids.MRImageStorage, pixelBytes: 400_000) }).ToArray();
        var outcomes = await loopback.SendAsync(paths, Ct);

        Assert.Equal(paths.Length, outcomes.Count(o => o.Status == DimseStatus.Success));
        foreach (var path in paths)
        {
            var (uid, dataset) = SampleFolder.DatasetOf(path);
            Assert.Equal(dataset, loopback.Datasets[uid]);
            Assert.Equal(DicomFile.Read(File.ReadAllBytes(path)).Syntax, loopback.Syntaxes[uid]);
        }

        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        Assert.Equal(paths.Length, loopback.Answered.Count);
    }

    [Fact]
    public async Task A_received_instance_is_a_file_of_its_syntax()
    {
        using var folder = new SampleFolder();
        var files = new List<DicomFile>();
        await using var loopback = Loopback.Start(o => o with
        {
            Store = async (instance, ct) =>
            {
                await using var file = instance.OpenFile();
                files.Add(await DicomFile.ReadAsync(file, null, ct));
                return DimseStatus.Success;
            },
        });
        var paths = Syntaxes.Select(s => folder.Add(s)).ToArray();
        await loopback.SendAsync(paths, Ct);
        Assert.Equal(Syntaxes, files.Select(f => f.Syntax));
        Assert.Equal(
            paths.Select(p => SampleFolder.DatasetOf(p).Uid), files.Select(f => f.Meta.GetUid(DicomTags.MediaStorageSOPInstanceUID)));
        Assert.All(files, f => Assert.Equal("Test^Case", f.Dataset.GetString(DicomTags.PatientName)));
    }

    [Fact]
    public async Task A_data_set_of_odd_length_is_padded_where_the_standard_pads_and_else_not_sent()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start();
        var deflated = File.ReadAllBytes(folder.Add(Syntaxes[3], pixelBytes: 100_000));
        var plain = File.ReadAllBytes(folder.Add(Syntaxes[1]));
        string[] paths = [folder.Write("deflated.dcm", [.. deflated, 0]), folder.Write("plain.dcm", [.. plain, 0])];
        var outcomes = (await loopback.SendAsync(paths, Ct)).ToDictionary(o => o.Path);
        var (uid, dataset) = SampleFolder.DatasetOf(paths[0]);
        Assert.Equal(1, dataset.Length % 2);
        Assert.Equal([.. dataset, 0], loopback.Datasets[uid]);
        Assert.False(outcomes[paths[1]].IsStored);
        Assert.Contains("odd length", outcomes[paths[1]].Comment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_and_thirty_contexts_take_two_associations()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start(o => o with { TakesSopClass = _ => true });
        var paths = Enumerable.Range(0, 130).Select(i => folder.Add(Syntaxes[0], $"1.2.3.{i}", pixelBytes: 10)).ToArray();
        var outcomes = await loopback.SendAsync(paths, Ct);
        Assert.All(outcomes, o => Assert.Equal(DimseStatus.Success, o.Status));
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        Assert.Equal(130, loopback.Datasets.Count);
    }

    [Fact]
    public async Task What_the_peer_does_not_take_is_said_and_not_sent()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start(o => o with { TakesSyntax = s => !s.IsEncapsulated });
        var paths = new[]
        {
            folder.Add(Syntaxes[0]), folder.Add(DicomTransferSyntax.Jpeg2000), folder.Add(Syntaxes[0], "1.2.3.4"),
            folder.Write("text.dcm", "Nothing of the kind, whatever it is called."u8),
        };
        var outcomes = (await loopback.SendAsync(paths, Ct)).ToDictionary(o => o.Path);
        Assert.True(outcomes[paths[0]].IsStored);
        Assert.Equal((null, "The peer does not take the SOP class in JPEG 2000 Image Compression."), (outcomes[paths[1]].Status, outcomes[paths[1]].Comment));
        Assert.Equal((null, "The peer does not take the SOP class."), (outcomes[paths[2]].Status, outcomes[paths[2]].Comment));
        Assert.Equal((null, null), (outcomes[paths[3]].Status, outcomes[paths[3]].SopInstanceUid));
        Assert.Single(loopback.Answered);
    }

    [Fact]
    public async Task The_store_says_the_status_and_a_failure_does_not_end_the_association()
    {
        using var folder = new SampleFolder();
        var turn = 0;
        await using var loopback = Loopback.Start(o => o with
        {
            Store = (_, _) => turn++ switch
            {
                0 => ValueTask.FromResult(DimseStatus.OutOfResources),
                1 => throw new DicomException(DicomError.InvalidVr, "A test"),
                2 => throw new InvalidOperationException("A test"),
                3 => ValueTask.FromResult(DimseStatus.Coerced),
                _ => ValueTask.FromResult(DimseStatus.Success), // and none of them has read a byte
            },
        });
        var outcomes = await loopback.SendAsync(Enumerable.Range(0, 5).Select(_ => folder.Add(Syntaxes[1], pixelBytes: 300_000)), Ct);
        Assert.Equal([0xA700, 0xC000, 0x0110, 0xB000, 0x0000], outcomes.Select(o => o.Status!.Value.Code));
        Assert.Equal([false, false, false, true, true], outcomes.Select(o => o.IsStored));
        Assert.Equal("InvalidVr", outcomes[1].Comment);
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
    }

    [Fact]
    public async Task An_instance_over_its_budget_fails_alone_and_one_of_twice_as_much_ends_the_association()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start(o => o with { Budgets = new() { MaxInstanceBytes = 200_000 } });
        var outcomes = await loopback.SendAsync([folder.Add(Syntaxes[0], pixelBytes: 300_000), folder.Add(Syntaxes[0])], Ct);
        Assert.Equal([DimseStatus.OutOfResources, DimseStatus.Success], outcomes.Select(o => o.Status!.Value));
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);

        var refusal = await Assert.ThrowsAsync<DicomNetworkException>(() => loopback.SendAsync([folder.Add(Syntaxes[0], pixelBytes: 40_000_000)], Ct));
        Assert.Equal(DicomNetworkError.Aborted, refusal.Error);
        var failure = Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure);
        Assert.Equal(nameof(DicomNetworkBudgets.MaxInstanceBytes), failure.Budget);
    }

    [Fact]
    public async Task An_association_too_many_is_rejected_until_one_ends()
    {
        await using var loopback = Loopback.Start(o => o with { MaxAssociations = 2 });
        var first = await DicomClient.ConnectAsync(loopback.Client(), [PresentationContext.Verification], Ct);
        await using var second = await DicomClient.ConnectAsync(loopback.Client(), [PresentationContext.Verification], Ct);
        var refusal = await Assert.ThrowsAsync<DicomNetworkException>(() => loopback.EchoAsync(Ct));
        Assert.Equal((DicomNetworkError.Rejected, AssociationRejection.LocalLimit), (refusal.Error, refusal.Rejection));
        Assert.Equal(AssociationRejection.LocalLimit, (await loopback.EndedAsync(Ct)).Rejection);

        await first.ReleaseAsync(Ct);
        await first.DisposeAsync();
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
        Assert.Equal(DimseStatus.Success, await second.EchoAsync(Ct));
    }

    [Fact]
    public async Task Only_the_listed_titles_may_call_and_be_called()
    {
        await using var loopback = Loopback.Start(o => o with { CalledAeTitles = ["STORE"], CallingAeTitles = ["TEST"] });
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
        var called = await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(loopback.Client() with { CalledAeTitle = "store" }, Ct));
        Assert.Equal(AssociationRejection.CalledAeTitle, called.Rejection);
        var calling = await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(loopback.Client() with { CallingAeTitle = "OTHER" }, Ct));
        Assert.Equal(AssociationRejection.CallingAeTitle, calling.Rejection);
        Assert.Contains("calling AE title not recognized (permanent)", calling.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eight_associations_at_a_time_keep_their_instances_apart()
    {
        using var folder = new SampleFolder();
        await using var loopback = Loopback.Start();
        var groups = Enumerable.Range(0, 8).Select(_ => Enumerable.Range(0, 6).Select(i => folder.Add(Syntaxes[i], pixelBytes: 200_000)).ToArray()).ToArray();
        await Task.WhenAll(groups.Select(g => loopback.SendAsync(g, Ct)));
        foreach (var path in groups.SelectMany(g => g))
        {
            var (uid, dataset) = SampleFolder.DatasetOf(path);
            Assert.Equal(dataset, loopback.Datasets[uid]);
        }
    }

    [Fact]
    public async Task A_server_that_stops_lets_an_association_end_and_aborts_one_that_does_not()
    {
        var loopback = Loopback.Start();
        var client = await DicomClient.ConnectAsync(loopback.Client(), [PresentationContext.Verification], Ct);
        var stopping = loopback.Server.StopAsync(Ct);
        Assert.Equal(DicomNetworkError.CannotConnect, (await Assert.ThrowsAsync<DicomNetworkException>(() => loopback.EchoAsync(Ct))).Error);
        Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
        Assert.False(stopping.IsCompleted);
        await client.ReleaseAsync(Ct);
        await stopping;
        await client.DisposeAsync();
        await loopback.DisposeAsync();

        loopback = Loopback.Start();
        using var peer = await RawPeer.AssociateAsync(loopback.Server, Ct);
        using var patience = new CancellationTokenSource();
        stopping = loopback.Server.StopAsync(patience.Token);
        await patience.CancelAsync();
        Assert.Equal(7, (await peer.ReceiveAsync(Ct)).Type); // A-ABORT
        peer.Dispose();
        await stopping;
        await loopback.DisposeAsync();
    }

    [Fact]
    public async Task Tls_carries_instances_and_turns_away_who_has_no_certificate()
    {
        using var folder = new SampleFolder();
        using var certificates = new TestCertificates();
        await using var loopback = Loopback.Start(o => o with { Tls = certificates.ForServer(isClientCertificateRequired: true) });
        var path = folder.Add(Syntaxes[4], pixelBytes: 3_000_000);
        await loopback.SendAsync([path], Ct, loopback.Client(certificates.ForClient(hasCertificate: true)));
        var (uid, dataset) = SampleFolder.DatasetOf(path);
        Assert.Equal(dataset, loopback.Datasets[uid]);
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);

        // TLS 1.3 tells the client only after its handshake, so that it may be the association request that fails.
        var without = await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(loopback.Client(certificates.ForClient()), Ct));
        Assert.Contains(without.Error, new[] { DicomNetworkError.TlsFailed, DicomNetworkError.ConnectionLost });
        Assert.Equal(DicomNetworkError.TlsFailed, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
        await Assert.ThrowsAsync<DicomNetworkException>(() => loopback.EchoAsync(Ct));
    }

    [Fact]
    public async Task A_server_with_a_strange_certificate_is_not_talked_to()
    {
        using var certificates = new TestCertificates();
        using var others = new TestCertificates();
        await using var loopback = Loopback.Start(o => o with { Tls = certificates.ForServer() });
        Assert.Equal(DimseStatus.Success, await Loopback.EchoAsync(loopback.Client(certificates.ForClient()), Ct));
        foreach (var tls in new[] { others.ForClient(), new DicomTls(), certificates.ForClient() with { ServerName = "elsewhere" } })
        {
            var refusal = await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(loopback.Client(tls), Ct));
            Assert.Equal(DicomNetworkError.TlsFailed, refusal.Error);
        }
    }
}
