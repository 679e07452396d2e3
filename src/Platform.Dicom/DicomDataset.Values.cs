using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Platform.Dicom.CharacterSets;

namespace Platform.Dicom;

/// <summary>Typed access. An element of VR UN whose tag the dictionary knows is read by the dictionary's VR.</summary>
public sealed partial class DicomDataset
{
    /// <summary>The character set of this data set's texts: its own (0008,0005), or, in an item, that of the data set around it.</summary>
    public SpecificCharacterSet CharacterSet
    {
        get
        {
            if (_context is Context known)
            {
                return known.CharacterSet;
            }

            if (this[DicomTags.SpecificCharacterSet] is { Value.IsEmpty: false } element)
            {
                var own = SpecificCharacterSet.Parse(Encoding.Latin1.GetString(element.Value.Span));
                _context = new Context(Parent, own);
                return own;
            }

            return Parent?.CharacterSet ?? SpecificCharacterSet.Default;
        }
    }

    /// <summary>The first value, trimmed; null where absent or empty. Numbers are written in invariant notation.</summary>
    public string? GetString(DicomTag tag) => GetStrings(tag) is [{ Length: > 0 } first, ..] ? first : null;

    /// <summary>All values, trimmed; an empty value among others is ""; no values where absent or empty.</summary>
    public IReadOnlyList<string> GetStrings(DicomTag tag) => this[tag] is { } element ? ElementValues.Strings(element, this) : [];

    /// <summary>A UID; null where absent, empty or malformed (PS3.5 §9.1).</summary>
    public string? GetUid(DicomTag tag) => GetString(tag) is { } text && DicomUid.IsValid(text) ? text : null;

    /// <summary>The first value of a number's VR, or IS or DS without fraction; null where absent, empty or no 32-bit integer.</summary>
    public int? GetInt32(DicomTag tag) => GetInt64s(tag) is [var first, ..] && (int)first == first ? (int)first : null;

    /// <summary>All values as 32-bit integers; none where absent, empty or where one of them is no 32-bit integer.</summary>
    public IReadOnlyList<int> GetInt32s(DicomTag tag)
    {
        var values = GetInt64s(tag);
        return values.All(v => (int)v == v) ? [.. values.Select(v => (int)v)] : [];
    }

    /// <summary>The first value as a 64-bit integer; null where absent, empty or no such integer.</summary>
    public long? GetInt64(DicomTag tag) => GetInt64s(tag) is [var first, ..] ? first : null;

    /// <summary>All values as 64-bit integers; none where absent, empty or where one of them is no such integer.</summary>
    public IReadOnlyList<long> GetInt64s(DicomTag tag) => this[tag] is { } element ? ElementValues.Int64s(element, this) : [];

    /// <summary>The first value of DS, IS, FL, FD or an integer VR; null where absent, empty or not a number.</summary>
    public double? GetDouble(DicomTag tag) => GetDoubles(tag) is [var first, ..] ? first : null;

    /// <summary>All values of DS, IS, FL, FD, OF, OD or an integer VR; none where absent, empty or where one is not a number.</summary>
    public IReadOnlyList<double> GetDoubles(DicomTag tag) => this[tag] is { } element ? ElementValues.Doubles(element, this) : [];

    /// <summary>A whole date of VR DA, or the date of a DT; null where absent, empty, partial or malformed. Accepts yyyy.mm.dd.</summary>
    public DateOnly? GetDate(DicomTag tag) => GetString(tag) is { } text ? ElementValues.Date(text) : null;

    /// <summary>A time of VR TM (missing parts are zero), to the microsecond; null where absent, empty or malformed.</summary>
    public TimeOnly? GetTime(DicomTag tag) => GetString(tag) is { } text ? ElementValues.Time(text) : null;

    /// <summary>A person's name; null where absent or empty.</summary>
    public PersonName? GetPersonName(DicomTag tag) => GetString(tag) is { } text ? PersonName.Parse(text) : null;

    /// <summary>The items of a sequence; none where absent or not a sequence.</summary>
    public IReadOnlyList<DicomDataset> GetSequence(DicomTag tag) => this[tag]?.Items ?? [];

    /// <summary>The bytes of a value, in little-endian order, with padding; empty where absent.</summary>
    public ReadOnlyMemory<byte> GetBytes(DicomTag tag) => this[tag]?.Value ?? default;

    /// <summary>Sets text values by the dictionary's VR (numbers as text for binary VRs too), in this data set's character set.</summary>
    /// <remarks>DicomException: UnencodableText, or InvalidValue where the VR can't hold the text.</remarks>
    public void Set(DicomTag tag, params IReadOnlyList<string> values) => Set(tag, VrToWrite(tag), values);

    /// <summary>Sets text values with a VR.</summary>
    public void Set(DicomTag tag, DicomVr vr, params IReadOnlyList<string> values) =>
        Set(new DicomElement(tag, vr, ElementValues.Encode(tag, vr, values, CharacterSet)));

    /// <summary>Sets integers by the dictionary's VR.</summary>
    public void Set(DicomTag tag, params IReadOnlyList<long> values) =>
        Set(tag, VrToWrite(tag), [.. values.Select(v => v.ToString(CultureInfo.InvariantCulture))]);

    /// <summary>Sets real numbers by the dictionary's VR; a DS gets the nearest number of at most 16 characters.</summary>
    public void Set(DicomTag tag, params IReadOnlyList<double> values)
    {
        var vr = VrToWrite(tag);
        Set(tag, vr, [.. values.Select(v => vr == DicomVr.DS ? ElementValues.DecimalString(v) : v.ToString("R", CultureInfo.InvariantCulture))]);
    }

    /// <summary>Sets bytes in little-endian order.</summary>
    public void Set(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value) => Set(new DicomElement(tag, vr, value));

    /// <summary>Sets a sequence.</summary>
    public void SetSequence(DicomTag tag, params IEnumerable<DicomDataset> items) => Set(DicomElement.Sequence(tag, items));

    /// <summary>Sets an element without value.</summary>
    public void SetEmpty(DicomTag tag)
    {
        var vr = VrToWrite(tag);
        Set(vr == DicomVr.SQ ? DicomElement.Sequence(tag) : new DicomElement(tag, vr, ReadOnlyMemory<byte>.Empty));
    }

    /// <summary>The VR to write a tag with: as it stands here, else by the dictionary and, for "US or SS", by Pixel Representation.</summary>
    private DicomVr VrToWrite(DicomTag tag)
    {
        if (this[tag] is { Vr: not DicomVr.UN } present)
        {
            return present.Vr;
        }

        var vr = ElementValues.ResolveVr(tag, IsSigned);
        return vr != DicomVr.None
            ? vr
            : throw new DicomException(DicomError.InvalidValue, "The dictionary has no VR for the tag; give one", tag);
    }

    /// <summary>Pixel Representation, here or in the data set around this item, is two's complement (PS3.3 §C.7.6.3.1.1).</summary>
    internal bool IsSigned
    {
        get
        {
            for (var dataset = this; dataset is not null; dataset = dataset.Parent)
            {
                if (dataset[DicomTags.PixelRepresentation] is { Value.Length: 2 } element)
                {
                    return BinaryPrimitives.ReadUInt16LittleEndian(element.Value.Span) == 1;
                }
            }

            return false;
        }
    }
}
