using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Platform.Dicom.Network;

/// <summary>A connection from its acceptance to its end: TLS, association, messages.</summary>
internal sealed class ServerConnection(DicomServer server, DicomServerOptions options, Socket socket)
{
    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(1);

    private readonly EndPoint? _peer = socket.RemoteEndPoint;
    private AssociateRequest? _request;
    private AssociationRejection? _rejection;
    private Dictionary<byte, (string SopClassUid, DicomTransferSyntax Syntax)> _contexts = [];

    private DicomNetworkBudgets Budgets => options.Budgets;

    /// <summary>Never throws; how it ended goes to <see cref="DicomServerOptions.Ended"/>.</summary>
    internal async Task RunAsync(CancellationToken ct)
    {
        Exception? failure = null;
        await using var layer = new UpperLayer(isRequestor: false, Budgets, options.Clock);
        try
        {
            await ServeAsync(layer, ct);
        }
        catch (Exception e)
        {
            failure = e;
            await EndAsync(layer, ct);
        }

        var ended = new AssociationEnded(_peer, _request?.CallingAeTitle, _request?.CalledAeTitle, _rejection, failure);
        options.Ended?.Invoke(ended);
    }

    private async Task ServeAsync(UpperLayer layer, CancellationToken ct)
    {
        // :: Step 1: the connection, secured if it is to be, within the ARTIM timer.
        socket.NoDelay = true;
        var transport = new NetworkStream(socket, ownsSocket: true);
        layer.Attach(transport);
        await layer.OnAsync(UpperLayerEvent.ConnectionIndicated, default, ct);
        if (options.Tls is { } tls)
        {
            layer.Attach(await SecureAsync(transport, tls, layer.TimerLeft!.Value, ct));
        }

        // :: Step 2: the association. The standard has one protocol version, bit 0.
        _request = (AssociateRequest)(await layer.ReceiveAsync(ct)).Content!;
        _rejection = Reject(_request);
        if (_rejection is { } refused)
        {
            await layer.OnAsync(UpperLayerEvent.RejectRequested, PduWriter.Reject(refused), ct);
            await layer.FinishAsync(ct);
            return;
        }

        if (!server.TryEnter())
        {
            _rejection = AssociationRejection.LocalLimit;
            await layer.OnAsync(UpperLayerEvent.RejectRequested, PduWriter.Reject(AssociationRejection.LocalLimit), ct);
            await layer.FinishAsync(ct);
            return;
        }

        try
        {
            var answers = _request.Contexts.Select(Answer).ToArray();
            _contexts = _request.Contexts.Zip(answers)
                .Where(c => c.Second.Result == ContextResult.Accepted)
                .ToDictionary(c => c.First.Id, c => (c.First.AbstractSyntax, DicomTransferSyntax.Find(c.Second.TransferSyntax)!));
            var accept = new AssociateAccept(answers, UserInformation.Own(Budgets.MaxPduBytes));
            await layer.OnAsync(UpperLayerEvent.AcceptRequested, PduWriter.Accept(_request, accept), ct);

            // :: Step 3: one message after another, until the peer asks for release.
            var channel = new DimseChannel(layer, Budgets, _request.User.MaxPduBytes);
            while (await channel.ReceiveAsync(ct) is { } message)
            {
                await AnswerAsync(channel, message, ct);
            }

            await layer.OnAsync(UpperLayerEvent.ReleaseAnswered, PduWriter.ReleaseReply(), ct);
        }
        finally
        {
            server.Leave();
        }

        await layer.FinishAsync(ct);
    }

    /// <summary>Says goodbye as the state allows. The ARTIM timer bounds the wait; a server that ends waits less.</summary>
    private static async Task EndAsync(UpperLayer layer, CancellationToken ct)
    {
        using var goodbye = new CancellationTokenSource();
        await using var hurry = ct.UnsafeRegister(static g => ((CancellationTokenSource)g!).CancelAfter(GoodbyeTimeout), goodbye);
        try
        {
            await layer.AbortAsync(goodbye.Token);
        }
        catch (Exception e) when (UpperLayer.IsBroken(e) || e is DicomNetworkException or OperationCanceledException)
        {
            // Why it ended is known already.
        }
    }

    private async Task<SslStream> SecureAsync(NetworkStream transport, DicomTls tls, TimeSpan limit, CancellationToken ct)
    {
        var secured = new SslStream(transport);
        using var timeout = new CancellationTokenSource(limit, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        try
        {
            await secured.AuthenticateAsServerAsync(tls.ForServer(), either.Token);
            return secured;
        }
        catch (Exception e) when (UpperLayer.IsBroken(e) || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            await secured.DisposeAsync();
            throw new DicomNetworkException(DicomNetworkError.TlsFailed, "The TLS handshake failed", e);
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    private AssociationRejection? Reject(AssociateRequest request) => request switch
    {
        _ when (request.ProtocolVersion & 1) == 0 => AssociationRejection.ProtocolVersion,
        { ApplicationContext: not DicomUids.ApplicationContext } => AssociationRejection.ApplicationContext,
        _ when !IsAllowed(options.CalledAeTitles, request.CalledAeTitle) => AssociationRejection.CalledAeTitle,
        _ when !IsAllowed(options.CallingAeTitles, request.CallingAeTitle) => AssociationRejection.CallingAeTitle,
        _ => null,
    };

    private static bool IsAllowed(IReadOnlyCollection<string> titles, string title) =>
        titles.Count == 0 || titles.Contains(title);

    private AnsweredContext Answer(ProposedContext context)
    {
        if (context.AbstractSyntax != DicomUids.Verification && !options.TakesSopClass(context.AbstractSyntax))
        {
            return new AnsweredContext(context.Id, ContextResult.AbstractSyntaxNotSupported, context.TransferSyntaxes[0]);
        }

        var taken = context.TransferSyntaxes
            .FirstOrDefault(s => DicomTransferSyntax.Find(s) is { } syntax && options.TakesSyntax(syntax));
        return taken is null
            ? new AnsweredContext(context.Id, ContextResult.TransferSyntaxesNotSupported, context.TransferSyntaxes[0])
            : new AnsweredContext(context.Id, ContextResult.Accepted, taken);
    }

    private async Task AnswerAsync(DimseChannel channel, DimseMessage message, CancellationToken ct)
    {
        var (contextId, command) = message;
        if (!_contexts.TryGetValue(contextId, out var context))
        {
            throw DimseChannel.Invalid("A message in a presentation context that was not accepted");
        }

        if (command.IsResponse || command.UInt16(CommandElement.MessageId) is null)
        {
            // C-CANCEL has no Message ID and no answer (PS3.7 §9.3.2.3).
            await (command.Field == CommandField.CancelRequest && !command.HasDataset
                ? Task.CompletedTask
                : throw DimseChannel.Invalid("A response without request, or a request without Message ID"));
            return;
        }

        await using var dataset = command.HasDataset ? channel.Dataset(contextId) : null;
        var (status, cause) = command.Field switch
        {
            CommandField.EchoRequest when context.SopClassUid == DicomUids.Verification => (DimseStatus.Success, null),
            CommandField.StoreRequest => await StoreAsync(context, command, dataset, ct),
            _ => (DimseStatus.UnrecognizedOperation, null),
        };
        if (dataset is not null)
        {
            await dataset.DrainAsync(ct);
        }

        var comment = (cause as DicomException)?.Error.ToString(); // no more: a message names what lies in the data set
        await channel.SendAsync(contextId, CommandSet.Response(command, status, comment), ct);
        if (command.Field == CommandField.StoreRequest)
        {
            var instanceUid = command.Uid(CommandElement.AffectedSopInstanceUid);
            options.Answered?.Invoke(new InstanceAnswered(_peer, instanceUid, status, cause));
        }
    }

    private async ValueTask<(DimseStatus Status, Exception? Cause)> StoreAsync(
        (string SopClassUid, DicomTransferSyntax Syntax) context,
        CommandSet command,
        DatasetStream? dataset,
        CancellationToken ct)
    {
        var sopClassUid = command.Uid(CommandElement.AffectedSopClassUid);
        if (sopClassUid != context.SopClassUid || sopClassUid == DicomUids.Verification)
        {
            return (DimseStatus.SopClassNotSupported, null);
        }

        if (command.Uid(CommandElement.AffectedSopInstanceUid) is not { } instanceUid)
        {
            return (DimseStatus.InvalidSopInstance, null);
        }

        if (dataset is null)
        {
            return (DimseStatus.CannotUnderstand, null);
        }

        var instance = new ReceivedInstance(
            context.SopClassUid, instanceUid, context.Syntax, _request!.CallingAeTitle, _request.CalledAeTitle, _peer, dataset);
        try
        {
            return (await options.Store(instance, ct), null);
        }
        catch (DicomException e)
        {
            return (e.Error == DicomError.OverBudget ? DimseStatus.OutOfResources : DimseStatus.CannotUnderstand, e);
        }
        catch (Exception e) when (e is not DicomNetworkException && !ct.IsCancellationRequested)
        {
            return (DimseStatus.ProcessingFailure, e);
        }
    }
}
