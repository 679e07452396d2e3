using System.Buffers.Binary;

namespace Platform.Dicom.Reading;

/// <summary>What an element's bytes are.</summary>
internal enum ElementContent : byte
{
    Value,
    Sequence,
    Fragments,

    /// <summary>Undefined length where only a defined one is allowed.</summary>
    Invalid,
}

/// <summary>Tag, VR and length of an element (PS3.5 §7.1), and what follows from them.</summary>
internal readonly record struct ElementHeader(DicomTag Tag, DicomVr Vr, uint Length, int HeaderLength, ElementForm Form)
{
    internal const uint Undefined = 0xFFFFFFFF;

    internal bool IsUndefined => Length == Undefined;

    /// <summary>The VR's two letters are none of the standard's.</summary>
    internal bool HasInvalidVr => HeaderLength == 0;

    /// <summary>Reads the tag from at least four bytes.</summary>
    internal static DicomTag ReadTag(ReadOnlySpan<byte> bytes, DicomEncoding encoding) => encoding == DicomEncoding.ExplicitBigEndian
        ? new DicomTag(BinaryPrimitives.ReadUInt32BigEndian(bytes))
        : ElementValues.Tag(bytes);

    internal static uint ReadUInt32(ReadOnlySpan<byte> bytes, DicomEncoding encoding) => encoding == DicomEncoding.ExplicitBigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    /// <summary>Reads a header from at least eight bytes; false if it has twelve and they are not there yet.</summary>
    /// <param name="isSigned">Pixel Representation is 1, for the tags whose VR is US or SS.</param>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, DicomEncoding encoding, bool isSigned, out ElementHeader header)
    {
        var tag = ReadTag(bytes, encoding);
        if (encoding == DicomEncoding.ImplicitLittleEndian)
        {
            header = new ElementHeader(tag, ElementValues.ResolveVr(tag, isSigned), ReadUInt32(bytes[4..], encoding), 8, ElementForm.None);
            return true;
        }

        if (!DicomVrs.IsUpper(bytes[4]) || !DicomVrs.IsUpper(bytes[5]))
        {
            // Some writers slip elements without VR into an explicit data set: where two letters should be there is a length.
            var form = UnknownVr(bytes);
            var length = form == ElementForm.ImplicitHeader ? ReadUInt32(bytes[4..], encoding) : ReadUInt16(bytes[6..], encoding);
            header = new ElementHeader(tag, ElementValues.ResolveVr(tag, isSigned), length, 8, form);
            return true;
        }

        var vr = DicomVrs.FromBytes(bytes[4], bytes[5]);
        header = new ElementHeader(tag, vr, 0, 0, ElementForm.None);
        if (vr == DicomVr.None)
        {
            return true;
        }

        if (!vr.Is32BitLength)
        {
            header = header with { Length = ReadUInt16(bytes[6..], encoding), HeaderLength = 8 };
            return true;
        }

        if (bytes.Length < 12)
        {
            return false;
        }

        header = header with { Length = ReadUInt32(bytes[8..], encoding), HeaderLength = 12 };
        return true;
    }

    /// <summary>What the value is; gives a header of undefined length the VR that it thereby shows.</summary>
    internal ElementContent Content(DicomEncoding encoding, out ElementHeader header, out DicomEncoding contentEncoding)
    {
        header = this;
        contentEncoding = encoding;
        if (!IsUndefined)
        {
            return Vr == DicomVr.SQ ? ElementContent.Sequence : ElementContent.Value;
        }

        var isImplicit = encoding == DicomEncoding.ImplicitLittleEndian || Form == ElementForm.ImplicitHeader;
        header = this with { Form = Form | ElementForm.UndefinedLength };
        switch (Vr)
        {
            case DicomVr.SQ:
                return ElementContent.Sequence;
            case DicomVr.OW when isImplicit:
                // The dictionary has "OB or OW": what is encapsulated is OB (PS3.5 §A.4).
                header = header with { Vr = DicomVr.OB };
                return ElementContent.Fragments;
            case DicomVr.OB or DicomVr.OW or DicomVr.OF or DicomVr.OD or DicomVr.OL or DicomVr.OV:
                return ElementContent.Fragments;
            case DicomVr.UN when !isImplicit:
                // PS3.5 §6.2.2 note 6 (CP-246): its items are implicit little endian.
                contentEncoding = DicomEncoding.ImplicitLittleEndian;
                header = header with { Form = header.Form | ElementForm.ImplicitItems };
                return ElementContent.Sequence;
            case var _ when isImplicit:
                // Only a sequence can have undefined length (PS3.5 §7.1.3).
                header = header with { Vr = DicomVr.SQ };
                return ElementContent.Sequence;
            default:
                return ElementContent.Invalid;
        }
    }

    /// <summary>What stands where the VR should: nothing, or one of the marks that old writers put for a VR they did not know.</summary>
    private static ElementForm UnknownVr(ReadOnlySpan<byte> header) => (header[4], header[5], header[6] | header[7]) switch
    {
        ((byte)' ', (byte)' ', _) => ElementForm.VrSpaces,
        ((byte)'?', (byte)'?', _) => ElementForm.VrQuestionMarks,
        (0, 0, > 0) => ElementForm.VrNuls,
        _ => ElementForm.ImplicitHeader,
    };

    private static uint ReadUInt16(ReadOnlySpan<byte> bytes, DicomEncoding encoding) => encoding == DicomEncoding.ExplicitBigEndian
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes)
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
