using System.Buffers.Binary;
using System.Text;

namespace Platform.Dicom.Network;

/// <summary>Command Field (0000,0100) of what this library sends or answers (PS3.7 §E.1); responses have the top bit.</summary>
internal static class CommandField
{
    internal const ushort StoreRequest = 0x0001;
    internal const ushort EchoRequest = 0x0030;
    internal const ushort CancelRequest = 0x0FFF;
    internal const ushort Response = 0x8000;
}

/// <summary>Elements of group 0000 (PS3.7 §E.1).</summary>
internal static class CommandElement
{
    internal const ushort GroupLength = 0x0000;
    internal const ushort AffectedSopClassUid = 0x0002;
    internal const ushort RequestedSopClassUid = 0x0003;
    internal const ushort CommandField = 0x0100;
    internal const ushort MessageId = 0x0110;
    internal const ushort MessageIdBeingRespondedTo = 0x0120;
    internal const ushort Priority = 0x0700;
    internal const ushort DatasetType = 0x0800;
    internal const ushort Status = 0x0900;
    internal const ushort ErrorComment = 0x0902;
    internal const ushort AffectedSopInstanceUid = 0x1000;
}

/// <summary>A command set: elements of group 0000, always implicit VR little endian (PS3.7 §6.3.1).</summary>
internal sealed class CommandSet
{
    private const int HeaderBytes = 8;

    /// <summary>Command Data Set Type of a message without data set.</summary>
    private const ushort NoDataset = 0x0101;

    private const int MaxCommentLength = 64;

    private readonly SortedDictionary<ushort, ReadOnlyMemory<byte>> _elements = [];

    /// <summary>What kind of message it is; 0 where absent.</summary>
    internal ushort Field => UInt16(CommandElement.CommandField) ?? 0;

    internal bool IsResponse => (Field & CommandField.Response) != 0;

    /// <summary>A data set follows: its type is anything but 0101H (PS3.7 §E.1).</summary>
    internal bool HasDataset => UInt16(CommandElement.DatasetType) is not (null or NoDataset);

    internal static CommandSet EchoRequest(ushort messageId) => new CommandSet()
        .Set(CommandElement.AffectedSopClassUid, DicomUids.Verification)
        .Set(CommandElement.CommandField, CommandField.EchoRequest)
        .Set(CommandElement.MessageId, messageId)
        .Set(CommandElement.DatasetType, NoDataset);

    internal static CommandSet StoreRequest(ushort messageId, string sopClassUid, string sopInstanceUid) => new CommandSet()
        .Set(CommandElement.AffectedSopClassUid, sopClassUid)
        .Set(CommandElement.CommandField, CommandField.StoreRequest)
        .Set(CommandElement.MessageId, messageId)
        .Set(CommandElement.Priority, 0)
        .Set(CommandElement.DatasetType, 0x0001)
        .Set(CommandElement.AffectedSopInstanceUid, sopInstanceUid);

    /// <summary>The response to a request: its class, instance and message id come back (PS3.7 §9.3).</summary>
    internal static CommandSet Response(CommandSet request, DimseStatus status, string? comment = null)
    {
        var response = new CommandSet()
            .Set(CommandElement.CommandField, (ushort)(request.Field | CommandField.Response))
            .Set(CommandElement.MessageIdBeingRespondedTo, request.UInt16(CommandElement.MessageId) ?? 0)
            .Set(CommandElement.DatasetType, NoDataset)
            .Set(CommandElement.Status, status.Code);
        foreach (var element in (ReadOnlySpan<ushort>)[CommandElement.AffectedSopClassUid, CommandElement.AffectedSopInstanceUid])
        {
            if (request.Uid(element) is { } uid)
            {
                response.Set(element, uid);
            }
        }

        return comment is null
            ? response
            : response.Set(CommandElement.ErrorComment, comment[..Math.Min(comment.Length, MaxCommentLength)]);
    }

    /// <summary>Reads a whole command set. Elements that are cut, doubled or of another group are InvalidMessage.</summary>
    internal static CommandSet Parse(ReadOnlySpan<byte> bytes)
    {
        var command = new CommandSet();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != 0)
            {
                throw Invalid("An element of a command set is cut or not of group 0000");
            }

            var element = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            if (length > bytes.Length - HeaderBytes
                || !command._elements.TryAdd(element, bytes.Slice(HeaderBytes, (int)length).ToArray()))
            {
                throw Invalid($"Element (0000,{element:X4}) of a command set is cut or comes twice");
            }

            bytes = bytes[(HeaderBytes + (int)length)..];
        }

        return command.Field != 0 ? command : throw Invalid("A command set lacks its Command Field");
    }

    internal byte[] ToArray()
    {
        var length = _elements.Sum(e => HeaderBytes + e.Value.Length);
        var bytes = new byte[HeaderBytes + 4 + length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), 4);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), length);
        var at = HeaderBytes + 4;
        foreach (var (element, value) in _elements)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at + 2), element);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), value.Length);
            value.Span.CopyTo(bytes.AsSpan(at + HeaderBytes));
            at += HeaderBytes + value.Length;
        }

        return bytes;
    }

    /// <summary>A number; null where absent or not of two bytes.</summary>
    internal ushort? UInt16(ushort element) =>
        _elements.TryGetValue(element, out var value) && value.Length == 2
            ? BinaryPrimitives.ReadUInt16LittleEndian(value.Span)
            : null;

    /// <summary>A UID; null where absent or malformed (PS3.5 §9.1).</summary>
    internal string? Uid(ushort element) =>
        _elements.TryGetValue(element, out var value)
        && Encoding.Latin1.GetString(value.Span.TrimEnd("\0 "u8)) is var uid && DicomUid.IsValid(uid)
            ? uid
            : null;

    /// <summary>Printable ASCII of a text, at most 64 characters; null where absent.</summary>
    internal string? Text(ushort element) => _elements.TryGetValue(element, out var value) && value.Length > 0
        ? new PduCursor(value.Span[..Math.Min(value.Length, MaxCommentLength)]).Text()
        : null;

    private static DicomNetworkException Invalid(string message) => new(DicomNetworkError.InvalidMessage, message);

    private CommandSet Set(ushort element, ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _elements[element] = bytes;
        return this;
    }

    /// <summary>UIDs are padded with NUL, texts with a space (PS3.5 §6.2).</summary>
    private CommandSet Set(ushort element, string value)
    {
        var pad = element == CommandElement.ErrorComment ? ' ' : '\0';
        _elements[element] = Encoding.ASCII.GetBytes(value.Length % 2 == 0 ? value : value + pad);
        return this;
    }
}
