using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;

namespace Platform.Dicom.Network;

/// <summary>
/// An association that this side requested (SCU of Verification and Storage, PS3.4 Annexes A and B). One operation at a time.
/// Release it; what is only disposed of is aborted.
/// </summary>
public sealed class DicomClient : IAsyncDisposable
{
    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(1);

    private readonly DicomClientOptions _options;
    private readonly UpperLayer _layer;
    private readonly Dictionary<(string SopClassUid, string SyntaxUid), byte> _contexts = [];
    private DimseChannel _channel = null!;
    private ushort _messageId;

    private DicomClient(DicomClientOptions options)
    {
        _options = options;
        _layer = new UpperLayer(isRequestor: true, options.Budgets, options.Clock);
    }

    /// <summary>What the peer answered to each SOP class and transfer syntax, in the order proposed.</summary>
    public IReadOnlyList<(PresentationContext Context, ContextResult Result)> Answers { get; private set; } = [];

    /// <summary>Requests an association of at most 128 contexts. Failing is a <see cref="DicomNetworkException"/>.</summary>
    public static async Task<DicomClient> ConnectAsync(
        DicomClientOptions options, IReadOnlyList<PresentationContext> contexts, CancellationToken ct)
    {
        Check(options, contexts);
        var client = new DicomClient(options);
        try
        {
            await client.AssociateAsync(contexts, ct);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the peer accepted a SOP class in a transfer syntax.</summary>
    public bool IsAccepted(PresentationContext context) => _contexts.ContainsKey((context.SopClassUid, context.Syntax.Uid));

    /// <summary>C-ECHO (PS3.7 §9.1.5); the context for Verification must have been accepted.</summary>
    public async Task<DimseStatus> EchoAsync(CancellationToken ct)
    {
        var contextId = _contexts[(DicomUids.Verification, PresentationContext.Verification.Syntax.Uid)];
        await _channel.SendAsync(contextId, CommandSet.EchoRequest(NextMessageId()), ct);
        return (await ResponseAsync(contextId, CommandField.EchoRequest, ct)).Status;
    }

    /// <summary>C-STORE (PS3.7 §9.1.1) of a file in the syntax that it has; its context must have been accepted.</summary>
    public async Task<StoreAnswer> StoreAsync(DicomFileToSend file, CancellationToken ct)
    {
        var contextId = _contexts[(file.Context.SopClassUid, file.Context.Syntax.Uid)];
        await using var dataset = file.OpenDataset();
        var request = CommandSet.StoreRequest(NextMessageId(), file.Context.SopClassUid, file.SopInstanceUid);
        await _channel.SendAsync(contextId, request, ct);

        // Interrupted or not, what the peer has to say comes next.
        await _channel.SendAsync(contextId, dataset, dataset.Length - dataset.Position, ct);
        return await ResponseAsync(contextId, CommandField.StoreRequest, ct);
    }

    /// <summary>Ends the association in order (PS3.8 §7.2). Data that still comes is passed over.</summary>
    public async Task ReleaseAsync(CancellationToken ct)
    {
        await _layer.OnAsync(UpperLayerEvent.ReleaseRequested, PduWriter.ReleaseRequest(), ct);
        while (_layer.State != UpperLayerState.Sta1)
        {
            var indication = await _layer.ReceiveAsync(ct);
            if (indication.Type == PduType.ReleaseRequest)
            {
                // Both asked at once: the requestor answers first (AR-8, AR-9).
                await _layer.OnAsync(UpperLayerEvent.ReleaseAnswered, PduWriter.ReleaseReply(), ct);
            }
        }
    }

    /// <summary>Aborts the association unless it was released.</summary>
    public async ValueTask DisposeAsync()
    {
        using var goodbye = new CancellationTokenSource(GoodbyeTimeout);
        try
        {
            await _layer.AbortAsync(goodbye.Token);
        }
        catch (Exception e) when (UpperLayer.IsBroken(e) || e is DicomNetworkException or OperationCanceledException)
        {
            // It is over all the same.
        }

        await _layer.DisposeAsync();
    }

    private static void Check(DicomClientOptions options, IReadOnlyList<PresentationContext> contexts)
    {
        if (!DicomClientOptions.IsAeTitle(options.CalledAeTitle) || !DicomClientOptions.IsAeTitle(options.CallingAeTitle))
        {
            throw new ArgumentException("An AE title has 1 to 16 characters of printable ASCII, no backslash.", nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.Budgets.MaxPduBytes, DicomNetworkBudgets.LeastPduBytes);
        ArgumentOutOfRangeException.ThrowIfZero(contexts.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contexts.Count, options.Budgets.MaxContexts);
    }

    private async Task AssociateAsync(IReadOnlyList<PresentationContext> contexts, CancellationToken ct)
    {
        // :: Step 1: the connection. The table has it open before anything is sent (AE-1).
        await _layer.OnAsync(UpperLayerEvent.AssociateRequested, default, ct);
        var transport = await OpenAsync(ct);
        _layer.Attach(transport);

        // :: Step 2: the request, with one transfer syntax a context, so that the peer's choice is plain.
        var proposed = contexts
            .Select((c, i) => new ProposedContext((byte)((2 * i) + 1), c.SopClassUid, [c.Syntax.Uid]))
            .ToArray();
        var request = new AssociateRequest(
            1,
            _options.CalledAeTitle,
            _options.CallingAeTitle,
            DicomUids.ApplicationContext,
            proposed,
            UserInformation.Own(_options.Budgets.MaxPduBytes));
        await _layer.OnAsync(UpperLayerEvent.Connected, PduWriter.Request(request), ct);

        // :: Step 3: the answer. A peer may leave contexts out or answer some that nobody proposed: those do not count.
        var accept = (AssociateAccept)(await AnswerAsync(ct)).Content!;
        var answers = accept.Contexts.ToDictionary(c => c.Id);
        Answers =
        [
            .. proposed.Select((p, i) => (contexts[i], answers.GetValueOrDefault(p.Id)?.Result ?? ContextResult.NoReason)),
        ];
        foreach (var context in proposed)
        {
            if (answers.GetValueOrDefault(context.Id) is { Result: ContextResult.Accepted } answer
                && answer.TransferSyntax == context.TransferSyntaxes[0])
            {
                _contexts.TryAdd((context.AbstractSyntax, answer.TransferSyntax), context.Id);
            }
        }

        _channel = new DimseChannel(_layer, _options.Budgets, accept.User.MaxPduBytes);
    }

    private async Task<Indication> AnswerAsync(CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        try
        {
            return await _layer.ReceiveAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new DicomNetworkException(DicomNetworkError.TimedOut, "The peer did not answer the association request", e);
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The stream owns its socket, the association its stream.")]
    private async Task<Stream> OpenAsync(CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_options.Host, _options.Port, either.Token);
        }
        catch (Exception e)
        {
            socket.Dispose();
            await _layer.OnAsync(UpperLayerEvent.ConnectionClosed, default, CancellationToken.None);
            if (e is SocketException or ArgumentException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                var why = e is SocketException { SocketErrorCode: var code } ? code.ToString() : "no answer";
                throw new DicomNetworkException(DicomNetworkError.CannotConnect, $"No connection: {why}", e);
            }

            throw;
        }

        var transport = new NetworkStream(socket, ownsSocket: true);
        if (_options.Tls is not { } tls)
        {
            return transport;
        }

        var secured = new SslStream(transport);
        try
        {
            await secured.AuthenticateAsClientAsync(tls.ForClient(_options.Host), either.Token);
            return secured;
        }
        catch (Exception e)
        {
            await secured.DisposeAsync();
            await _layer.OnAsync(UpperLayerEvent.ConnectionClosed, default, CancellationToken.None);
            if (UpperLayer.IsBroken(e) || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                throw new DicomNetworkException(DicomNetworkError.TlsFailed, "The TLS handshake failed", e);
            }

            throw;
        }
    }

    private ushort NextMessageId() => ++_messageId;

    private async Task<StoreAnswer> ResponseAsync(byte contextId, ushort requestField, CancellationToken ct)
    {
        var message = await _channel.ReceiveAsync(ct);
        if (message is not { Command: var command }
            || message.ContextId != contextId
            || command.Field != (requestField | CommandField.Response)
            || command.HasDataset
            || command.UInt16(CommandElement.MessageIdBeingRespondedTo) != _messageId
            || command.UInt16(CommandElement.Status) is not { } status)
        {
            throw DimseChannel.Invalid("What the peer answered is not the response to what it was asked");
        }

        return new StoreAnswer(new DimseStatus(status), command.Text(CommandElement.ErrorComment));
    }
}

/// <summary>A SOP class in a transfer syntax: what an association is asked to carry.</summary>
public sealed record PresentationContext(string SopClassUid, DicomTransferSyntax Syntax)
{
    public static readonly PresentationContext Verification =
        new(DicomUids.Verification, DicomTransferSyntax.ImplicitLittleEndian);
}

/// <summary>A peer's answer to C-STORE.</summary>
/// <param name="Comment">Error Comment (0000,0902), what is printable of it.</param>
public readonly record struct StoreAnswer(DimseStatus Status, string? Comment);
