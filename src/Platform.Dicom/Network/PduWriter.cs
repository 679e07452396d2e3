using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Platform.Dicom.Network;

/// <summary>Lays PDUs out in bytes (PS3.8 §9.3).</summary>
internal static class PduWriter
{
    internal const int HeaderBytes = 6;

    /// <summary>Length, presentation context id and control header of a presentation data value (PS3.8 §9.3.5.1).</summary>
    internal const int ValueHeaderBytes = 6;

    internal static byte[] Request(AssociateRequest request)
    {
        var body = Associate(request.ProtocolVersion, request.CalledAeTitle, request.CallingAeTitle);
        Item(body, 0x10, request.ApplicationContext);
        foreach (var context in request.Contexts)
        {
            var inner = new ArrayBufferWriter<byte>();
            inner.Write<byte>([context.Id, 0, 0, 0]);
            Item(inner, 0x30, context.AbstractSyntax);
            foreach (var syntax in context.TransferSyntaxes)
            {
                Item(inner, 0x40, syntax);
            }

            Item(body, 0x20, inner.WrittenSpan);
        }

        User(body, request.User);
        return Pdu(PduType.AssociateRequest, body.WrittenSpan);
    }

    internal static byte[] Accept(AssociateRequest request, AssociateAccept accept)
    {
        var body = Associate(1, request.CalledAeTitle, request.CallingAeTitle);
        Item(body, 0x10, DicomUids.ApplicationContext);
        foreach (var context in accept.Contexts)
        {
            var inner = new ArrayBufferWriter<byte>();
            inner.Write<byte>([context.Id, 0, (byte)context.Result, 0]);
            Item(inner, 0x40, context.TransferSyntax);
            Item(body, 0x21, inner.WrittenSpan);
        }

        User(body, accept.User);
        return Pdu(PduType.AssociateAccept, body.WrittenSpan);
    }

    internal static byte[] Reject(AssociationRejection rejection) =>
        Pdu(PduType.AssociateReject, [0, rejection.IsTransient ? (byte)2 : (byte)1, rejection.Source, rejection.Reason]);

    internal static byte[] ReleaseRequest() => Pdu(PduType.ReleaseRequest, new byte[4]);

    internal static byte[] ReleaseReply() => Pdu(PduType.ReleaseReply, new byte[4]);

    internal static byte[] Abort(bool isProvider, AbortReason reason) =>
        Pdu(PduType.Abort, [0, 0, isProvider ? (byte)2 : (byte)0, isProvider ? (byte)reason : (byte)0]);

    /// <summary>Writes the headers of a P-DATA-TF with one presentation data value before its bytes.</summary>
    internal static void DataHeader(Span<byte> to, byte contextId, bool isCommand, bool isLast, int valueBytes)
    {
        Header(to, PduType.Data, valueBytes + ValueHeaderBytes);
        BinaryPrimitives.WriteInt32BigEndian(to[HeaderBytes..], valueBytes + 2);
        to[HeaderBytes + 4] = contextId;
        to[HeaderBytes + 5] = (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0)); // PS3.8 §E.2
    }

    private static byte[] Pdu(PduType type, ReadOnlySpan<byte> body)
    {
        var pdu = new byte[HeaderBytes + body.Length];
        Header(pdu, type, body.Length);
        body.CopyTo(pdu.AsSpan(HeaderBytes));
        return pdu;
    }

    private static void Header(Span<byte> to, PduType type, int length)
    {
        to[0] = (byte)type;
        to[1] = 0;
        BinaryPrimitives.WriteInt32BigEndian(to[2..], length);
    }

    private static ArrayBufferWriter<byte> Associate(ushort version, string called, string calling)
    {
        var body = new ArrayBufferWriter<byte>(1 << 10);
        body.Write<byte>([(byte)(version >> 8), (byte)version, 0, 0]);
        body.Write(Encoding.ASCII.GetBytes(called.PadRight(16)));
        body.Write(Encoding.ASCII.GetBytes(calling.PadRight(16)));
        body.Write(new byte[32]);
        return body;
    }

    private static void User(ArrayBufferWriter<byte> body, UserInformation user)
    {
        var inner = new ArrayBufferWriter<byte>();
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, user.MaxPduBytes);
        Item(inner, 0x51, length);
        if (user.ImplementationClassUid is { } uid)
        {
            Item(inner, 0x52, uid);
        }

        if (user.ImplementationVersionName is { } name)
        {
            Item(inner, 0x55, name);
        }

        Item(body, 0x50, inner.WrittenSpan);
    }

    private static void Item(ArrayBufferWriter<byte> to, byte type, string text) => Item(to, type, Encoding.ASCII.GetBytes(text));

    private static void Item(ArrayBufferWriter<byte> to, byte type, ReadOnlySpan<byte> value)
    {
        to.Write<byte>([type, 0, (byte)(value.Length >> 8), (byte)value.Length]);
        to.Write(value);
    }
}
