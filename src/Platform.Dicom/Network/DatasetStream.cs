using Platform.Dicom.Reading;

namespace Platform.Dicom.Network;

/// <summary>
/// A data set as it arrives: nothing is read from the peer before it is asked for. More than its budget is a
/// <see cref="DicomException"/>, as everywhere; a peer that fails is a <see cref="DicomNetworkException"/>.
/// </summary>
internal sealed class DatasetStream(DimseChannel channel, byte contextId, long maxBytes) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> _value;
    private bool _isLast;

    /// <summary>Bytes that have come.</summary>
    internal long Received { get; private set; }

    public override int Read(Span<byte> buffer) => throw new NotSupportedException("The network is read asynchronously.");

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || !await FillAsync(cancellationToken))
        {
            return 0;
        }

        if (Received > maxBytes)
        {
            throw DicomException.OverBudget(nameof(DicomNetworkBudgets.MaxInstanceBytes), maxBytes, null, maxBytes);
        }

        var count = Math.Min(buffer.Length, _value.Length);
        _value[..count].CopyTo(buffer);
        _value = _value[count..];
        return count;
    }

    /// <summary>Passes over what was not read: a peer sends a message to its end whatever becomes of it (PS3.7 §9.1).</summary>
    internal async ValueTask DrainAsync(CancellationToken ct)
    {
        while (await FillAsync(ct))
        {
            _value = default;
            if (Received / 2 > maxBytes)
            {
                throw DicomNetworkException.OverBudget(nameof(DicomNetworkBudgets.MaxInstanceBytes), maxBytes);
            }
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        while (_value.IsEmpty)
        {
            if (_isLast)
            {
                return false;
            }

            if (await channel.NextAsync(ct) is not { } value)
            {
                throw DimseChannel.Invalid("A release inside a data set");
            }

            if (value.IsCommand || value.ContextId != contextId)
            {
                throw DimseChannel.Invalid("A data set is awaited and something else came");
            }

            _value = value.Bytes;
            _isLast = value.IsLast;
            Received += value.Bytes.Length;
        }

        return true;
    }
}
