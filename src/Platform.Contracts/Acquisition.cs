namespace Platform.Contracts;

/// <summary>
/// How a series must have been acquired: what tells a T1 from a T2. Every condition that stands must hold, and a series that does not say what
/// one of them asks for does not meet it.
/// </summary>
/// <param name="Words">One of them must begin a word of the series' description, protocol, sequence name or image type, in either case.</param>
/// <param name="WithoutWords">None of them may.</param>
/// <param name="ScanningSequences">Scanning Sequence (0018,0020), one of which will do: <c>SE</c>, <c>IR</c>, <c>GR</c>, <c>EP</c>, <c>RM</c>.</param>
/// <param name="EchoTimeMs">Least and greatest.</param>
/// <param name="RepetitionTimeMs">Least and greatest.</param>
/// <param name="InversionTimeMs">Least and greatest.</param>
/// <param name="Contrast">Whether a contrast agent was given; a series that names none had none.</param>
public sealed record Acquisition(
    IReadOnlyList<string>? Words,
    IReadOnlyList<string>? WithoutWords,
    IReadOnlyList<string>? ScanningSequences,
    IReadOnlyList<double>? EchoTimeMs,
    IReadOnlyList<double>? RepetitionTimeMs,
    IReadOnlyList<double>? InversionTimeMs,
    bool? Contrast)
{
    private const int MostWords = 64;
    private const double LongestMs = 1e6;

    /// <summary>Whether each condition can be followed.</summary>
    public bool IsComplete() => AreTexts(Words) && AreTexts(WithoutWords) && AreTexts(ScanningSequences)
        && IsRange(EchoTimeMs) && IsRange(RepetitionTimeMs) && IsRange(InversionTimeMs);

    private static bool AreTexts(IReadOnlyList<string>? texts) =>
        texts is null || (texts.Count is >= 1 and <= MostWords && texts.All(t => t is { Length: >= 1 and <= 64 }));

    private static bool IsRange(IReadOnlyList<double>? range) =>
        range is null || (range is [>= 0 and var least, <= LongestMs and var greatest] && least <= greatest);
}
