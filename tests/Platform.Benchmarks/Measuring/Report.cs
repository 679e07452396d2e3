using System.Globalization;
using System.Text;

namespace Platform.Benchmarks.Measuring;

/// <summary>Measurements as lines for the terminal and as a table for the document.</summary>
internal static class Report
{
    private const string Begin = "<!-- measured: begin -->";
    private const string End = "<!-- measured: end -->";

    public static IEnumerable<string> Lines(Measurement measurement)
    {
        yield return $"{measurement.What} ({measurement.Amount}): Platform {Time(measurement.Platform)}";
        foreach (var (peer, ratio) in measurement.Ratios)
        {
            yield return $"    {Number(ratio.Median),6} × {peer.Contestant,-28} {Time(peer)}   quartiles {Number(ratio.Lower)}–{Number(ratio.Upper)}";
        }
    }

    public static string Table(IEnumerable<Measurement> measurements)
    {
        var text = new StringBuilder();
        text.AppendLine("| What | How much | Platform | Peer | Peer's time | Ratio | Quartiles |");
        text.AppendLine("|---|---|--:|---|--:|--:|--:|");
        foreach (var measurement in measurements)
        {
            foreach (var (peer, ratio) in measurement.Ratios)
            {
                text.AppendLine(
                    CultureInfo.InvariantCulture,
                    $"| {measurement.What} | {measurement.Amount} | {Milliseconds(measurement.Platform.Median)} ms | {peer.Contestant} | {Milliseconds(peer.Median)} ms | **{Number(ratio.Median)}** | {Number(ratio.Lower)}–{Number(ratio.Upper)} |");
            }
        }

        return text.ToString();
    }

    /// <summary>Replaces what stands between the markers of a document.</summary>
    public static async Task WriteAsync(string path, string content, CancellationToken ct)
    {
        var document = await File.ReadAllTextAsync(path, ct);
        var (begin, end) = (document.IndexOf(Begin, StringComparison.Ordinal), document.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{path} must have the lines {Begin} and {End}.");
        }

        await File.WriteAllTextAsync(path, $"{document[..(begin + Begin.Length)]}\n\n{content.Trim()}\n\n{document[end..]}", ct);
    }

    private static string Time(Timing timing) =>
        $"{Milliseconds(timing.Median)} ms ({Milliseconds(timing.Fastest)}–{Milliseconds(timing.Slowest)})";

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString(
        time.TotalMilliseconds switch { < 1 => "0.0000", < 10 => "0.000", < 100 => "0.0", _ => "#,0" }, CultureInfo.InvariantCulture);

    private static string Number(double ratio) =>
        ratio.ToString(ratio switch { < 0.1 => "0.000", < 10 => "0.00", _ => "0.0" }, CultureInfo.InvariantCulture);
}
