namespace Platform.Dicom.Deidentification;

/// <summary>An action code of PS3.15 Table E.1-1; the compound ones depend on the attribute's type in the IOD.</summary>
public enum ConfidentialityAction
{
    /// <summary>The column is empty: the option says nothing.</summary>
    None,

    /// <summary>D: a non-zero length dummy value of the same VR.</summary>
    Replace,

    /// <summary>Z: zero length, or a dummy value.</summary>
    Empty,

    /// <summary>X: remove.</summary>
    Remove,

    /// <summary>K: keep (a sequence is cleaned inside).</summary>
    Keep,

    /// <summary>C: clean: replace by values of similar meaning that do not identify.</summary>
    Clean,

    /// <summary>U: a UID that is consistent within the set of instances.</summary>
    ReplaceUid,

    /// <summary>Z/D: Z unless the attribute is type 1, then D.</summary>
    EmptyOrReplace,

    /// <summary>X/Z: X unless the attribute is type 2, then Z.</summary>
    RemoveOrEmpty,

    /// <summary>X/D: X unless the attribute is type 1, then D.</summary>
    RemoveOrReplace,

    /// <summary>X/Z/D: X unless the attribute is type 2, then Z, or type 1, then D.</summary>
    RemoveOrEmptyOrReplace,

    /// <summary>X/Z/U*: X unless type 2, then Z, or type 1, then the UIDs inside the sequence are replaced.</summary>
    RemoveOrEmptyOrReplaceUids,
}

/// <summary>A row of PS3.15 Table E.1-1: the Basic Profile's action and what each option puts in its place.</summary>
public sealed record ConfidentialityRow(uint TagValue, uint Mask, string Name, bool IsInStandardIod, ConfidentialityAction BasicProfile)
{
    public DicomTag Tag => new(TagValue);

    public ConfidentialityAction CleanDescriptors { get; init; }

    public ConfidentialityAction CleanGraphics { get; init; }

    public ConfidentialityAction CleanStructuredContent { get; init; }

    public ConfidentialityAction RetainDeviceIdentity { get; init; }

    public ConfidentialityAction RetainInstitutionIdentity { get; init; }

    public ConfidentialityAction RetainLongitudinalFullDates { get; init; }

    public ConfidentialityAction RetainLongitudinalModifiedDates { get; init; }

    public ConfidentialityAction RetainPatientCharacteristics { get; init; }

    public ConfidentialityAction RetainSafePrivate { get; init; }

    public ConfidentialityAction RetainUids { get; init; }

    /// <summary>What the column of one option says.</summary>
    public ConfidentialityAction this[DeidentificationOptions option] => option switch
    {
        DeidentificationOptions.CleanDescriptors => CleanDescriptors,
        DeidentificationOptions.CleanGraphics => CleanGraphics,
        DeidentificationOptions.CleanStructuredContent => CleanStructuredContent,
        DeidentificationOptions.RetainDeviceIdentity => RetainDeviceIdentity,
        DeidentificationOptions.RetainInstitutionIdentity => RetainInstitutionIdentity,
        DeidentificationOptions.RetainLongitudinalFullDates => RetainLongitudinalFullDates,
        DeidentificationOptions.RetainLongitudinalModifiedDates => RetainLongitudinalModifiedDates,
        DeidentificationOptions.RetainPatientCharacteristics => RetainPatientCharacteristics,
        DeidentificationOptions.RetainSafePrivate => RetainSafePrivate,
        DeidentificationOptions.RetainUids => RetainUids,
        _ => ConfidentialityAction.None,
    };
}

/// <summary>PS3.15 Table E.1-1, Application Level Confidentiality Profile Attributes (edition 2024e).</summary>
public static partial class ConfidentialityProfile
{
    private static uint[]? _fixedTags;

    public static IReadOnlyList<ConfidentialityRow> Rows => Table;

    private static uint[] FixedTags => _fixedTags ??= [.. Table.Take(FixedCount).Select(row => row.TagValue)];

    /// <summary>The row of a tag, also of groups 50xx and 60xx; any odd group has the row of private attributes; null if none.</summary>
    public static ConfidentialityRow? Find(DicomTag tag) => IndexOf(tag) is >= 0 and var index ? Table[index] : null;

    /// <summary>The number of a tag's row; -1 if none.</summary>
    internal static int IndexOf(DicomTag tag)
    {
        var value = tag.Value;
        var index = FixedTags.AsSpan().BinarySearch(value);
        if (index >= 0)
        {
            return index;
        }

        for (var i = FixedCount; i < Table.Length; i++)
        {
            if ((value & Table[i].Mask) == Table[i].TagValue)
            {
                return i;
            }
        }

        return -1;
    }
}
