using Platform.Contracts;
using Platform.Dicom;

namespace Platform.Inference.Packages;

/// <summary>How a series was acquired, as one of its headers says (PS3.3 §C.8.3.1, §C.8.13.4, §C.8.13.5, §C.7.6.4); each null or empty where it does not.</summary>
/// <param name="Words">Of Series Description, Protocol Name, Sequence Name, Pulse Sequence Name and Image Type: runs of letters and digits.</param>
/// <param name="ScanningSequences">Terms of Scanning Sequence (0018,0020); of an enhanced image from its pulse sequence.</param>
/// <param name="EchoTimeMs">Of an enhanced image the effective one of its first frame.</param>
/// <param name="HasContrast">Whether it says that a contrast agent was given.</param>
public sealed record SeriesTraits(
    IReadOnlyList<string> Words,
    IReadOnlyList<string> ScanningSequences,
    double? EchoTimeMs,
    double? RepetitionTimeMs,
    double? InversionTimeMs,
    bool HasContrast)
{
    private static readonly DicomTag[] Texts =
        [DicomTags.SeriesDescription, DicomTags.ProtocolName, DicomTags.SequenceName, DicomTags.PulseSequenceName, DicomTags.ImageType];

    private static readonly DicomTag[] Contrast = [DicomTags.ContrastBolusAgent, DicomTags.ContrastBolusRoute, DicomTags.ContrastBolusVolume, DicomTags.ContrastBolusIngredient];

    /// <summary>Reads them from the header of any image of the series. Does not throw.</summary>
    public static SeriesTraits Of(DicomDataset header) => new(
        [.. Texts.SelectMany(header.GetStrings).SelectMany(WordsOf).Distinct(StringComparer.OrdinalIgnoreCase)],
        [.. header.GetStrings(DicomTags.ScanningSequence).Concat(PulseSequence(header)).Where(s => s.Length > 0).Distinct()],
        header.GetDouble(DicomTags.EchoTime) ?? OfFrame(header, DicomTags.MREchoSequence, DicomTags.EffectiveEchoTime),
        header.GetDouble(DicomTags.RepetitionTime) ?? OfFrame(header, DicomTags.MRTimingAndRelatedParametersSequence, DicomTags.RepetitionTime),
        header.GetDouble(DicomTags.InversionTime) ?? OfFrame(header, DicomTags.MRModifierSequence, DicomTags.InversionTimes),
        Contrast.Any(tag => header.GetStrings(tag).Any(text => text.Length > 0)) || header.GetSequence(DicomTags.ContrastBolusAgentSequence).Count > 0);

    /// <summary>Whether every condition holds; null is none.</summary>
    public bool Meets(Acquisition? wanted) => wanted is null
        || ((wanted.Words?.Any(HasWord) ?? true)
            && wanted.WithoutWords?.Any(HasWord) != true
            && (wanted.ScanningSequences?.Any(ScanningSequences.Contains) ?? true)
            && IsWithin(EchoTimeMs, wanted.EchoTimeMs)
            && IsWithin(RepetitionTimeMs, wanted.RepetitionTimeMs)
            && IsWithin(InversionTimeMs, wanted.InversionTimeMs)
            && (wanted.Contrast ?? HasContrast) == HasContrast);

    private static bool IsWithin(double? value, IReadOnlyList<double>? range) => range is null || (value >= range[0] && value <= range[1]);

    /// <summary>The terms of Scanning Sequence that say of an enhanced image what its pulse sequence says (PS3.3 §C.8.13.4).</summary>
    private static IEnumerable<string> PulseSequence(DicomDataset header)
    {
        var echoes = header.GetString(DicomTags.EchoPulseSequence);
        if (echoes is "SPIN" or "BOTH")
        {
            yield return "SE";
        }

        if (echoes is "GRADIENT" or "BOTH")
        {
            yield return "GR";
        }

        if (header.GetString(DicomTags.InversionRecovery) == "YES")
        {
            yield return "IR";
        }

        if (header.GetString(DicomTags.EchoPlanarPulseSequence) == "YES")
        {
            yield return "EP";
        }
    }

    /// <summary>What all frames share, or else the first has.</summary>
    private static double? OfFrame(DicomDataset header, DicomTag macro, DicomTag tag) =>
        header.GetSequence(DicomTags.SharedFunctionalGroupsSequence).Take(1)
            .Concat(header.GetSequence(DicomTags.PerFrameFunctionalGroupsSequence).Take(1))
            .SelectMany(group => group.GetSequence(macro).Take(1))
            .Select(item => item.GetDouble(tag))
            .FirstOrDefault(value => value is not null);

    private static IEnumerable<string> WordsOf(string text)
    {
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || !char.IsLetterOrDigit(text[i]))
            {
                if (i > start)
                {
                    yield return text[start..i];
                }

                start = i + 1;
            }
        }
    }

    private bool HasWord(string wanted) => Words.Any(word => word.StartsWith(wanted, StringComparison.OrdinalIgnoreCase));
}
