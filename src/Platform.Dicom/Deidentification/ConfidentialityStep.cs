using System.Buffers;

namespace Platform.Dicom.Deidentification;

/// <summary>What the profile and its options do to one element.</summary>
internal enum ConfidentialityStep
{
    Keep,
    Remove,
    Empty,
    Replace,
    ReplaceUid,

    /// <summary>Keep the words that do not identify; where none is left, what the Basic Profile does.</summary>
    CleanText,

    /// <summary>Keep the sequence and clean the texts, codes and dates in its items.</summary>
    CleanItems,

    /// <summary>Move the date; where it is none, what the Basic Profile does.</summary>
    MoveDate,

    /// <summary>A keyed name in place of a device's.</summary>
    ReplaceDevice,
}

/// <summary>What kind of sequence an item lies in.</summary>
internal enum ItemKind
{
    /// <summary>The root, or an item of a sequence that stays as it is.</summary>
    Plain,

    /// <summary>In a sequence that is replaced by a dummy (D).</summary>
    Dummy,

    /// <summary>In a sequence that is cleaned (C).</summary>
    Cleaned,
}

/// <summary>From an element to the step: the row of Table E.1-1 under the options, or a rule for what has no row.</summary>
internal sealed class ConfidentialitySteps
{
    private static readonly ConfidentialitySteps?[] ByOptions = new ConfidentialitySteps?[(int)DeidentificationOptions.RetainUids * 2];

    /// <summary>Bytes of DA, TM, DT and AS (PS3.5 §6.2), with separators and padding.</summary>
    private static readonly SearchValues<byte> OfDates = SearchValues.Create("0123456789.:+- \\\0YMWD"u8);

    /// <summary>Coding schemes (PS3.16 §8) whose codes are public.</summary>
    private static readonly string[] PublicSchemes =
        ["DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM", "RADLEX", "UMLS", "FMA", "I10", "I9C", "I9", "ICD10", "NCIt", "BI"];

    private readonly ConfidentialityAction[] _actions;

    private ConfidentialitySteps(DeidentificationOptions options)
    {
        Options = options;
        _actions = [.. ConfidentialityProfile.Rows.Select(row => options.ActionOf(row))];
        Marks = new DeidentificationMarks(options);
    }

    public DeidentificationOptions Options { get; }

    /// <summary>What an object says that was cleaned so.</summary>
    public DeidentificationMarks Marks { get; }

    /// <summary>The steps under some options; made once.</summary>
    public static ConfidentialitySteps Under(DeidentificationOptions options) =>
        ByOptions[(int)options] ??= new ConfidentialitySteps(options.Checked());

    /// <summary>The step of an element in an item of some kind; private elements are asked about elsewhere.</summary>
    public ConfidentialityStep Of(DicomElement element, ItemKind kind, DicomDataset dataset) => kind switch
    {
        ItemKind.Dummy => InDummy(element),
        ItemKind.Cleaned => InCleaned(element, dataset),
        _ => Of(element),
    };

    /// <summary>The step of an element at the root or in a sequence that is kept.</summary>
    public ConfidentialityStep Of(DicomElement element)
    {
        var tag = element.Tag;

        // An overlay without its bits (60xx,3000) is an empty frame, and with them nobody knows what it shows.
        if (tag.IsPrivate || tag.IsGroupLength || tag.Group is >= 0x6000 and <= 0x60FF)
        {
            return ConfidentialityStep.Remove;
        }

        // The set of characters must survive as long as any text does.
        if (tag == DicomTags.SpecificCharacterSet)
        {
            return ConfidentialityStep.Keep;
        }

        return ConfidentialityProfile.IndexOf(tag) is >= 0 and var row ? Of(_actions[row], row, element) : WithoutRow(element);
    }

    /// <summary>The step of the Basic Profile, where an option could not do its own.</summary>
    public static ConfidentialityStep Basic(DicomElement element) =>
        ConfidentialityProfile.Find(element.Tag) is { } row ? Basic(row.BasicProfile, element) : ConfidentialityStep.Replace;

    /// <summary>
    /// The step of an element inside a sequence that the profile replaces by a dummy (D): codes, kinds and numbers give the item
    /// its form and stay; every text, name, date and UID goes.
    /// </summary>
    private ConfidentialityStep InDummy(DicomElement element)
    {
        var step = Of(element);
        return step is ConfidentialityStep.CleanText ? ConfidentialityStep.Replace
            : step != ConfidentialityStep.Keep || !element.Vr.IsText || element.Vr is DicomVr.CS or DicomVr.DS or DicomVr.IS
            ? step
            : element.Vr == DicomVr.UI ? Uid() : ConfidentialityStep.Replace;
    }

    /// <summary>The step of an element inside a sequence that is cleaned (C): also what has no row of its own is cleaned.</summary>
    private ConfidentialityStep InCleaned(DicomElement element, DicomDataset dataset)
    {
        var step = Of(element);
        if (step == ConfidentialityStep.Keep && element.Items is not null)
        {
            return ConfidentialityStep.CleanItems;
        }

        // The text of a content item has no row; outside a cleaned tree it is replaced.
        var isOwn = ConfidentialityProfile.IndexOf(element.Tag) >= 0;
        if (isOwn || !element.Vr.IsText || (step != ConfidentialityStep.Keep && element.Tag != DicomTags.TextValue))
        {
            return step;
        }

        return element.Vr switch
        {
            DicomVr.CS or DicomVr.DS or DicomVr.IS => step,
            DicomVr.UI => Uid(),
            DicomVr.DA or DicomVr.TM or DicomVr.DT => Options.Has(DeidentificationOptions.RetainLongitudinalFullDates)
                && IsDate(element)
                ? ConfidentialityStep.Keep
                : Options.Has(DeidentificationOptions.RetainLongitudinalModifiedDates)
                    ? ConfidentialityStep.MoveDate
                    : ConfidentialityStep.Replace,
            DicomVr.PN => ConfidentialityStep.Replace,
            DicomVr.SH or DicomVr.UC or DicomVr.UR when IsPublicCode(element, dataset) => ConfidentialityStep.Keep,
            _ => ConfidentialityStep.CleanText,
        };
    }

    private ConfidentialityStep Uid() =>
        Options.Has(DeidentificationOptions.RetainUids) ? ConfidentialityStep.Keep : ConfidentialityStep.ReplaceUid;

    private ConfidentialityStep Of(ConfidentialityAction action, int row, DicomElement element)
    {
        var known = DicomDictionary.FindVr(element.Tag);
        switch (action)
        {
            case ConfidentialityAction.Keep when IsHiding(element, known) || !IsDate(element):
                break;
            case ConfidentialityAction.Keep:
                return ConfidentialityStep.Keep;
            case ConfidentialityAction.Clean when element.Items is not null && known == DicomVr.SQ:
                return ConfidentialityStep.CleanItems;
            case ConfidentialityAction.Clean when !IsHiding(element, known) && element.Vr.IsText && !element.IsEmpty:
                var option = ConfidentialityProfile.Rows[row];
                if (Options.Has(DeidentificationOptions.RetainLongitudinalModifiedDates)
                    && option.RetainLongitudinalModifiedDates == ConfidentialityAction.Clean)
                {
                    if (element.Vr is DicomVr.DA or DicomVr.DT or DicomVr.TM)
                    {
                        return ConfidentialityStep.MoveDate;
                    }

                    break;
                }

                return Options.Has(DeidentificationOptions.RetainDeviceIdentity)
                    && option.RetainDeviceIdentity == ConfidentialityAction.Clean
                    ? ConfidentialityStep.ReplaceDevice
                    : ConfidentialityStep.CleanText;
        }

        return Basic(ConfidentialityProfile.Rows[row].BasicProfile, element);
    }

    private static ConfidentialityStep Basic(ConfidentialityAction action, DicomElement element) => action switch
    {
        ConfidentialityAction.Remove => ConfidentialityStep.Remove,

        // Type 3 in images (PS3.3 §C.7.2.1), where an empty sequence is an error.
        ConfidentialityAction.RemoveOrEmpty when element.Tag == DicomTags.ReferencedStudySequence => ConfidentialityStep.Remove,
        ConfidentialityAction.Empty or ConfidentialityAction.RemoveOrEmpty => ConfidentialityStep.Empty,
        ConfidentialityAction.ReplaceUid => ConfidentialityStep.ReplaceUid,

        // U*: the items stay and the UIDs inside have rows of their own.
        ConfidentialityAction.RemoveOrEmptyOrReplaceUids => element.Items is null ? ConfidentialityStep.Remove : ConfidentialityStep.Keep,

        ConfidentialityAction.Replace or ConfidentialityAction.EmptyOrReplace or ConfidentialityAction.RemoveOrReplace
            or ConfidentialityAction.RemoveOrEmptyOrReplace =>
            element.IsEmpty ? ConfidentialityStep.Empty
            : DicomDictionary.FindVr(element.Tag) == DicomVr.UI ? ConfidentialityStep.ReplaceUid // the dummy of a UID is a UID
            : ConfidentialityStep.Replace,

        // Icon Image Sequence: no action of its own in the table; a small copy of uncleaned pixels.
        _ => ConfidentialityStep.Remove,
    };

    private static ConfidentialityStep WithoutRow(DicomElement element)
    {
        var known = DicomDictionary.FindVr(element.Tag);
        if (known == DicomVr.None || IsHiding(element, known))
        {
            return ConfidentialityStep.Remove; // not in the dictionary: nobody knows what it says
        }

        // Newer attributes with names of people, and the text of a content item outside a content tree, have no row of their own.
        return (known == DicomVr.PN || element.Tag == DicomTags.TextValue) && !element.IsEmpty
            ? ConfidentialityStep.Replace
            : ConfidentialityStep.Keep;
    }

    /// <summary>A sequence that could not be opened (UN of defined length), and text where the standard has numbers or bytes where it has text, hide anything.</summary>
    private static bool IsHiding(DicomElement element, DicomVr known) =>
        known == DicomVr.SQ
            ? element.Items is null && !element.Value.IsEmpty
            : element.Items is not null || (element.Vr == DicomVr.UN ? known.IsText : element.Vr.IsText != known.IsText);

    /// <summary>False for a date or time that is none: it can hold anything.</summary>
    private static bool IsDate(DicomElement element) =>
        element.Vr is not (DicomVr.DA or DicomVr.TM or DicomVr.DT or DicomVr.AS)
        || !element.Value.Span.ContainsAnyExcept(OfDates);

    private static bool IsPublicCode(DicomElement element, DicomDataset dataset)
    {
        if (element.Tag == DicomTags.CodingSchemeDesignator)
        {
            return PublicSchemes.Contains(dataset.GetString(element.Tag));
        }

        return (element.Tag == DicomTags.CodeValue || element.Tag == DicomTags.LongCodeValue || element.Tag == DicomTags.URNCodeValue)
            && dataset[DicomTags.CodingSchemeDesignator] is { Vr: DicomVr.SH } // else it goes, and says nothing of the code
            && PublicSchemes.Contains(dataset.GetString(DicomTags.CodingSchemeDesignator));
    }
}
