using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using static Platform.Dicom.Network.UpperLayerEffects;

namespace Platform.Dicom.Network;

/// <summary>What is indicated or confirmed: the PDU's type with its content; no type once the connection is closed.</summary>
/// <param name="Content">An <see cref="AssociateRequest"/>, an <see cref="AssociateAccept"/> or nothing.</param>
/// <param name="Data">The values of a P-DATA-TF; valid until the next PDU is read.</param>
internal readonly record struct Indication(PduType? Type, object? Content, ReadOnlyMemory<byte> Data);

/// <summary>
/// One side of an association: reads and writes PDUs and does what <see cref="UpperLayerTable"/> says. One caller at a time.
/// What the peer does wrong is a <see cref="DicomNetworkException"/>, thrown after the table's action is done.
/// </summary>
internal sealed class UpperLayer : IAsyncDisposable
{
    private const int FirstBufferBytes = 4 << 10;
    private const int ReplyBytes = 4;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(1);

    private readonly bool _isRequestor;
    private readonly DicomNetworkBudgets _budgets;
    private readonly TimeProvider _clock;
    private Stream? _transport;
    private byte[] _buffer = [];
    private Task<Received>? _reading;
    private bool _isOutOfStep;
    private DateTimeOffset? _timerEnd;

    internal UpperLayer(
        bool isRequestor, DicomNetworkBudgets budgets, TimeProvider clock, UpperLayerState state = UpperLayerState.Sta1)
    {
        _isRequestor = isRequestor;
        _budgets = budgets;
        _clock = clock;
        State = state;
    }

    internal UpperLayerState State { get; private set; }

    /// <summary>What is left of the ARTIM timer; null where it does not run.</summary>
    internal TimeSpan? TimerLeft => _timerEnd is { } end
        ? TimeSpan.FromTicks(Math.Max(0, (end - _clock.GetUtcNow()).Ticks))
        : null;

    /// <summary>The peer sent something else than data, or is gone: what is being sent can be given up.</summary>
    internal bool IsInterrupted => _reading is { IsCompleted: true } && _reading.Result.Happened != UpperLayerEvent.DataReceived;

    /// <summary>Takes a connection, or that connection once it is secured; the connection is this object's from now on.</summary>
    internal void Attach(Stream transport) => _transport = transport;

    /// <summary>Does what the table has for an event of the service user or of the transport.</summary>
    /// <param name="pdu">What to send, where the action sends.</param>
    internal async ValueTask<UpperLayerStep> OnAsync(
        UpperLayerEvent happened,
        ReadOnlyMemory<byte> pdu,
        CancellationToken ct,
        bool isAcceptable = true,
        AbortReason reason = AbortReason.NotSpecified)
    {
        var step = UpperLayerTable.Find(happened, State, _isRequestor, isAcceptable)
            ?? throw new InvalidOperationException($"{happened} cannot happen in {State}.");
        State = step.Next;
        if ((step.Effects & (StopTimer | StartTimer)) != 0)
        {
            _timerEnd = (step.Effects & StartTimer) != 0 ? _clock.GetUtcNow() + _budgets.ArtimTimeout : null;
        }

        if ((step.Effects & Send) != 0)
        {
            await WriteAsync(pdu, ct);
        }
        else if ((step.Effects & (SendUserAbort | SendProviderAbort)) != 0)
        {
            await TryAbortAsync(PduWriter.Abort((step.Effects & SendProviderAbort) != 0, reason), ct);
        }

        if ((step.Effects & Close) != 0)
        {
            await CloseAsync();
        }

        return step;
    }

    /// <summary>Begins to read the next PDU, so that <see cref="IsInterrupted"/> can tell while something long is sent.</summary>
    internal void StartReading() => _reading ??= ReadPduAsync(_transport!);

    /// <summary>The next thing that the peer asks, answers or sends.</summary>
    internal async ValueTask<Indication> ReceiveAsync(CancellationToken ct)
    {
        while (true)
        {
            if (State == UpperLayerState.Sta1)
            {
                throw new DicomNetworkException(DicomNetworkError.ConnectionLost, "The association has ended");
            }

            var received = await NextAsync(ct);
            var state = State;
            var reason = received.Failure?.Reason ?? AbortReason.UnexpectedPdu;
            var step = await OnAsync(received.Happened, default, ct, reason: reason);
            switch (step.Action)
            {
                case UpperLayerAction.AA6 or UpperLayerAction.AA7:
                    continue;
                case UpperLayerAction.AE4:
                    throw DicomNetworkException.Rejected((AssociationRejection)received.Content!);
                case UpperLayerAction.AR5:
                case UpperLayerAction.AA2 when state == UpperLayerState.Sta13:
                    return default;
                case UpperLayerAction.AA4 or UpperLayerAction.AA5:
                    throw received.Failure
                        ?? new DicomNetworkException(DicomNetworkError.ConnectionLost, "The peer closed the connection");
                case UpperLayerAction.AA2 or UpperLayerAction.AA3:
                    throw received.Happened == UpperLayerEvent.AbortReceived
                        ? Aborted(((byte, byte))received.Content!)
                        : TimedOut("No association was requested", _budgets.ArtimTimeout);
                case UpperLayerAction.AA1 or UpperLayerAction.AA8:
                    throw received.Failure
                        ?? new DicomNetworkException(DicomNetworkError.UnexpectedPdu, $"{received.Happened} in state {state}");
                default:
                    return new Indication(received.Type, received.Content, received.Data);
            }
        }
    }

    /// <summary>Waits until the peer has closed the connection or the ARTIM timer has run out.</summary>
    internal async ValueTask FinishAsync(CancellationToken ct)
    {
        while (State == UpperLayerState.Sta13)
        {
            await ReceiveAsync(ct);
        }
    }

    /// <summary>Aborts, if there is anything to abort, and waits for the end.</summary>
    internal async ValueTask AbortAsync(CancellationToken ct)
    {
        if (UpperLayerTable.Find(UpperLayerEvent.AbortRequested, State, _isRequestor) is not null)
        {
            await OnAsync(UpperLayerEvent.AbortRequested, default, ct);
        }

        await FinishAsync(ct);
    }

    public ValueTask DisposeAsync() => CloseAsync();

    /// <summary>What sockets and TLS throw when a connection is over; NotSupported where a write of TLS was cut off.</summary>
    internal static bool IsBroken(Exception e) =>
        e is IOException or InvalidOperationException or NotSupportedException
            or AuthenticationException or CryptographicException;

    private static DicomNetworkException Aborted((byte Source, byte Reason) abort) => new(
        DicomNetworkError.Aborted,
        abort.Source == 0
            ? "The peer's application aborted the association"
            : $"The peer aborted the association: {(AbortReason)abort.Reason}");

    private static DicomNetworkException TimedOut(string what, TimeSpan limit) =>
        new(DicomNetworkError.TimedOut, string.Create(CultureInfo.InvariantCulture, $"{what} for {limit.TotalSeconds:0.###} s"));

    private async ValueTask<Received> NextAsync(CancellationToken ct)
    {
        StartReading();
        var limit = TimerLeft ?? _budgets.IdleTimeout;
        try
        {
            var received = await _reading!.WaitAsync(limit, _clock, ct);
            _reading = null;
            return received;
        }
        catch (TimeoutException)
        {
            return _timerEnd is not null
                ? new Received(UpperLayerEvent.TimerExpired)
                : new Received(UpperLayerEvent.AbortRequested) { Failure = TimedOut("The peer sent no whole PDU", limit) };
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> pdu, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_budgets.IdleTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            await _transport!.WriteAsync(pdu, either.Token);
        }
        catch (Exception e) when (IsBroken(e) || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // An abort that came before the connection broke says more than the break.
            var last = await LastAsync();
            await LoseAsync(ct);
            if (last is { Happened: UpperLayerEvent.AbortReceived })
            {
                throw Aborted(((byte, byte))last.Content!);
            }

            throw e is OperationCanceledException
                ? TimedOut("The peer took nothing", _budgets.IdleTimeout)
                : new DicomNetworkException(DicomNetworkError.ConnectionLost, "The connection broke", e);
        }
    }

    /// <summary>What the peer sent last: it can still be read when nothing can be written any more.</summary>
    private async ValueTask<Received?> LastAsync()
    {
        StartReading();
        try
        {
            return await _reading!.WaitAsync(ShutdownTimeout, _clock);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async ValueTask LoseAsync(CancellationToken ct)
    {
        await OnAsync(UpperLayerEvent.ConnectionClosed, default, ct);
        await CloseAsync();
    }

    /// <summary>An abort that can't be sent changes nothing: the connection's end is noticed where it is waited for.</summary>
    private async ValueTask TryAbortAsync(byte[] pdu, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_budgets.ArtimTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            await _transport!.WriteAsync(pdu, either.Token);
        }
        catch (Exception e) when (IsBroken(e) || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // The summary says it.
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_transport is not { } transport)
        {
            return;
        }

        _transport = null;
        if (transport is SslStream { IsAuthenticated: true } secured)
        {
            try
            {
                await secured.ShutdownAsync().WaitAsync(ShutdownTimeout, _clock);
            }
            catch (Exception e) when (IsBroken(e) || e is TimeoutException)
            {
                // Whoever is gone needs no farewell.
            }
        }

        await transport.DisposeAsync();
    }

    /// <summary>Never throws: what goes wrong is an event of the table.</summary>
    private async Task<Received> ReadPduAsync(Stream transport)
    {
        try
        {
            if (_isOutOfStep)
            {
                await DiscardAsync(transport);
                return new Received(UpperLayerEvent.ConnectionClosed);
            }

            var have = await FillAsync(transport, 0, PduWriter.HeaderBytes);
            if (have < PduWriter.HeaderBytes)
            {
                return Cut(have);
            }

            var (type, length) = Header();
            if (await FillAsync(transport, 0, length) < length)
            {
                return Cut(length);
            }

            return Parse(type, _buffer.AsMemory(0, length));
        }
        catch (DicomNetworkException e)
        {
            _isOutOfStep = true; // where the next PDU begins is not known any more
            return new Received(UpperLayerEvent.InvalidReceived) { Failure = e };
        }
        catch (Exception e) when (IsBroken(e))
        {
            return new Received(UpperLayerEvent.ConnectionClosed)
            {
                Failure = new DicomNetworkException(DicomNetworkError.ConnectionLost, "The connection broke", e),
            };
        }
    }

    private static Received Cut(int have) => new(UpperLayerEvent.ConnectionClosed)
    {
        Failure = have > 0
            ? new DicomNetworkException(DicomNetworkError.ConnectionLost, "The peer closed the connection inside a PDU")
            : null,
    };

    private (PduType Type, int Length) Header()
    {
        var type = (PduType)_buffer[0];
        var length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(2));
        var (budget, most) = type switch
        {
            PduType.AssociateRequest or PduType.AssociateAccept =>
                (nameof(DicomNetworkBudgets.MaxAssociateBytes), _budgets.MaxAssociateBytes),
            PduType.Data => (nameof(DicomNetworkBudgets.MaxPduBytes), _budgets.MaxPduBytes),
            PduType.AssociateReject or PduType.ReleaseRequest or PduType.ReleaseReply or PduType.Abort => ("", ReplyBytes),
            _ => throw DicomNetworkException.InvalidPdu($"A PDU of unknown type {_buffer[0]:X2}H", AbortReason.UnrecognizedPdu),
        };
        if (length <= most && (most != ReplyBytes || length == ReplyBytes))
        {
            return (type, (int)length);
        }

        throw budget.Length > 0
            ? DicomNetworkException.OverBudget(budget, most)
            : DicomNetworkException.InvalidPdu($"A PDU of type {type} with {length} bytes");
    }

    private Received Parse(PduType type, ReadOnlyMemory<byte> body)
    {
        switch (type)
        {
            case PduType.AssociateRequest:
                return new(UpperLayerEvent.RequestReceived) { Type = type, Content = PduParser.Request(body.Span, _budgets) };
            case PduType.AssociateAccept:
                return new(UpperLayerEvent.AcceptReceived) { Type = type, Content = PduParser.Accept(body.Span, _budgets) };
            case PduType.AssociateReject:
                return new(UpperLayerEvent.RejectReceived) { Type = type, Content = PduParser.Reject(body.Span) };
            case PduType.ReleaseRequest:
                return new(UpperLayerEvent.ReleaseRequestReceived) { Type = type };
            case PduType.ReleaseReply:
                return new(UpperLayerEvent.ReleaseReplyReceived) { Type = type };
            case PduType.Abort:
                return new(UpperLayerEvent.AbortReceived) { Type = type, Content = PduParser.Abort(body.Span) };
            default:
                Debug.Assert(type == PduType.Data, "The header was tested.");
                PduParser.CheckData(body.Span);
                return new(UpperLayerEvent.DataReceived) { Type = type, Data = body };
        }
    }

    /// <summary>Reads until that many bytes are in the buffer, which grows with what was received; how many there are.</summary>
    private async ValueTask<int> FillAsync(Stream transport, int have, int want)
    {
        while (have < want)
        {
            if (have == _buffer.Length)
            {
                Array.Resize(ref _buffer, Math.Max(FirstBufferBytes, _buffer.Length * 2));
            }

            var count = await transport.ReadAsync(_buffer.AsMemory(have, Math.Min(want, _buffer.Length) - have));
            if (count == 0)
            {
                break;
            }

            have += count;
        }

        return have;
    }

    private async ValueTask DiscardAsync(Stream transport)
    {
        while (await FillAsync(transport, 0, FirstBufferBytes) == FirstBufferBytes)
        {
            // Nothing in it means anything.
        }
    }

    private sealed record Received(UpperLayerEvent Happened)
    {
        public PduType? Type { get; init; }

        public object? Content { get; init; }

        public ReadOnlyMemory<byte> Data { get; init; }

        public DicomNetworkException? Failure { get; init; }
    }
}
