using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>What a graph says of each of several frames, and by the manifest's rule of all of them.</summary>
/// <param name="Frames">For each frame the numbers in the order of the manifest.</param>
public sealed record FrameNumbers(IReadOnlyList<IReadOnlyList<double>> Frames, TimeSpan Prepare, TimeSpan Infer)
{
    /// <summary>The numbers of all frames together.</summary>
    /// <param name="rule"><c>maximum</c>, <c>mean</c> or <c>median</c> (of an even number the mean of the middle two).</param>
    public IReadOnlyList<double> Across(string rule) =>
    [
        .. Enumerable.Range(0, Frames[0].Count).Select(i =>
        {
            var values = Frames.Select(f => f[i]);
            return rule switch
            {
                "mean" => values.Average(),
                "median" => Median([.. values.Order()]),
                _ => values.Max(),
            };
        }),
    ];

    /// <summary>The frame that shows a number best: of a class the most probable, of a value the nearest to all frames' one; the first of equals.</summary>
    /// <param name="number">Its place in the manifest.</param>
    /// <param name="together">The number of all frames.</param>
    public int Shown(int number, double together, OutputSpec output) => Enumerable.Range(0, Frames.Count)
        .MinBy(frame => output.IsClassification ? -Frames[frame][number] : Math.Abs(Frames[frame][number] - together));

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
