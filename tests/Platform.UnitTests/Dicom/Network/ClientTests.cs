using System.Net;
using System.Net.Sockets;
using Platform.Dicom;
using Platform.Dicom.Network;
using Xunit;

namespace Platform.UnitTests.Dicom.Network;

/// <summary>What a peer that answers can do to the side that asks.</summary>
public class ClientTests
{
    private static readonly byte[] Accepted = PduWriter.Accept(
        new AssociateRequest(1, "STORE", "TEST", DicomUids.ApplicationContext, [], UserInformation.Own(0)),
        new AssociateAccept([new(1, ContextResult.Accepted, DicomTransferSyntax.ImplicitLittleEndian.Uid)], UserInformation.Own(0)));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static byte[] EchoResponse => Response(1, DimseStatus.Success);

    /// <summary>What the peer sends to the association request and to the first message, and what the caller is told.</summary>
    public static TheoryData<string, byte[], byte[], DicomNetworkError> Peers => new()
    {
        { "rejects", PduWriter.Reject(new AssociationRejection(true, 3, 1)), [], DicomNetworkError.Rejected },
        { "aborts at once", PduWriter.Abort(true, AbortReason.NotSpecified), [], DicomNetworkError.Aborted },
        { "speaks HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), [], DicomNetworkError.InvalidPdu },
        { "sends data for an answer", RawPeer.Data(1, true, true, [0, 0]), [], DicomNetworkError.UnexpectedPdu },
        { "closes", [], [], DicomNetworkError.ConnectionLost },
        { "closes inside its answer", Accepted[..40], [], DicomNetworkError.ConnectionLost },
        { "accepts with 4 GiB", [2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0], [], DicomNetworkError.OverBudget },
        { "closes after accepting", Accepted, [], DicomNetworkError.ConnectionLost },
        { "aborts the message", Accepted, PduWriter.Abort(false, 0), DicomNetworkError.Aborted },
        { "releases instead of answering", Accepted, PduWriter.ReleaseRequest(), DicomNetworkError.InvalidMessage },
        { "answers another message", Accepted, Response(2, DimseStatus.Success), DicomNetworkError.InvalidMessage },
        { "answers with noise", Accepted, RawPeer.Data(1, true, true, [9, 9, 9]), DicomNetworkError.InvalidMessage },
        { "answers in another context", Accepted, RawPeer.Data(3, true, true, Response(1, DimseStatus.Success)[12..]), DicomNetworkError.InvalidMessage },
    };

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task A_peer_that_fails_is_told_by_its_error(string what, byte[] toRequest, byte[] toMessage, DicomNetworkError error)
    {
        Assert.NotEmpty(what);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, toRequest, toMessage);
        var failure = await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(Options(listener), Ct));
        Assert.Equal(error, failure.Error);
        await serving;
        listener.Dispose();
    }

    [Fact]
    public async Task A_peer_that_releases_at_the_same_time_is_answered_first()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var peer = new RawPeer(await listener.AcceptSocketAsync(Ct));
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(Accepted, Ct);
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(EchoResponse, Ct);
            var asked = await peer.ReceiveAsync(Ct);
            await peer.SendAsync(PduWriter.ReleaseRequest(), Ct);
            var answered = await peer.ReceiveAsync(Ct);
            await peer.SendAsync(PduWriter.ReleaseReply(), Ct);
            return (asked.Type, answered.Type, (await peer.ReceiveAsync(Ct)).Type);
        });
        Assert.Equal(DimseStatus.Success, await Loopback.EchoAsync(Options(listener), Ct));
        Assert.Equal((5, 6, 0), await serving);
    }

    [Fact]
    public async Task A_peer_that_leaves_without_a_word_has_what_it_answered_for()
    {
        using var folder = new SampleFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var path = folder.Add(DicomTransferSyntax.ImplicitLittleEndian);
        var serving = Task.Run(async () =>
        {
            using var peer = new RawPeer(await listener.AcceptSocketAsync(Ct));
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(Accepted, Ct);
            var command = CommandSet.Parse((await peer.ReceiveAsync(Ct)).Body.AsSpan(6));
            while (((await peer.ReceiveAsync(Ct)).Body[5] & 2) == 0)
            {
                // The data set, to its end.
            }

            await peer.SendAsync(RawPeer.Data(1, true, true, CommandSet.Response(command, DimseStatus.Success).ToArray()), Ct);
            return (await peer.ReceiveAsync(Ct)).Type;
        });
        var outcomes = new List<SendOutcome>();
        await foreach (var outcome in DicomSender.SendAsync(Options(listener), [path], Ct))
        {
            outcomes.Add(outcome);
        }

        Assert.True(Assert.Single(outcomes).IsStored);
        Assert.Equal(5, await serving);
    }

    [Fact]
    public async Task A_peer_that_aborts_and_breaks_the_connection_while_it_is_sent_to_is_heard()
    {
        using var folder = new SampleFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var path = folder.Add(DicomTransferSyntax.ImplicitLittleEndian, pixelBytes: 30_000_000);
        var serving = Task.Run(async () =>
        {
            var socket = await listener.AcceptSocketAsync(Ct);
            socket.LingerState = new LingerOption(true, 0); // a reset, not a close
            using var peer = new RawPeer(socket);
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(Accepted, Ct);
            await peer.ReceiveAsync(Ct);
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(PduWriter.Abort(false, 0), Ct);
        }, Ct);
        var failure = await Assert.ThrowsAsync<DicomNetworkException>(async () =>
        {
            await foreach (var outcome in DicomSender.SendAsync(Options(listener), [path], Ct))
            {
                Assert.Fail(outcome.Path);
            }
        });
        Assert.Equal(DicomNetworkError.Aborted, failure.Error);
        await serving;
    }

    [Fact]
    public async Task A_silent_peer_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = Options(listener) with { ConnectTimeout = TimeSpan.FromMilliseconds(200) };
        Assert.Equal(DicomNetworkError.TimedOut, (await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(options, Ct))).Error);
        var secured = options with { Tls = new DicomTls() };
        Assert.Equal(DicomNetworkError.TlsFailed, (await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(secured, Ct))).Error);
    }

    [Fact]
    public async Task Nobody_at_the_address_and_titles_that_are_none_are_told_at_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var options = Options(listener);
        listener.Stop();
        Assert.Equal(DicomNetworkError.CannotConnect, (await Assert.ThrowsAsync<DicomNetworkException>(() => Loopback.EchoAsync(options, Ct))).Error);
        foreach (var title in new[] { "", " A", "A\\B", "Ä", "SEVENTEEN LETTERS" })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Loopback.EchoAsync(options with { CalledAeTitle = title }, Ct));
        }
    }

    [Fact]
    public async Task A_caller_that_cancels_aborts()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var serving = Task.Run(async () =>
        {
            using var peer = new RawPeer(await listener.AcceptSocketAsync(Ct));
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(Accepted, Ct);
            await peer.ReceiveAsync(Ct);
            await enough.CancelAsync();
            return (await peer.ReceiveAsync(Ct)).Type;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Loopback.EchoAsync(Options(listener), enough.Token));
        Assert.Equal(7, await serving);
    }

    private static byte[] Response(ushort messageId, DimseStatus status) =>
        RawPeer.Data(1, true, true, CommandSet.Response(CommandSet.Parse(CommandSet.EchoRequest(messageId).ToArray()), status).ToArray());

    private static DicomClientOptions Options(TcpListener listener) => new()
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        CalledAeTitle = "STORE",
    };

    private static async Task ServeAsync(TcpListener listener, byte[] toRequest, byte[] toMessage)
    {
        using var peer = new RawPeer(await listener.AcceptSocketAsync(Ct));
        await peer.ReceiveAsync(Ct);
        await peer.SendAsync(toRequest, Ct);
        if (toRequest == Accepted)
        {
            await peer.ReceiveAsync(Ct);
            await peer.SendAsync(toMessage, Ct);
        }
    }
}
