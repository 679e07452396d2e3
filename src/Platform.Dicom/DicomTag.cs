using System.Globalization;

namespace Platform.Dicom;

/// <summary>A data element tag: group and element number (PS3.5 §7.1.1).</summary>
public readonly record struct DicomTag(ushort Group, ushort Element) : IComparable<DicomTag>
{
    public DicomTag(uint value)
        : this((ushort)(value >> 16), (ushort)value)
    {
    }

    /// <summary>Group in the high 16 bits, element in the low ones; the order of tags is the order of this number.</summary>
    public uint Value => ((uint)Group << 16) | Element;

    /// <summary>Odd group, without the groups that PS3.5 §7.8 forbids (0001, 0003, 0005, 0007, FFFF).</summary>
    public bool IsPrivate => (Group & 1) == 1 && Group is > 0x0007 and not 0xFFFF;

    /// <summary>(gggg,0010-00FF) of a private group: the element that reserves a block (PS3.5 §7.8.1).</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x0010 and <= 0x00FF;

    public bool IsGroupLength => Element == 0;

    public static bool operator <(DicomTag left, DicomTag right) => left.Value < right.Value;

    public static bool operator >(DicomTag left, DicomTag right) => left.Value > right.Value;

    public static bool operator <=(DicomTag left, DicomTag right) => left.Value <= right.Value;

    public static bool operator >=(DicomTag left, DicomTag right) => left.Value >= right.Value;

    /// <summary>Reads "ggggeeee", "gggg,eeee", "(gggg,eeee)" or a keyword of the standard; FormatException otherwise.</summary>
    public static DicomTag Parse(string text) =>
        TryParse(text, out var tag) ? tag : throw new FormatException("Neither a tag (ggggeeee) nor a keyword of the standard.");

    /// <summary>Reads "ggggeeee", "gggg,eeee", "(gggg,eeee)" or a keyword of the standard.</summary>
    public static bool TryParse(string? text, out DicomTag tag)
    {
        tag = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var hex = text.AsSpan();
        if (hex is ['(', .. var inner, ')'])
        {
            hex = inner;
        }

        if (hex.Length == 9 && hex[4] == ',' && TryHex(hex[..4], out var group) && TryHex(hex[5..], out var element))
        {
            tag = new DicomTag((ushort)group, (ushort)element);
            return true;
        }

        if (hex.Length == 8 && TryHex(hex, out var value))
        {
            tag = new DicomTag(value);
            return true;
        }

        if (DicomDictionary.Find(text) is not { } entry)
        {
            return false;
        }

        tag = entry.Tag;
        return true;
    }

    public int CompareTo(DicomTag other) => Value.CompareTo(other.Value);

    public override int GetHashCode() => (int)Value;

    /// <summary>"(gggg,eeee)" in upper-case hexadecimal.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Group:X4},{Element:X4})");

    private static bool TryHex(ReadOnlySpan<char> text, out uint value) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
