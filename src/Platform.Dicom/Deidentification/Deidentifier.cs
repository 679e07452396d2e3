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
/// The Basic Application Level Confidentiality Profile of PS3.15 Annex E and its options, driven by Table E.1-1 (2024e). Edits a data
/// set in place.
/// <list type="number">
/// <item>Refuse what the profile cannot clean (<see cref="Refuse(DicomDataset)"/>).</item>
/// <item>Walk every item of every sequence, without recursion: remove private elements that are not known to be safe, unknown and
/// group-length elements and overlays; act by the table's row under the options. Where a row offers a choice: a UID before a dummy,
/// a dummy before an empty value, an empty value before removal. Where options differ: what cleans before what keeps.</item>
/// <item>Put the pseudonym where PatientID and PatientName were.</item>
/// <item>Mark the object: (0012,0062), (0012,0063), (0012,0064), (0028,0303).</item>
/// </list>
/// It covers the header. Pixels are not searched for text; the option codes of Annex E for cleaned pixels are therefore not claimed.
/// </summary>
public sealed class Deidentifier
{
    /// <summary>What (0012,0063) De-identification Method says first; one value for each option follows.</summary>
    public const string Method = "PS3.15 Basic Application Level Confidentiality Profile 2024e";

    /// <summary>The value that stands for a removed text, name or code.</summary>
    public const string Dummy = "ANONYMIZED";

    private readonly DeidentificationKeys _keys;
    private readonly DeidentificationOptions _options;
    private readonly ConfidentialitySteps _steps;
    private readonly IReadOnlyList<SafePrivateElement> _safePrivate;

    /// <summary>The Basic Profile with options.</summary>
    /// <param name="safePrivate">What Retain Safe Private keeps; <see cref="SafePrivateElement.Known"/> if null.</param>
    /// <exception cref="DicomException">ContradictoryOptions.</exception>
    public Deidentifier(
        DeidentificationKeys keys,
        DeidentificationOptions options = DeidentificationOptions.None,
        IReadOnlyList<SafePrivateElement>? safePrivate = null)
    {
        _keys = keys;
        _options = options;
        _steps = ConfidentialitySteps.Under(options);
        _safePrivate = options.Has(DeidentificationOptions.RetainSafePrivate) ? safePrivate ?? SafePrivateElement.Known : [];
    }

    /// <summary>Why this data set must not be cleaned by the Basic Profile and stored; null when it may.</summary>
    public static DeidentificationRefusal? Refuse(DicomDataset dataset) => Refuse(dataset, DeidentificationOptions.None);

    /// <summary>Why this data set must not be cleaned and stored; null when it may.</summary>
    public static DeidentificationRefusal? Refuse(DicomDataset dataset, DeidentificationOptions options)
    {
        var steps = ConfidentialitySteps.Under(options);

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

            foreach (var element in next.Where(
                e => e.Items is not null && steps.Of(e) is ConfidentialityStep.Keep or ConfidentialityStep.CleanItems or ConfidentialityStep.Replace))
            {
                foreach (var item in element.Items!)
                {
                    pending.Push(item);
                }
            }
        }

        return dataset.Contains(DicomTags.ContentSequence) && !options.Has(DeidentificationOptions.CleanStructuredContent)
            ? DeidentificationRefusal.StructuredContent
            : null;
    }

    /// <summary>The pseudonym that <see cref="Apply"/> gives this patient; the study stands in where there is no PatientID.</summary>
    public string PseudonymOf(DicomDataset dataset)
    {
        var id = dataset.GetString(DicomTags.PatientID);
        return string.IsNullOrWhiteSpace(id)
            ? _keys.Pseudonym("study:" + dataset.GetString(DicomTags.StudyInstanceUID), issuer: null)
            : _keys.Pseudonym(id, dataset.GetString(DicomTags.IssuerOfPatientID));
    }

    /// <summary>Cleans a data set in place: the elements before Pixel Data, or a whole one. What follows Pixel Data must be dropped.</summary>
    public DeidentificationCounts Apply(DicomDataset dataset)
    {
        var pseudonym = PseudonymOf(dataset);
        var counts = Clean(dataset, pseudonym);

        // The profile allows Z to be a dummy: a pseudonym keeps one patient's studies together and tells the sites' lists apart.
        dataset.Set(DicomTags.PatientID, pseudonym);
        dataset.Set(DicomTags.PatientName, pseudonym);

        var codes = _options.MethodCodes().ToArray();
        dataset.Set(DicomTags.PatientIdentityRemoved, "YES");
        dataset.Set(
            DicomTags.DeidentificationMethod,
            [Method, .. codes.Skip(1).Select(c => c.GetString(DicomTags.CodeMeaning)!)]);
        dataset.SetSequence(DicomTags.DeidentificationMethodCodeSequence, codes);
        dataset.Set(DicomTags.LongitudinalTemporalInformationModified, _options.TemporalInformation());
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
                if (!_options.Has(DeidentificationOptions.RetainUids))
                {
                    meta.Set(tag, _keys.MapUid(meta.GetString(tag) ?? ""));
                }
            }
            else if (tag != DicomTags.MediaStorageSOPClassUID && tag != DicomTags.TransferSyntaxUID
                && tag != DicomTags.FileMetaInformationVersion)
            {
                meta.Remove(tag);
            }
        }
    }

    private DeidentificationCounts Clean(DicomDataset root, string pseudonym)
    {
        const DeidentificationOptions Cleaning = DeidentificationOptions.CleanDescriptors | DeidentificationOptions.CleanGraphics
            | DeidentificationOptions.CleanStructuredContent | DeidentificationOptions.RetainPatientCharacteristics;
        var (removed, emptied, replaced, uids) = (0, 0, 0, 0);
        var words = _options.Has(Cleaning) ? DescriptorWords.Of(root) : null;
        var pending = new Stack<(DicomDataset Dataset, ItemKind Kind)>();
        pending.Push((root, ItemKind.Plain));

        // What goes is taken out of a data set at once: one by one, each of a million would move all that follow.
        var gone = new List<DicomTag>();

        while (pending.TryPop(out var next))
        {
            var (dataset, kind) = next;
            foreach (var element in dataset.ToArray())
            {
                var step = element.Tag.IsPrivate && IsSafePrivate(dataset, element)
                    ? ConfidentialityStep.Keep
                    : _steps.Of(element, kind, dataset);
                if (element.Items is { } items
                    && step is ConfidentialityStep.Keep or ConfidentialityStep.Replace or ConfidentialityStep.CleanItems)
                {
                    var inner = kind == ItemKind.Dummy || step == ConfidentialityStep.Replace ? ItemKind.Dummy
                        : kind == ItemKind.Cleaned || step == ConfidentialityStep.CleanItems ? ItemKind.Cleaned
                        : ItemKind.Plain;
                    foreach (var item in items)
                    {
                        pending.Push((item, inner));
                    }

                    continue;
                }

                if (step > ConfidentialityStep.ReplaceUid)
                {
                    if (Changed(dataset, element, step, words, pseudonym) is { } values)
                    {
                        dataset.Set(element.Tag, element.Vr, values);
                        replaced++;
                        continue;
                    }

                    step = kind == ItemKind.Dummy ? ConfidentialityStep.Replace : ConfidentialitySteps.Basic(element);
                }

                switch (step)
                {
                    case ConfidentialityStep.Remove when element.Tag == DicomTags.SpecificCharacterSet:
                        dataset.Remove(element.Tag); // the texts behind it are not in it any more
                        removed++;
                        break;

                    case ConfidentialityStep.Remove:
                        gone.Add(element.Tag);
                        removed++;
                        break;

                    case ConfidentialityStep.Empty:
                        dataset.SetEmpty(element.Tag);
                        emptied++;
                        break;

                    case ConfidentialityStep.ReplaceUid:
                        dataset.Set(element.Tag, DicomVr.UI, [.. dataset.GetStrings(element.Tag).Select(_keys.MapUid)]);
                        uids++;
                        break;

                    case ConfidentialityStep.Replace:
                        ConfidentialityDummies.Set(dataset, element.Tag);
                        replaced++;
                        break;
                }
            }

            var at = 0;
            dataset.RemoveWhere(e => at < gone.Count && e.Tag == gone[at] && ++at > 0);
            gone.Clear();
        }

        return new DeidentificationCounts(removed, emptied, replaced, uids);
    }

    /// <summary>The values that an option puts in place of an element's; null where it can't.</summary>
    private string[]? Changed(
        DicomDataset dataset, DicomElement element, ConfidentialityStep step, DescriptorWords? words, string pseudonym)
    {
        var values = dataset.GetStrings(element.Tag);
        var days = step == ConfidentialityStep.MoveDate ? _keys.DateShiftDays(pseudonym) : 0;
        var changed = new string[values.Count];
        var isEmpty = true;
        for (var i = 0; i < changed.Length; i++)
        {
            var value = step switch
            {
                ConfidentialityStep.MoveDate => DateShift.Move(element.Vr, values[i], days),
                ConfidentialityStep.ReplaceDevice => values[i].Length == 0 ? "" : _keys.DevicePseudonym(values[i]),
                ConfidentialityStep.CleanText => words?.Clean(values[i]),
                _ => null,
            };
            if (value is null)
            {
                return null;
            }

            changed[i] = value;
            isEmpty &= value.Length == 0;
        }

        return isEmpty ? null : changed;
    }

    /// <summary>A private element that is known to be safe, or the creator of the block of one.</summary>
    private bool IsSafePrivate(DicomDataset dataset, DicomElement element)
    {
        if (_safePrivate.Count == 0)
        {
            return false;
        }

        if (element.Tag.IsPrivateCreator)
        {
            var name = dataset.GetString(element.Tag);
            return _safePrivate.Any(s => s.Group == element.Tag.Group && s.Creator == name);
        }

        var creator = dataset.GetStrings(new DicomTag(element.Tag.Group, (ushort)(element.Tag.Element >> 8)));
        return creator is [var only] && _safePrivate.Any(s => s.Matches(element, only));
    }
}
