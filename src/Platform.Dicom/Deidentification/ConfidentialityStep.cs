namespace Platform.Dicom.Deidentification;

/// <summary>What the Basic Profile does to one element.</summary>
internal enum ConfidentialityStep
{
    Keep,
    Remove,
    Empty,
    Replace,
    ReplaceUid,
}

/// <summary>From an element to the Basic Profile's step: the row of Table E.1-1, or a rule for what has no row.</summary>
internal static class ConfidentialitySteps
{
    /// <summary>The step of an element at the root or in a sequence that is kept.</summary>
    public static ConfidentialityStep Of(DicomElement element)
    {
        var tag = element.Tag;
        if (tag.IsPrivate || tag.IsGroupLength)
        {
            return ConfidentialityStep.Remove;
        }

        // The set of characters must survive as long as any text does.
        if (tag == DicomTags.SpecificCharacterSet)
        {
            return ConfidentialityStep.Keep;
        }

        return ConfidentialityProfile.Find(tag) is { } row ? Of(row.BasicProfile, element) : WithoutRow(element);
    }

    /// <summary>
    /// The step of an element inside a sequence that the profile replaces by a dummy (D): codes, kinds and numbers give the item
    /// its form and stay; every text, name, date and UID goes.
    /// </summary>
    public static ConfidentialityStep InDummy(DicomElement element)
    {
        var step = Of(element);
        return step != ConfidentialityStep.Keep || !element.Vr.IsText || element.Vr is DicomVr.CS or DicomVr.DS or DicomVr.IS
            ? step
            : element.Vr == DicomVr.UI ? ConfidentialityStep.ReplaceUid : ConfidentialityStep.Replace;
    }

    private static ConfidentialityStep Of(ConfidentialityAction action, DicomElement element) => action switch
    {
        ConfidentialityAction.Remove => ConfidentialityStep.Remove,
        ConfidentialityAction.Empty or ConfidentialityAction.RemoveOrEmpty => ConfidentialityStep.Empty,
        ConfidentialityAction.ReplaceUid => ConfidentialityStep.ReplaceUid,

        // U*: the items stay and the UIDs inside have rows of their own.
        ConfidentialityAction.RemoveOrEmptyOrReplaceUids => element.Items is null ? ConfidentialityStep.Remove : ConfidentialityStep.Keep,

        ConfidentialityAction.Replace or ConfidentialityAction.EmptyOrReplace or ConfidentialityAction.RemoveOrReplace
            or ConfidentialityAction.RemoveOrEmptyOrReplace =>
            element.IsEmpty
                ? ConfidentialityStep.Empty
                : ConfidentialityStep.Replace,

        // Icon Image Sequence: no action of its own in the table; a small copy of uncleaned pixels.
        _ => ConfidentialityStep.Remove,
    };

    private static ConfidentialityStep WithoutRow(DicomElement element)
    {
        var known = DicomDictionary.FindVr(element.Tag);
        if (known == DicomVr.None)
        {
            return ConfidentialityStep.Remove; // not in the dictionary: nobody knows what it says
        }

        // A sequence that could not be opened (UN of defined length), and text where the standard has numbers, hide anything.
        var isHiding = known == DicomVr.SQ ? element.Items is null && !element.Value.IsEmpty
            : element.Items is not null || (element.Vr.IsText && !known.IsText) || (element.Vr == DicomVr.UN && known.IsText);
        if (isHiding)
        {
            return ConfidentialityStep.Remove;
        }

        // Newer attributes with names of people, and the text of a content item outside a content tree, have no row of their own.
        return (known == DicomVr.PN || element.Tag == DicomTags.TextValue) && !element.IsEmpty
            ? ConfidentialityStep.Replace
            : ConfidentialityStep.Keep;
    }
}
