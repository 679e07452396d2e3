using Platform.Dicom;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>Measured alone: what a peer can make this side allocate or wait for is part of what is tested.</summary>
[CollectionDefinition(nameof(HostilePeerTests), DisableParallelization = true)]
[Collection(nameof(HostilePeerTests))]
public class HostilePeerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static byte[] Echo => CommandSet.EchoRequest(1).ToArray();

    private static byte[] Store => CommandSet.StoreRequest(2, DicomUids.CTImageStorage, "1.2.3").ToArray();

    /// <summary>What is sent on an established association, and how it is ended: the error here, the reason in the peer's A-ABORT.</summary>
    public static TheoryData<string, byte[], DicomNetworkError, byte> Offences => new()
    {
        { "a PDU of no known type", [0x47, 0x45, 0x54, 0x20, 0x2F, 0x20], DicomNetworkError.InvalidPdu, 1 },
        { "a second association request", RawPeer.Request(), DicomNetworkError.UnexpectedPdu, 2 },
        { "an acceptance", PduWriter.Reject(AssociationRejection.LocalLimit), DicomNetworkError.UnexpectedPdu, 2 },
        { "a release reply", PduWriter.ReleaseReply(), DicomNetworkError.UnexpectedPdu, 2 },
        { "4 GiB in a PDU", [4, 0, 0xFF, 0xFF, 0xFF, 0xFF], DicomNetworkError.OverBudget, 6 },
        { "one byte more than the budget", [4, 0, 0, 2, 0, 1], DicomNetworkError.OverBudget, 6 },
        { "a release of 5 bytes", [5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0], DicomNetworkError.InvalidPdu, 6 },
        { "an empty P-DATA-TF", [4, 0, 0, 0, 0, 0], DicomNetworkError.InvalidPdu, 6 },
        { "a value past its PDU", [4, 0, 0, 0, 0, 6, 0, 0, 0, 9, 1, 3], DicomNetworkError.InvalidPdu, 6 },
        { "a data set without command", RawPeer.Data(1, false, true, [0, 0]), DicomNetworkError.InvalidMessage, 0 },
        { "noise for a command set", RawPeer.Data(1, true, true, [1, 2, 3, 4, 5, 6, 7, 8, 9]), DicomNetworkError.InvalidMessage, 0 },
        { "a context that was not accepted", RawPeer.Data(99, true, true, Echo), DicomNetworkError.InvalidMessage, 0 },
        { "a command in two contexts", [.. RawPeer.Data(1, true, false, Echo[..20]), .. RawPeer.Data(3, true, true, Echo[20..])], DicomNetworkError.InvalidMessage, 0 },
        { "a command where data must come", [.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(3, true, true, Echo)], DicomNetworkError.InvalidMessage, 0 },
        { "data of another context", [.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(1, false, true, [0, 0])], DicomNetworkError.InvalidMessage, 0 },
        { "a release inside a data set", [.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(3, false, false, [8, 0]), .. PduWriter.ReleaseRequest()], DicomNetworkError.InvalidMessage, 0 },
        { "a release inside a command", [.. RawPeer.Data(3, true, false, Store[..20]), .. PduWriter.ReleaseRequest()], DicomNetworkError.InvalidMessage, 0 },
        { "a response to nothing", RawPeer.Data(1, true, true, CommandSet.Response(CommandSet.EchoRequest(1), DimseStatus.Success).ToArray()), DicomNetworkError.InvalidMessage, 0 },
        { "a command of 17 KiB", [.. Enumerable.Range(0, 17).SelectMany(_ => RawPeer.Data(1, true, false, new byte[1024]))], DicomNetworkError.OverBudget, 0 },
    };

    [Theory]
    [MemberData(nameof(Offences))]
    public async Task An_offence_ends_its_association_with_an_abort_and_nothing_else(string what, byte[] bytes, DicomNetworkError error, byte reason)
    {
        Assert.NotEmpty(what);
        await using var loopback = Loopback.Start();
        using var peer = await RawPeer.AssociateAsync(loopback.Server, Ct);
        await peer.SendAsync(bytes, Ct);
        var (type, body) = await peer.ReceiveAsync(Ct);
        Assert.Equal((7, reason), (type, body[3]));
        peer.Dispose();
        Assert.Equal(error, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
    }

    [Theory]
    [InlineData("data before an association", new byte[] { 4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3 }, DicomNetworkError.UnexpectedPdu)]
    [InlineData("a request of 128 KiB and one byte", new byte[] { 1, 0, 0, 2, 0, 1 }, DicomNetworkError.OverBudget)]
    [InlineData("a request of nothing", new byte[] { 1, 0, 0, 0, 0, 0 }, DicomNetworkError.InvalidPdu)]
    [InlineData("a web browser", new byte[] { 0x47, 0x45, 0x54, 0x20, 0x2F, 0x20, 0x48 }, DicomNetworkError.InvalidPdu)]
    [InlineData("a TLS client", new byte[] { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC }, DicomNetworkError.InvalidPdu)]
    public async Task Who_does_not_begin_with_a_request_is_aborted(string what, byte[] bytes, DicomNetworkError error)
    {
        Assert.NotEmpty(what);
        await using var loopback = Loopback.Start();
        using var peer = await RawPeer.ConnectAsync(loopback.Server, Ct);
        await peer.SendAsync(bytes, Ct);
        var (type, body) = await peer.ReceiveAsync(Ct);
        Assert.Equal((7, 0), (type, body[2])); // AA-1: by the service user
        peer.Dispose();
        Assert.Equal(error, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
    }

    [Fact]
    public async Task A_peer_that_vanishes_costs_only_its_own_association()
    {
        await using var loopback = Loopback.Start();
        foreach (var bytes in new byte[][] { [], [4, 0], [4, 0, 0, 0, 1, 0, 9], [.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(3, false, false, [8, 0])] })
        {
            using (var peer = await RawPeer.AssociateAsync(loopback.Server, Ct))
            {
                await peer.SendAsync(bytes, Ct);
            }

            Assert.Equal(DicomNetworkError.ConnectionLost, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
            Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
            Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
        }

        Assert.Empty(loopback.Datasets);
        Assert.Equal(0, loopback.Server.Associations);
    }

    [Fact]
    public async Task A_peer_that_aborts_is_heard_in_the_middle_of_a_data_set()
    {
        await using var loopback = Loopback.Start();
        using var peer = await RawPeer.AssociateAsync(loopback.Server, Ct);
        await peer.SendAsync([.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(3, false, false, [8, 0]), .. PduWriter.Abort(false, 0)], Ct);
        Assert.Equal(DicomNetworkError.Aborted, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
        Assert.Equal(0, (await peer.ReceiveAsync(Ct)).Type);
        Assert.Empty(loopback.Datasets);
    }

    [Fact]
    public async Task A_silent_peer_is_left_after_the_timer()
    {
        await using var loopback = Loopback.Start(o => o with { Budgets = new() { ArtimTimeout = Short, IdleTimeout = Short } });
        using var silent = await RawPeer.ConnectAsync(loopback.Server, Ct);
        Assert.Equal(0, (await silent.ReceiveAsync(Ct)).Type);
        Assert.Equal(DicomNetworkError.TimedOut, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);

        // A whole PDU must come in time: a byte now and then does not keep the connection.
        using var slow = await RawPeer.AssociateAsync(loopback.Server, Ct);
        await slow.SendAsync([4, 0], Ct);
        Assert.Equal(7, (await slow.ReceiveAsync(Ct)).Type);
        Assert.Equal(0, (await slow.ReceiveAsync(Ct)).Type); // and one that does not close after an abort is closed
        Assert.Equal(DicomNetworkError.TimedOut, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_to_a_tls_server_is_left_after_the_timer()
    {
        using var certificates = new TestCertificates();
        await using var loopback = Loopback.Start(o => o with { Tls = certificates.ForServer(), Budgets = new() { ArtimTimeout = Short } });
        using var silent = await RawPeer.ConnectAsync(loopback.Server, Ct);
        Assert.Equal(0, (await silent.ReceiveAsync(Ct)).Type);
        Assert.Equal(DicomNetworkError.TlsFailed, Assert.IsType<DicomNetworkException>((await loopback.EndedAsync(Ct)).Failure).Error);
    }

    [Fact]
    public async Task What_is_not_a_store_is_answered_and_the_association_goes_on()
    {
        await using var loopback = Loopback.Start();
        using var peer = await RawPeer.AssociateAsync(loopback.Server, Ct, maxPduBytes: 128); // the answers come in pieces
        var find = CommandSet.StoreRequest(7, DicomUids.CTImageStorage, "1.2.3").ToArray();
        find[12 + 34 + 8] = 0x20; // Command Field, behind group length and SOP class: C-FIND-RQ, with a data set
        await peer.SendAsync([.. RawPeer.Data(3, true, true, find), .. RawPeer.Data(3, false, true, [0, 0])], Ct);
        Assert.Equal(0x0211, await peer.StatusAsync(Ct));

        var otherClass = CommandSet.StoreRequest(8, DicomUids.MRImageStorage, "1.2.3").ToArray();
        await peer.SendAsync([.. RawPeer.Data(3, true, true, otherClass), .. RawPeer.Data(3, false, true, [0, 0])], Ct);
        Assert.Equal(0x0122, await peer.StatusAsync(Ct));

        var badUid = CommandSet.StoreRequest(9, DicomUids.CTImageStorage, "1.02.x").ToArray();
        await peer.SendAsync([.. RawPeer.Data(3, true, true, badUid), .. RawPeer.Data(3, false, true, [0, 0])], Ct);
        Assert.Equal(0x0117, await peer.StatusAsync(Ct));

        await peer.SendAsync([.. RawPeer.Data(3, true, true, Store), .. RawPeer.Data(3, false, false, [8, 0]), .. RawPeer.Data(3, false, true, [9, 0])], Ct);
        Assert.Equal(0, await peer.StatusAsync(Ct));
        Assert.Equal([8, 0, 9, 0], loopback.Datasets["1.2.3"]);

        await peer.SendAsync(RawPeer.Data(1, true, true, Echo), Ct);
        Assert.Equal(0, await peer.StatusAsync(Ct));
        await peer.SendAsync(PduWriter.ReleaseRequest(), Ct);
        Assert.Equal(6, (await peer.ReceiveAsync(Ct)).Type);
        peer.Dispose();
        Assert.True((await loopback.EndedAsync(Ct)).IsReleased);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Noise_neither_ends_the_server_nor_fills_its_memory(bool isAssociated)
    {
        const int Peers = 150;
        await using var loopback = Loopback.Start(o => o with { Budgets = new() { ArtimTimeout = Short, IdleTimeout = Short } });
        var random = new Random(isAssociated ? 3 : 4);
        var good = RawPeer.Request().Concat(RawPeer.Data(3, true, true, Store)).Concat(RawPeer.Data(3, false, true, new byte[400])).ToArray();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Peers; i++)
        {
            byte[] noise;
            if (random.Next(2) == 0)
            {
                noise = new byte[random.Next(1, 4000)];
                random.NextBytes(noise);
                noise[0] = (byte)random.Next(1, 8);
                noise[2] = (byte)(noise.Length > 2 ? 0 : noise[^1]);
            }
            else
            {
                noise = [.. good];
                noise[random.Next(noise.Length)] ^= (byte)random.Next(1, 256);
                noise[random.Next(noise.Length)] ^= (byte)random.Next(1, 256);
            }

            using (var peer = isAssociated ? await RawPeer.AssociateAsync(loopback.Server, Ct) : await RawPeer.ConnectAsync(loopback.Server, Ct))
            {
                await peer.SendAsync(noise, Ct);
            }

            var failure = (await loopback.EndedAsync(Ct)).Failure;
            Assert.True(failure is null or DicomNetworkException, $"peer {i}: {failure}");
        }

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Peers * (200L << 10));
        Assert.Equal(0, loopback.Server.Associations);
        Assert.Equal(DimseStatus.Success, await loopback.EchoAsync(Ct));
    }

    [Fact]
    public async Task A_declared_length_costs_nothing_before_its_bytes_come()
    {
        const int Peers = 100;
        await using var loopback = Loopback.Start(o => o with { MaxAssociations = Peers });
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var peers = new List<RawPeer>();
        for (var i = 0; i < Peers; i++)
        {
            peers.Add(await RawPeer.ConnectAsync(loopback.Server, Ct));
            await peers[^1].SendAsync([1, 0, 0, 2, 0, 0, 0, 1], Ct); // 128 KiB, of which two bytes come
        }

        peers.ForEach(p => p.Dispose());
        for (var i = 0; i < Peers; i++)
        {
            await loopback.EndedAsync(Ct);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Peers * (64L << 10));
    }

    [Fact]
    public async Task A_large_instance_passes_without_being_held_and_not_faster_than_it_is_read()
    {
        const long Length = 256L << 20;
        using var folder = new SampleFolder();
        var path = folder.Add(DicomTransferSyntax.ExplicitLittleEndian);
        var head = File.ReadAllBytes(path)[..^5012];
        await using (var file = File.Create(path))
        {
            await file.WriteAsync(new RawDicom().Raw(head).Header(0x7FE00010, "OW", (uint)Length).ToArray(), Ct);
            file.SetLength(file.Length + Length); // sparse
        }

        long received = 0;
        var reading = new TaskCompletionSource();
        await using var loopback = Loopback.Start(o => o with
        {
            Store = async (instance, ct) =>
            {
                var buffer = new byte[64 << 10];
                await instance.Dataset.ReadExactlyAsync(buffer.AsMemory(0, 1), ct);
                await reading.Task.WaitAsync(ct);
                received = 1;
                while (await instance.Dataset.ReadAsync(buffer, ct) is > 0 and var count)
                {
                    received += count;
                }

                return DimseStatus.Success;
            },
        });
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var sending = loopback.SendAsync([path], Ct);
        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(Short, Ct)));
        reading.SetResult();
        Assert.True((await sending)[0].IsStored);
        Assert.Equal(Length + SampleFolder.DatasetOf(folder.Add(DicomTransferSyntax.ExplicitLittleEndian)).Dataset.Length - 5000, received, 16L);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 24L << 20);
    }
}
