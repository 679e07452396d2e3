using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

public class SeriesTraitsTests
{
    private static readonly Acquisition Any = new(null, null, null, null, null, null, null);

    [Theory]
    [InlineData("t2_tse_tra_p2", "T2", true)]
    [InlineData("AX T2W FS", "t2", true)]
    [InlineData("Post-T1 MPRAGE", "T2", false)]
    [InlineData("NOT2SHORT", "T2", false)]
    [InlineData("", "T2", false)]
    public void A_word_begins_one_of_the_descriptions(string description, string word, bool meets)
    {
        var header = Header((DicomTags.SeriesDescription, description));
        Assert.Equal(meets, SeriesTraits.Of(header).Meets(Any with { Words = [word, "never"] }));
        Assert.Equal(!meets, SeriesTraits.Of(header).Meets(Any with { WithoutWords = [word] }));
    }

    [Theory]
    [InlineData(14.0, false)]
    [InlineData(60.0, true)]
    [InlineData(100.0, true)]
    [InlineData(300.1, false)]
    [InlineData(null, false)]
    public void Times_lie_within_their_range_and_one_that_is_not_said_does_not(double? echoTime, bool meets)
    {
        var header = new DicomDataset();
        if (echoTime is { } time)
        {
            header.Set(DicomTags.EchoTime, time);
        }

        Assert.Equal(meets, SeriesTraits.Of(header).Meets(Any with { EchoTimeMs = [60, 300] }));
        Assert.True(SeriesTraits.Of(header).Meets(null));
        Assert.True(SeriesTraits.Of(header).Meets(Any));
    }

    [Fact]
    public void An_enhanced_image_says_it_in_its_functional_groups_and_its_pulse_sequence()
    {
        var header = Header((DicomTags.EchoPulseSequence, "SPIN"), (DicomTags.InversionRecovery, "YES"));
        header.SetSequence(DicomTags.SharedFunctionalGroupsSequence, Group(DicomTags.MRTimingAndRelatedParametersSequence, DicomTags.RepetitionTime, 9000));
        header.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, Group(DicomTags.MREchoSequence, DicomTags.EffectiveEchoTime, 120), Group(DicomTags.MREchoSequence, DicomTags.EffectiveEchoTime, 240));

        var traits = SeriesTraits.Of(header);

        Assert.Equal((120, 9000, null), (traits.EchoTimeMs, traits.RepetitionTimeMs, traits.InversionTimeMs));
        Assert.True(traits.Meets(Any with { ScanningSequences = ["IR"], EchoTimeMs = [100, 130], RepetitionTimeMs = [5000, 10_000] }));
        Assert.False(traits.Meets(Any with { ScanningSequences = ["GR", "EP"] }));
    }

    [Fact]
    public void A_contrast_agent_is_one_that_has_a_value()
    {
        var without = Header((DicomTags.ContrastBolusAgent, ""));
        var with = Header((DicomTags.ContrastBolusRoute, "IV"));
        Assert.True(SeriesTraits.Of(with).Meets(Any with { Contrast = true }));
        Assert.False(SeriesTraits.Of(without).Meets(Any with { Contrast = true }));
        Assert.True(SeriesTraits.Of(without).Meets(Any with { Contrast = false }));
    }

    [Theory]
    [InlineData(new double[] { 1 }, false)]
    [InlineData(new double[] { 5, 1 }, false)]
    [InlineData(new double[] { -1, 1 }, false)]
    [InlineData(new double[] { 1, 1 }, true)]
    public void A_range_has_a_least_and_a_greatest(double[] range, bool isComplete)
    {
        Assert.Equal(isComplete, (Any with { EchoTimeMs = range }).IsComplete());
        Assert.False((Any with { Words = [] }).IsComplete());
        Assert.False((Any with { ScanningSequences = [""] }).IsComplete());
    }

    private static DicomDataset Header(params (DicomTag Tag, string Value)[] values)
    {
        var header = new DicomDataset();
        foreach (var (tag, value) in values)
        {
            header.Set(tag, value);
        }

        return header;
    }

    private static DicomDataset Group(DicomTag macro, DicomTag tag, double value)
    {
        var (group, item) = (new DicomDataset(), new DicomDataset());
        item.Set(tag, value);
        group.SetSequence(macro, item);
        return group;
    }
}
