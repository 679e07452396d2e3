using Platform.Contracts;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Xunit;

namespace Platform.UnitTests.Inference;

public class CalibrationTests
{
    private static readonly OutputSpec Plain = new("logits", "classification", null, 0, [], null, null)
    {
        Classes = [new ClassSpec(0, "a", new Code("A", "99PLATFORM", "a"), null, null, null)],
    };

    [Fact]
    public void A_temperature_softens_classes_that_exclude_each_other()
    {
        var output = Plain with { Calibration = new("temperature", 2, null, null) };

        var probabilities = Calibration.Probabilities([2, 0, 4], output);

        var powers = new[] { Math.Exp(1), Math.Exp(0), Math.Exp(2) };
        Assert.Equal(powers.Select(p => p / powers.Sum()), probabilities, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Each_class_has_its_own_line_where_several_may_hold()
    {
        var output = Plain with { Activation = "sigmoid", Calibration = new("platt", null, [2, 0.5], [-1, 0.25]) };

        var probabilities = Calibration.Probabilities([1, 3], output);

        Assert.Equal([1 / (1 + Math.Exp(-1)), 1 / (1 + Math.Exp(-1.75))], probabilities, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Great_numbers_do_not_overflow() => Assert.Equal([1, 0], Calibration.Probabilities([3e38f, -3e38f], Plain));

    [Fact]
    public void What_the_graph_says_of_itself_is_left_alone() =>
        Assert.Equal([0.25, 0.5], Calibration.Probabilities([0.25f, 0.5f], Plain with { Activation = "none" }));
}
