using Platform.Api.AiModels;
using Platform.Contracts;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class FindingComparisonTests
{
    private static readonly Code Nodule = new("27925004", "SCT", "Nodule");
    private static readonly Code Volume = new("118565006", "SCT", "Volume");
    private static readonly Code CubicMillimetre = new("mm3", "UCUM", "cubic millimeter");

    [Fact]
    public void Counterparts_overlap_and_the_rest_is_one_sided()
    {
        var result = FindingComparison.Compare(
            [Find(0, 100), Find(50, 200)],
            [Find(50, 260), Find(2, 90), Find(500, 10)]).Single();
        Assert.Equal((2, 0, 1), (result.Both, result.OnlyChampion, result.OnlyChallenger));

        // Two boxes of 10 mm, one moved by 2 mm: 800 of 1,200 mm³; the other pair lies exactly on one another.
        Assert.Equal((1 + (800.0 / 1200)) / 2, result.BoxOverlap!.Value, 9);
        var volume = result.Values.Single();
        Assert.Equal((2, 25.0, 35.0), (volume.Count, volume.MeanDifference, volume.MeanAbsoluteDifference));
        Assert.Equal(2.0 / 3, FindingComparison.AgreementOf([result])!.Value, 9);
    }

    [Fact]
    public void Boxes_that_do_not_meet_and_other_concepts_are_no_counterparts()
    {
        var results = FindingComparison.Compare([Find(0, 1)], [Find(30, 1), Find(0, 1) with { Concept = new Code("M", "99T", "Mass") }]);
        Assert.All(results, r => Assert.Equal(0, r.Both));
        Assert.Equal(0, FindingComparison.AgreementOf(results));
        Assert.Null(FindingComparison.AgreementOf([]));
    }

    [Fact]
    public void Findings_without_boxes_are_matched_by_concept_and_side()
    {
        var left = Find(0, 10) with { BoxMm = null, Laterality = new Code("7771000", "SCT", "Left") };
        var right = left with { Laterality = new Code("24028007", "SCT", "Right") };
        var results = FindingComparison.Compare([left, right], [right with { }]);
        Assert.Equal([(0, 1), (1, 0)], results.Select(r => (r.Both, r.OnlyChampion)));
        Assert.All(results, r => Assert.Null(r.BoxOverlap));
    }

    [Fact]
    public void Many_studies_are_weighed_by_what_they_hold()
    {
        var one = FindingComparison.Compare([Find(0, 10), Find(50, 10)], [Find(0, 10), Find(50, 10)]);
        var two = FindingComparison.Compare([Find(0, 10)], [Find(2, 16)]);
        var sum = FindingComparison.Sum(one.Concat(two)).Single();
        Assert.Equal((3, 3), (sum.Both, sum.Boxes));
        Assert.Equal((2 + (800.0 / 1200)) / 3, sum.BoxOverlap!.Value, 9);
        Assert.Equal(2, sum.Values.Single().MeanDifference, 9);
    }

    private static Finding Find(double x, double volume) => new(
        "2.25.1", "2.25.2", Nodule, null, null, [new Measurement(Volume, volume, CubicMillimetre)], null, [x, 0, 0, x + 10, 10, 10], null);
}
