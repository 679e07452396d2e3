using System.Text;

namespace Platform.Dicom.CharacterSets;

/// <summary>The character repertoire of a data set's texts: the terms of (0008,0005), PS3.3 §C.12.1.1.2.</summary>
public sealed class SpecificCharacterSet
{
    public static readonly SpecificCharacterSet Default = new([""], Encoding.Latin1);

    private readonly Encoding _encoding;

    private SpecificCharacterSet(IReadOnlyList<string> terms, Encoding encoding)
    {
        Terms = terms;
        _encoding = encoding;
    }

    /// <summary>The defined terms in order; "" for the default repertoire.</summary>
    public IReadOnlyList<string> Terms { get; }

    /// <summary>Reads the value of (0008,0005).</summary>
    public static SpecificCharacterSet Parse(string value)
    {
        var terms = value.Split('\\').Select(t => t.Trim(' ', '\0')).ToArray();
        return terms[0] == "ISO_IR 192" ? new SpecificCharacterSet(terms, Encoding.UTF8) : new SpecificCharacterSet(terms, Encoding.Latin1);
    }

    /// <summary>Text of LO, LT, PN, SH, ST, UC or UT, with its separators and padding; undefined bytes become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<byte> bytes) => _encoding.GetString(bytes);

    /// <summary>Bytes of a text; DicomException UnencodableText if the repertoire lacks one of its characters.</summary>
    public byte[] Encode(string text, DicomTag? tag = null)
    {
        var bytes = _encoding.GetBytes(text);
        return _encoding.GetString(bytes) == text
            ? bytes
            : throw new DicomException(DicomError.UnencodableText, "The Specific Character Set lacks a character of the text", tag);
    }

    /// <summary>Text of the VRs that the default repertoire rules (CS, DA, UI …).</summary>
    internal static string DecodeBasic(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    internal static byte[] EncodeBasic(string text, DicomTag tag) =>
        Ascii.IsValid(text)
            ? Encoding.ASCII.GetBytes(text)
            : throw new DicomException(DicomError.UnencodableText, "The VR allows the default repertoire only", tag);
}
