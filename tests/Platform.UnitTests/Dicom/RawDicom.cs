using System.Buffers.Binary;
using System.Text;
using Platform.Dicom;

namespace Platform.UnitTests.Dicom;

/// <summary>Writes DICOM bytes by hand, right or wrong, apart from the library's own writer.</summary>
internal sealed class RawDicom(DicomEncoding encoding = DicomEncoding.ExplicitLittleEndian)
{
    public const uint Undefined = 0xFFFFFFFF;

    private readonly List<byte> _bytes = [];

    private bool IsBig => encoding == DicomEncoding.ExplicitBigEndian;

    /// <summary>Preamble, prefix and a meta header that declares a transfer syntax.</summary>
    public static RawDicom File(string transferSyntaxUid, DicomEncoding encoding = DicomEncoding.ExplicitLittleEndian)
    {
        var meta = new RawDicom()
            .Text(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7\0").Text(0x00020003, "UI", "1.2.3.4\0")
            .Text(0x00020010, "UI", transferSyntaxUid.Length % 2 == 1 ? transferSyntaxUid + "\0" : transferSyntaxUid);
        var file = new RawDicom(encoding);
        file._bytes.AddRange(new byte[128]);
        file._bytes.AddRange("DICM"u8);
        file._bytes.AddRange(new RawDicom().UInt32(0x00020000, "UL", (uint)meta._bytes.Count)._bytes);
        file._bytes.AddRange(meta._bytes);
        return file;
    }

    public byte[] ToArray() => [.. _bytes];

    public RawDicom Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public RawDicom Text(uint tag, string vr, string value) => Element(tag, vr, Encoding.Latin1.GetBytes(value));

    public RawDicom UInt16(uint tag, string vr, ushort value) => Header(tag, vr, 2).Number(value);

    public RawDicom UInt32(uint tag, string vr, uint value) => Header(tag, vr, 4).Number(value);

    public RawDicom Element(uint tag, string vr, params byte[] value) => Header(tag, vr, (uint)value.Length).Raw(value);

    public RawDicom Header(uint tag, string vr, uint length)
    {
        Number((ushort)(tag >> 16)).Number((ushort)tag);
        if (encoding == DicomEncoding.ImplicitLittleEndian)
        {
            return Number(length);
        }

        Raw(Encoding.Latin1.GetBytes(vr));
        return vr is "OB" or "OD" or "OF" or "OL" or "OV" or "OW" or "SQ" or "SV" or "UC" or "UN" or "UR" or "UT" or "UV"
            ? Number((ushort)0).Number(length)
            : Number((ushort)length);
    }

    public RawDicom Item(uint length) => Number((ushort)0xFFFE).Number((ushort)0xE000).Number(length);

    public RawDicom EndItem() => Number((ushort)0xFFFE).Number((ushort)0xE00D).Number(0u);

    public RawDicom EndSequence() => Number((ushort)0xFFFE).Number((ushort)0xE0DD).Number(0u);

    public RawDicom Number(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, IsBig ? BinaryPrimitives.ReverseEndianness(value) : value);
        return Raw(bytes);
    }

    public RawDicom Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, IsBig ? BinaryPrimitives.ReverseEndianness(value) : value);
        return Raw(bytes);
    }
}
