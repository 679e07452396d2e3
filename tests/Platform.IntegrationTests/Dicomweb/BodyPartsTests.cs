using Platform.Api.Studies;
using Xunit;

namespace Platform.IntegrationTests.Dicomweb;

public class BodyPartsTests
{
    [Theory]
    [InlineData("BRAIN", "BRAIN")]
    [InlineData("ct_thorax_nativ", "CHEST")]
    [InlineData("MR Schädel + Hippocampus", "HIPPOCAMPUS")]
    [InlineData("T2 L-spine sag", "LSPINE")]
    [InlineData("头颅平扫", "HEAD")]
    [InlineData("Грудная клетка", "CHEST")]
    [InlineData("T1 mprage", null)]
    [InlineData("frame rate", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_text_names_a_part_in_many_languages_or_none(string? text, string? code) => Assert.Equal(code, BodyParts.CodeIn(text));

    [Fact]
    public void A_later_text_narrows_the_part_and_never_moves_it()
    {
        Assert.Equal(
            new BodyParts.Found("HIPPOCAMPUS", "SeriesDescription"),
            BodyParts.Derive([("BodyPartExamined", "HEAD"), ("SeriesDescription", "hippocampus T1")]));
        Assert.Equal(
            new BodyParts.Found("HEAD", "BodyPartExamined"),
            BodyParts.Derive([("BodyPartExamined", "HEAD"), ("StudyDescription", "CT chest")]));
        Assert.Null(BodyParts.Derive([("ProtocolName", null), ("SeriesDescription", "scout")]));
    }
}
