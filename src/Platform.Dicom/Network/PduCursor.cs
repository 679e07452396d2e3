using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Platform.Dicom.Network;

/// <summary>Walks the fields of a PDU, which are big endian (PS3.8 §9.3.1). A field past the end is InvalidPdu.</summary>
internal ref struct PduCursor(ReadOnlySpan<byte> bytes)
{
    private const int MaxUidLength = 64;

    private static readonly SearchValues<byte> UidCharacters = SearchValues.Create("0123456789."u8);

    private ReadOnlySpan<byte> _rest = bytes;

    internal readonly bool IsAtEnd => _rest.IsEmpty;

    internal ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw DicomNetworkException.InvalidPdu($"A PDU ends {count - _rest.Length} bytes before one of its fields");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    internal byte Byte() => Take(1)[0];

    internal ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    internal uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>An item: type, a reserved byte, length, value (PS3.8 §9.3.2.1).</summary>
    internal PduCursor Item(out byte type)
    {
        type = Byte();
        Take(1);
        return new PduCursor(Take(UInt16()));
    }

    /// <summary>What is left as a UID. Leading zeros are let pass: such a UID is refused as one that nobody supports.</summary>
    internal string Uid()
    {
        var uid = _rest.TrimEnd("\0 "u8);
        _rest = default;
        return uid.IsEmpty || uid.Length > MaxUidLength || uid.ContainsAnyExcept(UidCharacters)
            ? throw DicomNetworkException.InvalidPdu("An item holds no UID")
            : Encoding.ASCII.GetString(uid);
    }

    /// <summary>An AE title: 16 bytes padded with spaces, some pad with NUL (PS3.5 §6.2).</summary>
    internal string AeTitle()
    {
        var title = Take(16).TrimEnd("\0 "u8).TrimStart((byte)' ');
        return title.IsEmpty || title.ContainsAnyExceptInRange((byte)' ', (byte)'~') || title.Contains((byte)'\\')
            ? throw DicomNetworkException.InvalidPdu("An AE title is empty or holds other than printable ASCII")
            : Encoding.ASCII.GetString(title);
    }

    /// <summary>What is left as printable ASCII; other bytes become question marks.</summary>
    internal string Text()
    {
        var text = _rest.TrimEnd("\0 "u8);
        _rest = default;
        return string.Create(text.Length, text, (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = from[i] is >= 0x20 and < 0x7F ? (char)from[i] : '?';
            }
        });
    }
}
