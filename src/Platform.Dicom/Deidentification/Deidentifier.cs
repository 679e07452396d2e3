namespace Platform.Dicom.Deidentification;

/// <summary>Why an object is not stored under the Basic Profile.</summary>
public enum DeidentificationRefusal
{
    /// <summary>Burned In Annotation (0028,0301) is YES: the pixels show text that may identify the patient.</summary>
    BurnedInAnnotation,

    /// <summary>A content tree (0040,A730): free text that the Basic Profile would replace with dummies, leaving an empty report.</summary>
    StructuredContent,

    /// <summary>An embedded document (0042,0011), such as a PDF: its bytes may identify the patient.</summary>
    EncapsulatedDocument,
}

/// <summary>How many attributes were changed, in all nested items; counts only, so that it can be logged.</summary>
public readonly record struct DeidentificationCounts(int Removed, int Emptied, int Replaced, int Uids);

/// <summary>
/// The Basic Application Level Confidentiality Profile of PS3.15 Annex E, driven by Table E.1-1 (2024e). Edits a data set in place.
/// <list type="number">
/// <item>Refuse what the profile cannot clean (<see cref="Refuse"/>).</item>
/// <item>Walk every item of every sequence, without recursion: remove private, unknown and group-length elements; act by the
/// table's row. Where a row offers a choice: a UID before a dummy, a dummy before an empty value, an empty value before removal.</item>
/// <item>Put the pseudonym where PatientID and PatientName were.</item>
/// <item>Mark the object: (0012,0062), (0012,0063), (0012,0064), (0028,0303).</item>
/// </list>
/// It covers the header. Pixels are not searched for text; the option codes of Annex E for cleaned pixels are therefore not claimed.
/// </summary>
public sealed class Deidentifier(DeidentificationKeys keys)
{
    /// <summary>What (0012,0063) De-identification Method says.</summary>
    public const string Method = "PS3.15 Basic Application Level Confidentiality Profile 2024e";

    /// <summary>The value that stands for a removed text, name or code.</summary>
    public const string Dummy = "ANONYMIZED";

    /// <summary>Why this data set must not be cleaned and stored; null when it may.</summary>
    public static DeidentificationRefusal? Refuse(DicomDataset dataset)
    {
        // Not the root alone: an image inside an item that stays has pixels too. What the profile removes is nobody's matter.
        var pending = new Stack<DicomDataset>([dataset]);
        while (pending.TryPop(out var next))
        {
            if (string.Equals(next.GetString(DicomTags.BurnedInAnnotation), "YES", StringComparison.OrdinalIgnoreCase))
            {
                return DeidentificationRefusal.BurnedInAnnotation;
            }

            if (next.Contains(DicomTags.EncapsulatedDocument))
            {
                return DeidentificationRefusal.EncapsulatedDocument;
            }

            foreach (var element in next.Where(e => e.Items is not null && ConfidentialitySteps.Of(e) is ConfidentialityStep.Keep or ConfidentialityStep.Replace))
            {
                foreach (var item in element.Items!)
                {
                    pending.Push(item);
                }
            }
        }

        return dataset.Contains(DicomTags.ContentSequence) ? DeidentificationRefusal.StructuredContent : null;
    }

    /// <summary>The pseudonym that <see cref="Apply"/> gives this patient; the study stands in where there is no PatientID.</summary>
    public string PseudonymOf(DicomDataset dataset)
    {
        var id = dataset.GetString(DicomTags.PatientID);
        return string.IsNullOrWhiteSpace(id)
            ? keys.Pseudonym("study:" + dataset.GetString(DicomTags.StudyInstanceUID), issuer: null)
            : keys.Pseudonym(id, dataset.GetString(DicomTags.IssuerOfPatientID));
    }

    /// <summary>Cleans a data set in place: the elements before Pixel Data, or a whole one. What follows Pixel Data must be dropped.</summary>
    public DeidentificationCounts Apply(DicomDataset dataset)
    {
        var pseudonym = PseudonymOf(dataset);
        var counts = Clean(dataset);

        // The profile allows Z to be a dummy: a pseudonym keeps one patient's studies together and tells the sites' lists apart.
        dataset.Set(DicomTags.PatientID, pseudonym);
        dataset.Set(DicomTags.PatientName, pseudonym);

        dataset.Set(DicomTags.PatientIdentityRemoved, "YES");
        dataset.Set(DicomTags.DeidentificationMethod, Method);
        var code = new DicomDataset();
        code.Set(DicomTags.CodeValue, "113100");
        code.Set(DicomTags.CodingSchemeDesignator, "DCM");
        code.Set(DicomTags.CodeMeaning, "Basic Application Confidentiality Profile");
        dataset.SetSequence(DicomTags.DeidentificationMethodCodeSequence, code);
        dataset.Set(DicomTags.LongitudinalTemporalInformationModified, "REMOVED");
        return counts;
    }

    /// <summary>Cleans the File Meta Information (PS3.10 §7.1) in place: maps the instance UID and removes who sent it.</summary>
    public void ApplyToMeta(DicomDataset meta)
    {
        foreach (var element in meta.ToArray())
        {
            var tag = element.Tag;
            if (tag == DicomTags.MediaStorageSOPInstanceUID)
            {
                meta.Set(tag, keys.MapUid(meta.GetString(tag) ?? ""));
            }
            else if (tag != DicomTags.MediaStorageSOPClassUID && tag != DicomTags.TransferSyntaxUID
                && tag != DicomTags.FileMetaInformationVersion)
            {
                meta.Remove(tag);
            }
        }
    }

    private DeidentificationCounts Clean(DicomDataset root)
    {
        var (removed, emptied, replaced, uids) = (0, 0, 0, 0);
        var pending = new Stack<(DicomDataset Dataset, bool IsDummy)>();
        pending.Push((root, false));

        while (pending.TryPop(out var next))
        {
            var (dataset, isDummy) = next;
            foreach (var element in dataset.ToArray())
            {
                var step = isDummy ? ConfidentialitySteps.InDummy(element) : ConfidentialitySteps.Of(element);
                if (element.Items is { } items && step is ConfidentialityStep.Keep or ConfidentialityStep.Replace)
                {
                    foreach (var item in items)
                    {
                        pending.Push((item, isDummy || step == ConfidentialityStep.Replace));
                    }

                    continue;
                }

                switch (step)
                {
                    case ConfidentialityStep.Remove:
                        dataset.Remove(element.Tag);
                        removed++;
                        break;

                    case ConfidentialityStep.Empty:
                        dataset.SetEmpty(element.Tag);
                        emptied++;
                        break;

                    case ConfidentialityStep.ReplaceUid:
                        dataset.Set(element.Tag, DicomVr.UI, [.. dataset.GetStrings(element.Tag).Select(keys.MapUid)]);
                        uids++;
                        break;

                    case ConfidentialityStep.Replace:
                        ConfidentialityDummies.Set(dataset, element.Tag);
                        replaced++;
                        break;
                }
            }
        }

        return new DeidentificationCounts(removed, emptied, replaced, uids);
    }
}
