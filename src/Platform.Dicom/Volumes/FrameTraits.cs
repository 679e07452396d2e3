using System.Globalization;
using Platform.Dicom.Pixels;

namespace Platform.Dicom.Volumes;

/// <summary>What sets images of one series apart that may lie at one position, in the order in which it divides them.</summary>
internal static class FrameTraits
{
    /// <summary>Name, the functional group macro and its attribute (PS3.3 §C.7.6.16.2, §C.8.13.5, §C.8.15.3), and the attribute of single-frame images.</summary>
    private static readonly (string Name, DicomTag Macro, DicomTag Tag, DicomTag? Single)[] All =
    [
        ("stack", DicomTags.FrameContentSequence, DicomTags.StackID, null),
        ("temporal position", DicomTags.FrameContentSequence, DicomTags.TemporalPositionIndex, DicomTags.TemporalPositionIdentifier),
        ("cardiac phase", DicomTags.CardiacSynchronizationSequence, DicomTags.NominalCardiacTriggerDelayTime, DicomTags.TriggerTime),
        ("respiratory phase", DicomTags.RespiratorySynchronizationSequence, DicomTags.NominalRespiratoryTriggerDelayTime, null),
        ("echo time", DicomTags.MREchoSequence, DicomTags.EffectiveEchoTime, DicomTags.EchoTime),
        ("image component", DicomTags.MRImageFrameTypeSequence, DicomTags.ComplexImageComponent, DicomTags.ComplexImageComponent),
        ("diffusion b-value", DicomTags.MRDiffusionSequence, DicomTags.DiffusionBValue, DicomTags.DiffusionBValue),
        ("diffusion direction", DicomTags.MRDiffusionSequence, DicomTags.DiffusionGradientDirectionSequence, DicomTags.DiffusionGradientOrientation),
        ("tube voltage", DicomTags.CTXRayDetailsSequence, DicomTags.KVP, DicomTags.KVP),
        ("image type", DicomTags.MRImageFrameTypeSequence, DicomTags.FrameType, DicomTags.ImageType),
        ("image type", DicomTags.CTImageFrameTypeSequence, DicomTags.FrameType, DicomTags.ImageType),
    ];

    /// <summary>How many there are.</summary>
    public static int Count => All.Length;

    public static string Name(int trait) => All[trait].Name;

    /// <summary>The planes by the value of a trait, in order of the values: numbers as numbers.</summary>
    public static List<List<ImagePlane>> Divide(IEnumerable<ImagePlane> planes, IReadOnlyList<DicomDataset> headers, int trait)
    {
        var read = new Dictionary<DicomElement, string>();
        var groups = planes.GroupBy(p => Value(headers[p.Instance], p.Frame, trait, read));
        return [.. groups.OrderBy(g => Number(g.Key)).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.ToList())];
    }

    /// <summary>A sentence that names what varies and how often, never its values; null where nothing does.</summary>
    public static string? Describe(IReadOnlyList<ImagePlane> planes, IReadOnlyList<DicomDataset> headers)
    {
        var read = new Dictionary<DicomElement, string>();
        var varying = Enumerable.Range(0, Count)
            .Select(trait => (Name: Name(trait), Values: planes.Select(p => Value(headers[p.Instance], p.Frame, trait, read)).Distinct().Count()))
            .Where(v => v.Values > 1).DistinctBy(v => v.Name).Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Name} ({v.Values})"))
            .ToList();
        return varying.Count > 0 ? $"The images differ in {string.Join(", ", varying)}." : null;
    }

    private static string Value(DicomDataset header, int frame, int trait, Dictionary<DicomElement, string> read)
    {
        var (_, macro, tag, single) = All[trait];
        if (!FunctionalGroups.ArePresent(header))
        {
            return single is { } of ? Joined(header, of, read) : "";
        }

        var group = FunctionalGroups.Find(header, frame, macro);
        if (tag == DicomTags.DiffusionGradientDirectionSequence)
        {
            return group?.GetSequence(tag) is [var direction, ..] ? Joined(direction, DicomTags.DiffusionGradientOrientation, read) : "";
        }

        return group is null ? "" : Joined(group, tag, read);
    }

    /// <summary>What all frames share is read once: it may be as long as the frames are many.</summary>
    private static string Joined(DicomDataset dataset, DicomTag tag, Dictionary<DicomElement, string> read)
    {
        if (dataset[tag] is not { } element)
        {
            return "";
        }

        if (!read.TryGetValue(element, out var text))
        {
            read.Add(element, text = string.Join('\\', dataset.GetStrings(tag)));
        }

        return text;
    }

    private static double Number(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.PositiveInfinity;
}
