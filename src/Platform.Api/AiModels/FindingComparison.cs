using Platform.Contracts;

namespace Platform.Api.AiModels;

/// <summary>How far two models' findings on the same study agree: by concept, by overlap of what they mark, by what they measure.</summary>
internal static class FindingComparison
{
    /// <summary>Boxes that share less of their union than this mark different things.</summary>
    private const double SameThing = 0.1;

    /// <summary>One concept (and side) in both results.</summary>
    /// <param name="Both">Findings of the champion with a counterpart.</param>
    /// <param name="BoxOverlap">Mean intersection over union of the boxes of counterparts; null where there are none.</param>
    /// <param name="Values">How far the same measurement of counterparts differs.</param>
    internal sealed record ConceptAgreement(
        Code Concept, Code? Laterality, int Both, int OnlyChampion, int OnlyChallenger, double? BoxOverlap, int Boxes, IReadOnlyList<ValueAgreement> Values);

    /// <param name="MeanDifference">Challenger less champion, in <paramref name="Unit"/>: a bias.</param>
    /// <param name="MeanAbsoluteDifference">In <paramref name="Unit"/>.</param>
    internal sealed record ValueAgreement(Code Concept, Code Unit, int Count, double MeanDifference, double MeanAbsoluteDifference);

    /// <summary>One study. Counterparts have the same concept and side, and boxes (where both have them) that overlap; the most overlapping first.</summary>
    public static IReadOnlyList<ConceptAgreement> Compare(IReadOnlyList<Finding> champion, IReadOnlyList<Finding> challenger) =>
    [
        .. champion.Concat(challenger)
            .Select(KeyOf)
            .Distinct()
            .Select(key => Compare(key, [.. champion.Where(f => KeyOf(f) == key)], [.. challenger.Where(f => KeyOf(f) == key)]))
    ];

    /// <summary>Many studies as one, each concept once.</summary>
    public static IReadOnlyList<ConceptAgreement> Sum(IEnumerable<ConceptAgreement> studies) =>
    [
        .. studies
            .GroupBy(c => (c.Concept.Scheme, c.Concept.Value, Side: c.Laterality?.Value))
            .Select(g => new ConceptAgreement(
                g.First().Concept,
                g.First().Laterality,
                g.Sum(c => c.Both),
                g.Sum(c => c.OnlyChampion),
                g.Sum(c => c.OnlyChallenger),
                g.Sum(c => c.Boxes) is > 0 and var boxes ? g.Sum(c => (c.BoxOverlap ?? 0) * c.Boxes) / boxes : null,
                g.Sum(c => c.Boxes),
                [.. g.SelectMany(c => c.Values).GroupBy(v => (v.Concept.Scheme, v.Concept.Value, Unit: v.Unit.Value)).Select(Mean)]))
            .OrderBy(c => c.Concept.Scheme, StringComparer.Ordinal).ThenBy(c => c.Concept.Value, StringComparer.Ordinal).ThenBy(c => c.Laterality?.Value, StringComparer.Ordinal)
    ];

    /// <summary>0 to 1: findings that have a counterpart, of all; null where there are none.</summary>
    public static double? AgreementOf(IReadOnlyCollection<ConceptAgreement> concepts)
    {
        var all = concepts.Sum(c => c.Both + c.OnlyChampion + c.OnlyChallenger);
        return all == 0 ? null : (double)concepts.Sum(c => c.Both) / all;
    }

    private static ConceptAgreement Compare((string, string, string?) key, List<Finding> champion, List<Finding> challenger)
    {
        var first = champion.Concat(challenger).First();
        var pairs = new List<(Finding Champion, Finding Challenger, double? Overlap)>();
        foreach (var (one, other, overlap) in champion
            .SelectMany(a => challenger.Select(b => (a, b, Overlap: OverlapOf(a.BoxMm, b.BoxMm))))
            .Where(p => p.Overlap is null or >= SameThing)
            .OrderByDescending(p => p.Overlap ?? 0))
        {
            if (!pairs.Exists(p => ReferenceEquals(p.Champion, one) || ReferenceEquals(p.Challenger, other)))
            {
                pairs.Add((one, other, overlap));
            }
        }

        var boxes = pairs.FindAll(p => p.Overlap is not null);
        var values = pairs
            .SelectMany(p => p.Champion.Measurements.SelectMany(a => p.Challenger.Measurements
                .Where(b => IsSame(a.Concept, b.Concept) && IsSame(a.Unit, b.Unit))
                .Take(1)
                .Select(b => new ValueAgreement(a.Concept, a.Unit, 1, b.Value - a.Value, Math.Abs(b.Value - a.Value)))))
            .GroupBy(v => (v.Concept.Scheme, v.Concept.Value, Unit: v.Unit.Value))
            .Select(Mean);
        return new ConceptAgreement(
            first.Concept,
            first.Laterality,
            pairs.Count,
            champion.Count - pairs.Count,
            challenger.Count - pairs.Count,
            boxes.Count == 0 ? null : boxes.Average(p => p.Overlap!.Value),
            boxes.Count,
            [.. values]);
    }

    private static ValueAgreement Mean(IEnumerable<ValueAgreement> values)
    {
        var all = values.ToList();
        var count = all.Sum(v => v.Count);
        return new ValueAgreement(
            all[0].Concept,
            all[0].Unit,
            count,
            all.Sum(v => v.MeanDifference * v.Count) / count,
            all.Sum(v => v.MeanAbsoluteDifference * v.Count) / count);
    }

    private static (string Scheme, string Value, string? Side) KeyOf(Finding finding) =>
        (finding.Concept.Scheme, finding.Concept.Value, finding.Laterality?.Value);

    private static bool IsSame(Code a, Code b) => (a.Scheme, a.Value) == (b.Scheme, b.Value);

    /// <summary>Intersection over union of two boxes (minimum x, y, z, maximum x, y, z); null where one is missing.</summary>
    private static double? OverlapOf(IReadOnlyList<double>? a, IReadOnlyList<double>? b)
    {
        if (a is not { Count: 6 } || b is not { Count: 6 })
        {
            return null;
        }

        var (shared, ofA, ofB) = (1.0, 1.0, 1.0);
        for (var axis = 0; axis < 3; axis++)
        {
            shared *= Math.Max(0, Math.Min(a[axis + 3], b[axis + 3]) - Math.Max(a[axis], b[axis]));
            ofA *= Math.Max(0, a[axis + 3] - a[axis]);
            ofB *= Math.Max(0, b[axis + 3] - b[axis]);
        }

        var union = ofA + ofB - shared;
        return union > 0 ? shared / union : null;
    }
}
