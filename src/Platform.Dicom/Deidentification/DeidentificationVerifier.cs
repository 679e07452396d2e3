namespace Platform.Dicom.Deidentification;

/// <summary>Which rule an element breaks.</summary>
public enum IdentityRule
{
    /// <summary>(0012,0062) Patient Identity Removed is not YES: nobody claims that the object was de-identified.</summary>
    NotMarked,

    /// <summary>A private element; the Basic Profile removes them all.</summary>
    PrivateElement,

    /// <summary>An element that Table E.1-1 removes (X), with a value.</summary>
    MustBeAbsent,

    /// <summary>An element that Table E.1-1 empties or replaces (Z, D), with a value that is no dummy.</summary>
    MustBeEmptyOrDummy,

    /// <summary>An element that the dictionary (PS3.6) does not know.</summary>
    UnknownElement,

    /// <summary>Burned In Annotation (0028,0301) is YES.</summary>
    BurnedInAnnotation,
}

/// <summary>One thing that still identifies: where, and by which rule. Never the value.</summary>
/// <param name="Path">Tags from the root, items by number: <c>(0040,0275)[0].(0040,0007)</c>.</param>
public sealed record IdentityLeak(string Path, IdentityRule Rule);

/// <summary>
/// Lists what still identifies in a data set that says it was de-identified (PS3.15 Annex E, Basic Profile). Shares the table with
/// <see cref="Deidentifier"/>, but none of its decisions: it looks at what is there, not at what was done.
/// </summary>
public static class DeidentificationVerifier
{
    /// <summary>At most this many leaks are listed; one is enough to refuse.</summary>
    public const int MaxLeaks = 1000;

    public static IReadOnlyList<IdentityLeak> Check(DicomDataset dataset)
    {
        var leaks = new List<IdentityLeak>();
        if (dataset.GetString(DicomTags.PatientIdentityRemoved) != "YES")
        {
            leaks.Add(new IdentityLeak(DicomTags.PatientIdentityRemoved.ToString(), IdentityRule.NotMarked));
        }

        var pseudonym = dataset.GetString(DicomTags.PatientID);
        var pending = new Stack<(string Path, DicomDataset Dataset)>();
        pending.Push(("", dataset));
        while (pending.TryPop(out var next) && leaks.Count < MaxLeaks)
        {
            foreach (var element in next.Dataset)
            {
                var path = next.Path + element.Tag;
                if (RuleBroken(next.Dataset, element, pseudonym) is { } rule)
                {
                    leaks.Add(new IdentityLeak(path, rule));
                }

                var index = 0;
                foreach (var item in element.Items ?? [])
                {
                    pending.Push(($"{path}[{index++}].", item));
                }
            }
        }

        return leaks;
    }

    private static IdentityRule? RuleBroken(DicomDataset dataset, DicomElement element, string? pseudonym)
    {
        var tag = element.Tag;
        if (tag.IsPrivate)
        {
            return IdentityRule.PrivateElement;
        }

        if (element.IsEmpty || tag.IsGroupLength)
        {
            return null;
        }

        if (tag == DicomTags.BurnedInAnnotation)
        {
            return dataset.GetString(tag) == "YES" ? IdentityRule.BurnedInAnnotation : null;
        }

        // The sender's pseudonym is all that may stand where the patient was.
        if (tag == DicomTags.PatientID || tag == DicomTags.DeidentificationMethod || tag == DicomTags.PatientIdentityRemoved)
        {
            return null;
        }

        if (ConfidentialityProfile.Find(tag) is not { } row)
        {
            return DicomDictionary.FindVr(tag) == DicomVr.None ? IdentityRule.UnknownElement : null;
        }

        return row.BasicProfile switch
        {
            // A new UID looks like any other; sequences are judged by what is in them.
            ConfidentialityAction.ReplaceUid or ConfidentialityAction.RemoveOrEmptyOrReplaceUids => null,
            ConfidentialityAction.Remove or ConfidentialityAction.None => IdentityRule.MustBeAbsent,
            _ when element.Items is not null => null,
            _ => dataset.GetStrings(tag).All(v => ConfidentialityDummies.IsDummy(v) || v == pseudonym) || IsZeroBytes(element)
                ? null
                : IdentityRule.MustBeEmptyOrDummy,
        };
    }

    private static bool IsZeroBytes(DicomElement element) =>
        !element.Vr.IsText && !element.Value.Span.ContainsAnyExcept((byte)0);
}
