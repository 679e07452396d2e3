using Platform.Api.AiModels;
using Platform.Contracts;
using Xunit;

namespace Platform.IntegrationTests.Runs;

public class SeriesChoiceTests
{
    private static readonly ModelInput Brain = new("MR", ["BRAIN"], BodyPartRequired: true, MinSlices: 12);

    [Fact]
    public void The_longest_of_the_series_that_fit_is_chosen()
    {
        var (series, reason) = SeriesChoice.Choose(
            Brain, [Series("MR", "BRAIN", 20), Series("MR", "HIPPOCAMPUS", 30), Series("MR", "KNEE", 90), Series("CT", "BRAIN", 90)]);
        Assert.Null(reason);
        Assert.Equal(30, series!.Images); // the hippocampus lies in the brain
    }

    [Fact]
    public void A_tie_goes_to_the_lower_series_number_however_the_rows_come()
    {
        SeriesCandidate[] both = [Series("MR", "BRAIN", 20) with { Number = 4 }, Series("MR", "BRAIN", 20) with { Number = 3 }];
        Assert.Equal(3, SeriesChoice.Choose(Brain, both).Series!.Number);
        Assert.Equal(3, SeriesChoice.Choose(Brain, [both[1], both[0]]).Series!.Number);
    }

    [Theory]
    [InlineData("CT", "BRAIN", 40, "modality")]
    [InlineData("MR", "KNEE", 40, "body-part")]
    [InlineData("MR", null, 40, "body-part-unknown")]
    [InlineData("MR", "BRAIN", 11, "too-few-slices")]
    [InlineData("MR", "BRAIN", 0, "no-images")]
    public void What_does_not_fit_is_named(string modality, string? bodyPart, int images, string code)
    {
        var (series, reason) = SeriesChoice.Choose(Brain, [Series(modality, bodyPart, images)]);
        Assert.Null(series);
        Assert.Equal(code, reason!.Code);
    }

    [Fact]
    public void A_body_part_that_nobody_stated_will_do_where_the_model_does_not_insist() =>
        Assert.NotNull(SeriesChoice.Choose(Brain with { BodyPartRequired = false }, [Series("MR", null, 12)]).Series);

    [Fact]
    public void A_model_that_names_no_body_part_takes_each() =>
        Assert.NotNull(SeriesChoice.Choose(Brain with { BodyParts = [] }, [Series("MR", "KNEE", 12)]).Series);

    private static SeriesCandidate Series(string modality, string? bodyPart, int images) =>
        new(Guid.CreateVersion7(), $"2.25.{images}", modality, bodyPart, null, images);
}
