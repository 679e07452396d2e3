using System.Buffers.Binary;

namespace Platform.Dicom.Network;

/// <summary>A message's command set and the presentation context that it came in.</summary>
internal sealed record DimseMessage(byte ContextId, CommandSet Command);

/// <summary>Messages on an association (PS3.7 §6.3), in presentation data values (PS3.8 Annex E).</summary>
internal sealed class DimseChannel
{
    private readonly UpperLayer _layer;
    private readonly DicomNetworkBudgets _budgets;
    private readonly byte[] _out;
    private ReadOnlyMemory<byte> _values;

    /// <param name="peerMaxPduBytes">What the peer takes in one P-DATA-TF; 0 is unlimited.</param>
    internal DimseChannel(UpperLayer layer, DicomNetworkBudgets budgets, uint peerMaxPduBytes)
    {
        _layer = layer;
        _budgets = budgets;
        var most = peerMaxPduBytes == 0 ? budgets.MaxPduBytes : (int)Math.Min(peerMaxPduBytes, budgets.MaxPduBytes);
        _out = new byte[PduWriter.HeaderBytes + (most & ~1)]; // fragments are of even length (PS3.8 §E.2)
    }

    private static int HeaderBytes => PduWriter.HeaderBytes + PduWriter.ValueHeaderBytes;

    private int MaxValueBytes => _out.Length - HeaderBytes;

    /// <summary>The next command set; its data set, if any, must then be read. Null once the peer asks for release.</summary>
    internal async ValueTask<DimseMessage?> ReceiveAsync(CancellationToken ct)
    {
        var bytes = new MemoryStream();
        byte? context = null;
        while (true)
        {
            if (await NextAsync(ct) is not { } value)
            {
                return context is null ? null : throw Invalid("A release inside a message");
            }

            if (!value.IsCommand || (context ?? value.ContextId) != value.ContextId)
            {
                throw Invalid("A command set is awaited and something else came");
            }

            context = value.ContextId;
            if (bytes.Length + value.Bytes.Length > _budgets.MaxCommandBytes)
            {
                throw DicomNetworkException.OverBudget(nameof(DicomNetworkBudgets.MaxCommandBytes), _budgets.MaxCommandBytes);
            }

            bytes.Write(value.Bytes.Span);
            if (value.IsLast)
            {
                return new DimseMessage(value.ContextId, CommandSet.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
            }
        }
    }

    /// <summary>The data set of the message that was received last.</summary>
    internal DatasetStream Dataset(byte contextId) => new(this, contextId, _budgets.MaxInstanceBytes);

    internal async ValueTask SendAsync(byte contextId, CommandSet command, CancellationToken ct)
    {
        var bytes = command.ToArray();
        for (var at = 0; at < bytes.Length;)
        {
            var count = Math.Min(MaxValueBytes, bytes.Length - at);
            bytes.AsSpan(at, count).CopyTo(_out.AsSpan(HeaderBytes));
            at += count;
            await SendValueAsync(contextId, isCommand: true, at == bytes.Length, count, ct);
        }
    }

    /// <summary>
    /// Sends a data set of known length from a stream, a PDU at a time; false if the peer interrupted, so that it must be heard.
    /// One of odd length, which only a deflated one is, is padded with a NUL (PS3.5 §A.5).
    /// </summary>
    internal async ValueTask<bool> SendAsync(byte contextId, Stream dataset, long length, CancellationToken ct)
    {
        _layer.StartReading();
        for (var left = length; left > 0;)
        {
            if (_layer.IsInterrupted)
            {
                return false;
            }

            var count = (int)Math.Min(MaxValueBytes, left);
            await dataset.ReadExactlyAsync(_out.AsMemory(HeaderBytes, count), ct);
            left -= count;
            if (count % 2 != 0)
            {
                _out[HeaderBytes + count++] = 0; // there is room: a full fragment is even
            }

            await SendValueAsync(contextId, isCommand: false, left == 0, count, ct);
        }

        return true;
    }

    /// <summary>The next presentation data value, valid until the one after it; null once the peer asks for release.</summary>
    internal async ValueTask<DataValue?> NextAsync(CancellationToken ct)
    {
        if (_values.IsEmpty)
        {
            var indication = await _layer.ReceiveAsync(ct);
            if (indication.Type != PduType.Data)
            {
                return null;
            }

            _values = indication.Data;
        }

        // The parser has tested the lengths.
        var length = BinaryPrimitives.ReadInt32BigEndian(_values.Span);
        var header = _values.Span[5];
        var value = new DataValue(_values.Span[4], (header & 1) != 0, (header & 2) != 0, _values[6..(4 + length)]);
        _values = _values[(4 + length)..];
        return value;
    }

    internal static DicomNetworkException Invalid(string message) => new(DicomNetworkError.InvalidMessage, message);

    private async ValueTask SendValueAsync(byte contextId, bool isCommand, bool isLast, int count, CancellationToken ct)
    {
        PduWriter.DataHeader(_out, contextId, isCommand, isLast, count);
        await _layer.OnAsync(UpperLayerEvent.DataRequested, _out.AsMemory(0, HeaderBytes + count), ct);
    }

    /// <summary>A presentation data value with its message control header (PS3.8 §E.2).</summary>
    internal readonly record struct DataValue(byte ContextId, bool IsCommand, bool IsLast, ReadOnlyMemory<byte> Bytes);
}
