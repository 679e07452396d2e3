using System.Text;

namespace Platform.Dicom.Objects;

/// <summary>A code of a coding scheme (PS3.3 §8): value, designator (SCT, DCM, UCUM …), meaning.</summary>
public sealed record CodedConcept(string Value, string Scheme, string Meaning)
{
    private const int MaxShortValue = 16;

    /// <summary>Whether two codes are one concept: the meaning is for people and does not count (PS3.3 §8.3).</summary>
    public bool IsSameAs(CodedConcept other) => Value == other.Value && Scheme == other.Scheme;

    /// <summary>The item of a code sequence (PS3.3 Table 8.8-1): a value of more than 16 characters is written as Long Code Value.</summary>
    public DicomDataset ToItem()
    {
        var item = new DicomDataset();
        if (!Ascii.IsValid(Meaning))
        {
            item.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        }

        item.Set(Value.Length <= MaxShortValue ? DicomTags.CodeValue : DicomTags.LongCodeValue, Value);
        item.Set(DicomTags.CodingSchemeDesignator, Scheme);
        item.Set(DicomTags.CodeMeaning, Meaning);
        return item;
    }

    /// <summary>The code of an item of a code sequence; null if it has no value or no scheme.</summary>
    public static CodedConcept? FromItem(DicomDataset item)
    {
        var value = item.GetString(DicomTags.CodeValue) ?? item.GetString(DicomTags.LongCodeValue);
        var scheme = item.GetString(DicomTags.CodingSchemeDesignator);
        return value is null || scheme is null ? null : new(value, scheme, item.GetString(DicomTags.CodeMeaning) ?? "");
    }
}
