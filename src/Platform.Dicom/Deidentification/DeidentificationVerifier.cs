using System.Buffers.Binary;

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

    /// <summary>A value of another kind than the dictionary's: bytes for a sequence, text for numbers; it can say anything.</summary>
    HiddenValue,

    /// <summary>A name of a person or the text of a content item, without a row in Table E.1-1 and no dummy.</summary>
    FreeText,

    /// <summary>Overlay Bit Position (60xx,0102) above 0: the overlay lies in the pixels.</summary>
    OverlayInPixels,

    /// <summary>An attribute that an option cleans (C), with words, a date or a name that cleaning would not leave.</summary>
    NotCleaned,

    /// <summary>The 128 bytes before the prefix are not NUL.</summary>
    Preamble,

    /// <summary>The File Meta Information names a sender or holds private information.</summary>
    MetaInformation,

    /// <summary>A comment or an application segment inside compressed pixels says something.</summary>
    CodestreamComment,
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

    /// <summary>Checks against the Basic Profile.</summary>
    public static IReadOnlyList<IdentityLeak> Check(DicomDataset dataset) => Check(dataset, DeidentificationOptions.None);

    /// <summary>Checks a whole file against the Basic Profile with options: also preamble, meta header and what compressed pixels say.</summary>
    public static IReadOnlyList<IdentityLeak> Check(DicomFile file, DeidentificationOptions options)
    {
        var leaks = new List<IdentityLeak>(Check(file.Dataset, options));
        if (file.Preamble.Span.ContainsAnyExcept((byte)0))
        {
            leaks.Add(new IdentityLeak("preamble", IdentityRule.Preamble));
        }

        foreach (var element in file.Meta)
        {
            // (0002,0016) to (0002,0018) are titles, (0002,0026) and up addresses, (0002,0100) and (0002,0102) private.
            if (element.Tag.Element is >= 0x0016 and not 0x0031 && !element.IsEmpty)
            {
                leaks.Add(new IdentityLeak(element.Tag.ToString(), IdentityRule.MetaInformation));
            }
        }

        var fragments = file.Dataset[DicomTags.PixelData]?.Fragments ?? [];
        for (var i = 1; i < fragments.Count && leaks.Count < MaxLeaks; i++)
        {
            if (SaysSomething(fragments[i].Span))
            {
                leaks.Add(new IdentityLeak($"{DicomTags.PixelData}[{i - 1}]", IdentityRule.CodestreamComment));
            }
        }

        return leaks;
    }

    /// <summary>Checks against the Basic Profile with options.</summary>
    /// <param name="safePrivate">As for <see cref="Deidentifier"/>.</param>
    /// <exception cref="DicomException">ContradictoryOptions.</exception>
    public static IReadOnlyList<IdentityLeak> Check(
        DicomDataset dataset, DeidentificationOptions options, IReadOnlyList<SafePrivateElement>? safePrivate = null)
    {
        options.Checked();
        var safe = options.Has(DeidentificationOptions.RetainSafePrivate) ? safePrivate ?? SafePrivateElement.Known : [];
        var leaks = new List<IdentityLeak>();
        if (dataset.GetString(DicomTags.PatientIdentityRemoved) != "YES")
        {
            leaks.Add(new IdentityLeak(DicomTags.PatientIdentityRemoved.ToString(), IdentityRule.NotMarked));
        }

        var pseudonym = dataset.GetString(DicomTags.PatientID);
        var pending = new Stack<(Place? Place, DicomDataset Dataset)>();
        pending.Push((null, dataset));
        while (pending.TryPop(out var next) && leaks.Count < MaxLeaks)
        {
            foreach (var element in next.Dataset)
            {
                if (RuleBroken(next.Dataset, element, pseudonym, options, safe) is { } rule)
                {
                    leaks.Add(new IdentityLeak(Path(next.Place, element.Tag), rule));
                }

                var index = 0;
                foreach (var item in element.Items ?? [])
                {
                    pending.Push((new Place(next.Place, element.Tag, index++), item));
                }
            }
        }

        return leaks;
    }

    private static string Path(Place? place, DicomTag tag)
    {
        var parts = new Stack<string>([tag.ToString()]);
        for (var at = place; at is not null; at = at.Parent)
        {
            parts.Push($"{at.Sequence}[{at.Item}].");
        }

        return string.Concat(parts);
    }

    private static IdentityRule? RuleBroken(
        DicomDataset dataset,
        DicomElement element,
        string? pseudonym,
        DeidentificationOptions options,
        IReadOnlyList<SafePrivateElement> safe)
    {
        var tag = element.Tag;
        if (tag.IsPrivate)
        {
            return IsSafe(dataset, element, safe) ? null : IdentityRule.PrivateElement;
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

        if (tag.Group is >= 0x6000 and <= 0x60FF && tag.Element == 0x0102 && dataset.GetInt32(tag) != 0)
        {
            return IdentityRule.OverlayInPixels;
        }

        if (ConfidentialityProfile.Find(tag) is not { } row)
        {
            return WithoutRow(dataset, element, pseudonym, options);
        }

        var isKept = false;
        foreach (var option in Enum.GetValues<DeidentificationOptions>().Where(o => options.Has(o)))
        {
            if (row[option] == ConfidentialityAction.Clean)
            {
                return element.Items is not null || IsDummy(dataset, element, pseudonym) || IsCleaned(dataset, element)
                    ? null
                    : IdentityRule.NotCleaned;
            }

            isKept |= row[option] == ConfidentialityAction.Keep;
        }

        return row.BasicProfile switch
        {
            _ when isKept => null,

            // A new UID looks like any other; sequences are judged by what is in them.
            ConfidentialityAction.ReplaceUid or ConfidentialityAction.RemoveOrEmptyOrReplaceUids => null,
            ConfidentialityAction.Remove or ConfidentialityAction.None => IdentityRule.MustBeAbsent,
            _ when element.Items is not null => null,
            not ConfidentialityAction.Empty when DicomDictionary.FindVr(tag) == DicomVr.UI => null,
            _ => IsDummy(dataset, element, pseudonym) ? null : IdentityRule.MustBeEmptyOrDummy,
        };
    }

    private static IdentityRule? WithoutRow(
        DicomDataset dataset, DicomElement element, string? pseudonym, DeidentificationOptions options)
    {
        var known = DicomDictionary.FindVr(element.Tag);
        if (known == DicomVr.None)
        {
            return IdentityRule.UnknownElement;
        }

        var isHidden = known == DicomVr.SQ
            ? element.Items is null
            : element.Items is not null || element.Vr.IsText != known.IsText;
        if (isHidden && element.Tag != DicomTags.SpecificCharacterSet
            && (element.Vr != DicomVr.UN || known.IsText || known == DicomVr.SQ))
        {
            return IdentityRule.HiddenValue;
        }

        var isText = known == DicomVr.PN || element.Tag == DicomTags.TextValue;
        var isClean = options.Has(DeidentificationOptions.CleanStructuredContent | DeidentificationOptions.CleanDescriptors)
            && IsCleaned(dataset, element);
        return isText && !isClean && !IsDummy(dataset, element, pseudonym) ? IdentityRule.FreeText : null;
    }

    private static bool IsDummy(DicomDataset dataset, DicomElement element, string? pseudonym) =>
        dataset.GetStrings(element.Tag).All(v => ConfidentialityDummies.IsDummy(v) || v == pseudonym) || IsZeroBytes(element);

    /// <summary>A date may have been moved; a text has known words alone; a title is a pseudonym of 16 letters.</summary>
    private static bool IsCleaned(DicomDataset dataset, DicomElement element) => element.Vr switch
    {
        DicomVr.DA or DicomVr.TM or DicomVr.DT => dataset.GetStrings(element.Tag).All(v => DateShift.Move(element.Vr, v, 0) is not null),
        _ when !element.Vr.IsText => false,
        _ => dataset.GetStrings(element.Tag).All(
            v => DescriptorWords.IsClean(v) || (v.Length == 16 && v.All(c => c is (>= 'A' and <= 'Z') or (>= '2' and <= '7')))),
    };

    private static bool IsSafe(DicomDataset dataset, DicomElement element, IReadOnlyList<SafePrivateElement> safe)
    {
        if (element.Tag.IsPrivateCreator)
        {
            return safe.Any(s => s.Group == element.Tag.Group && s.Creator == dataset.GetString(element.Tag));
        }

        var creator = dataset.GetString(new DicomTag(element.Tag.Group, (ushort)(element.Tag.Element >> 8)));
        return creator is not null && safe.Any(s => s.Matches(element, creator));
    }

    /// <summary>Walks the segments of a JPEG or JPEG 2000 header, up to the first scan or tile-part.</summary>
    private static bool SaysSomething(ReadOnlySpan<byte> codestream)
    {
        if (codestream is not [0xFF, 0xD8 or 0x4F, ..])
        {
            return codestream is [0, 0, 0, 0x0C, (byte)'j', (byte)'P', ..]; // a JP2 file may hold XML and UUID boxes
        }

        var isJpeg2000 = codestream[1] == 0x4F;
        for (var at = 2; at + 4 <= codestream.Length && codestream[at] == 0xFF;)
        {
            var marker = codestream[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(codestream[(at + 2)..]);
            if (marker is 0xDA or 0xD9 || (isJpeg2000 && marker == 0x90) || length < 2 || at + 2 + length > codestream.Length)
            {
                return false;
            }

            var content = codestream.Slice(at + 4, length - 2);
            var said = isJpeg2000
                ? marker == 0x64 && content.Length > 2 && content[2..].ContainsAnyExcept((byte)0)
                : marker is 0xFE or (>= 0xE1 and <= 0xEF) && !content.StartsWith("Adobe"u8) && !content.StartsWith("mrfx"u8)
                    && content.ContainsAnyExcept((byte)0);
            if (said)
            {
                return true;
            }

            at += 2 + length;
        }

        return false;
    }

    private static bool IsZeroBytes(DicomElement element) =>
        !element.Vr.IsText && !element.Value.Span.ContainsAnyExcept((byte)0);

    /// <summary>Where an item lies. Its path is written only for a leak: of a million items deep inside, the paths alone would be gigabytes.</summary>
    private sealed record Place(Place? Parent, DicomTag Sequence, int Item);
}
