using System.Globalization;
using System.Text.Json;
using Platform.IntegrationTests.Journeys;
using Platform.IntegrationTests.Services;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.IntegrationTests.Corpus;

/// <summary>
/// Twenty labelled volumes that the model was not trained on, the first of its test part by number, go in by STOW-RS and come out
/// measured, through the whole of a <see cref="JourneySystem"/>.
/// </summary>
[Collection(nameof(JourneySystem))]
public class HippocampusTests(JourneySystem system, ITestOutputHelper output)
{
    private const string Package = "src/models/hippocampus-volume";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Labelled_volumes_come_out_with_the_Dice_and_the_volumes_that_the_card_reports()
    {
        if (CorpusFiles.Path("train/hippocampus") is not { } folder)
        {
            return;
        }

        var measures = new List<HippocampusMeasure>();
        using var client = await system.ConnectAsync(Ct);
        foreach (var number in Numbers())
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"hippocampus_{number:000}.nii.gz");
            var measure = await HippocampusMeasure.TakeAsync(
                client, number, Path.Combine(folder, "images", name), Path.Combine(folder, "labels", name), Ct);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{number}: Dice {measure.AnteriorDice:F3} {measure.PosteriorDice:F3}, {measure.FoundMm3:F0} of {measure.TrueMm3:F0} mm3"));
            measures.Add(measure);
        }

        Assert.Equal(20, measures.Count);
        var dice = measures.Average(m => m.MeanDice);
        var errors = measures.Select(m => m.VolumeError).Order().ToList();
        var median = (errors[9] + errors[10]) / 2;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"mean Dice {dice:F4}; volume error median {median:P2}, greatest {errors[^1]:P2}, above 10 %: {errors.Count(e => e > 0.1)}"));

        // The card's figure for these twenty, made by the training code; here the whole product stands between.
        Assert.InRange(dice, 0.8867 - 0.005, 0.8867 + 0.005);
        Assert.InRange(median, 0, 0.05);
        Assert.InRange(errors.Count(e => e > 0.1), 0, 2);
    }

    private static List<int> Numbers()
    {
        var split = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(Checkout.Root, Package, "split.json")));
        return [.. split.GetProperty("endToEnd").EnumerateArray().Select(n => n.GetInt32())];
    }
}
