namespace Platform.Dicom.Objects;

/// <summary>Copies the patient and study modules of a source into a derived object, so that both lie in one study.</summary>
internal static class ModuleCopy
{
    /// <summary>Patient, patient study, general study and clinical trial modules (PS3.3 §C.7.1, §C.7.2), and the marks of de-identification.</summary>
    private static readonly DicomTag[] PatientAndStudy =
    [
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ReferringPhysicianName,
        DicomTags.StudyDescription, DicomTags.ProcedureCodeSequence,
        DicomTags.PatientName, DicomTags.PatientID, DicomTags.IssuerOfPatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
        DicomTags.PatientAge, DicomTags.PatientSize, DicomTags.PatientWeight, DicomTags.PatientSpeciesDescription,
        DicomTags.PatientIdentityRemoved, DicomTags.DeidentificationMethod, DicomTags.DeidentificationMethodCodeSequence,
        DicomTags.LongitudinalTemporalInformationModified,
        DicomTags.ClinicalTrialSponsorName, DicomTags.ClinicalTrialProtocolID, DicomTags.ClinicalTrialProtocolName,
        DicomTags.ClinicalTrialSiteID, DicomTags.ClinicalTrialSiteName, DicomTags.ClinicalTrialSubjectID,
        DicomTags.ClinicalTrialSubjectReadingID,
        DicomTags.StudyInstanceUID, DicomTags.StudyID,
    ];

    /// <summary>Type 2 attributes of those modules: present, if empty.</summary>
    private static readonly DicomTag[] PresentIfEmpty =
    [
        DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ReferringPhysicianName, DicomTags.StudyID,
        DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
    ];

    public static void PatientAndStudyModules(DicomDataset source, DicomDataset target)
    {
        foreach (var tag in PatientAndStudy)
        {
            if (source[tag] is { } element)
            {
                Copy(element, source, target);
            }
        }

        foreach (var tag in PresentIfEmpty)
        {
            if (!target.Contains(tag))
            {
                target.SetEmpty(tag);
            }
        }
    }

    /// <summary>Copies every element; those of the target stay where the source has none.</summary>
    public static void All(DicomDataset source, DicomDataset target)
    {
        foreach (var element in source)
        {
            if (element.Tag != DicomTags.SpecificCharacterSet)
            {
                Copy(element, source, target);
            }
        }
    }

    // Texts are decoded by the source's character set and encoded by the target's. Sequences are copied: an item has one parent.
    private static void Copy(DicomElement element, DicomDataset source, DicomDataset target)
    {
        if (element.Items is { } items)
        {
            target.SetSequence(element.Tag, items.Select(Clone));
        }
        else if (element.Vr.IsCharsetText)
        {
            target.Set(element.Tag, element.Vr, source.GetStrings(element.Tag));
        }
        else if (element.Fragments is null)
        {
            target.Set(element.Tag, element.Vr, element.Value);
        }
    }

    private static DicomDataset Clone(DicomDataset item)
    {
        // The copy has no parent yet; it says its character set itself where it needs one.
        var clone = new DicomDataset();
        if (item.Any(e => e.Vr.IsCharsetText))
        {
            clone.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        }

        All(item, clone);
        return clone;
    }
}
