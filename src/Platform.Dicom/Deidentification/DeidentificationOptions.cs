namespace Platform.Dicom.Deidentification;

/// <summary>The options of PS3.15 §E.3 that have a column in Table E.1-1; no flag is the Basic Profile alone.</summary>
[Flags]
public enum DeidentificationOptions
{
    None = 0,

    /// <summary>§E.3.5: descriptions keep the words that a vocabulary knows.</summary>
    CleanDescriptors = 1,

    /// <summary>§E.3.3: annotations are cleaned; overlays and curves, which nothing here can read, still go.</summary>
    CleanGraphics = 2,

    /// <summary>§E.3.4: content trees keep codes, numbers and known words.</summary>
    CleanStructuredContent = 4,

    /// <summary>§E.3.8.</summary>
    RetainDeviceIdentity = 8,

    /// <summary>§E.3.11.</summary>
    RetainInstitutionIdentity = 16,

    /// <summary>§E.3.6: dates and times stay. Contradicts <see cref="RetainLongitudinalModifiedDates"/>.</summary>
    RetainLongitudinalFullDates = 32,

    /// <summary>§E.3.6: all dates of a patient are moved into the past by the same whole number of days.</summary>
    RetainLongitudinalModifiedDates = 64,

    /// <summary>§E.3.7.</summary>
    RetainPatientCharacteristics = 128,

    /// <summary>§E.3.10: private elements that are known to be safe.</summary>
    RetainSafePrivate = 256,

    /// <summary>§E.3.9.</summary>
    RetainUids = 512,
}

/// <summary>How options combine, and what they are called in the object (PS3.16 CID 7050).</summary>
internal static class DeidentificationOptionRules
{
    private static readonly (DeidentificationOptions Option, string Code, string Meaning)[] Codes =
    [
        (DeidentificationOptions.None, "113100", "Basic Application Confidentiality Profile"),
        (DeidentificationOptions.CleanGraphics, "113103", "Clean Graphics Option"),
        (DeidentificationOptions.CleanStructuredContent, "113104", "Clean Structured Content Option"),
        (DeidentificationOptions.CleanDescriptors, "113105", "Clean Descriptors Option"),
        (DeidentificationOptions.RetainLongitudinalFullDates, "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
        (DeidentificationOptions.RetainLongitudinalModifiedDates, "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
        (DeidentificationOptions.RetainPatientCharacteristics, "113108", "Retain Patient Characteristics Option"),
        (DeidentificationOptions.RetainDeviceIdentity, "113109", "Retain Device Identity Option"),
        (DeidentificationOptions.RetainUids, "113110", "Retain UIDs Option"),
        (DeidentificationOptions.RetainSafePrivate, "113111", "Retain Safe Private Option"),
        (DeidentificationOptions.RetainInstitutionIdentity, "113112", "Retain Institution Identity Option"),
    ];

    /// <summary>The same options; DicomException ContradictoryOptions where dates should both stay and be moved.</summary>
    public static DeidentificationOptions Checked(this DeidentificationOptions options)
    {
        const DeidentificationOptions Dates =
            DeidentificationOptions.RetainLongitudinalFullDates | DeidentificationOptions.RetainLongitudinalModifiedDates;
        if ((options & Dates) == Dates)
        {
            throw new DicomException(DicomError.ContradictoryOptions, "Full dates and modified dates can't both be retained (PS3.15 E.3.6)");
        }

        return options;
    }

    /// <summary>Whether one option is among these.</summary>
    public static bool Has(this DeidentificationOptions options, DeidentificationOptions option) => (options & option) != 0;

    /// <summary>Items of (0012,0064): the profile, then each option.</summary>
    public static IEnumerable<DicomDataset> MethodCodes(this DeidentificationOptions options)
    {
        foreach (var (option, code, meaning) in Codes)
        {
            if (option == DeidentificationOptions.None || options.Has(option))
            {
                yield return Code(code, meaning);
            }
        }
    }

    /// <summary>A code of CID 7050.</summary>
    public static DicomDataset Code(string value, string meaning)
    {
        var code = new DicomDataset();
        code.Set(DicomTags.CodeValue, value);
        code.Set(DicomTags.CodingSchemeDesignator, "DCM");
        code.Set(DicomTags.CodeMeaning, meaning);
        return code;
    }

    /// <summary>(0028,0303) Longitudinal Temporal Information Modified.</summary>
    public static string TemporalInformation(this DeidentificationOptions options) =>
        options.Has(DeidentificationOptions.RetainLongitudinalFullDates) ? "UNMODIFIED"
        : options.Has(DeidentificationOptions.RetainLongitudinalModifiedDates) ? "MODIFIED"
        : "REMOVED";

    /// <summary>
    /// The action of a row: what cleans (C) goes before what keeps (K), so that moved dates are not given away by a date of the device
    /// that stayed; where no option says anything, the Basic Profile does.
    /// </summary>
    public static ConfidentialityAction ActionOf(this DeidentificationOptions options, ConfidentialityRow row)
    {
        var isKept = false;
        for (var bit = 1; bit <= (int)DeidentificationOptions.RetainUids; bit <<= 1)
        {
            var option = (DeidentificationOptions)bit;
            if (!options.Has(option))
            {
                continue;
            }

            var action = row[option];
            if (action == ConfidentialityAction.Clean)
            {
                return action;
            }

            isKept |= action == ConfidentialityAction.Keep;
        }

        return isKept ? ConfidentialityAction.Keep : row.BasicProfile;
    }
}
