using System.Globalization;
using System.Runtime.Intrinsics;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>Things of one kind in a probability map: its connected components, the most probable first.</summary>
/// <param name="Labels">[z, y, x]: 0, or the place of a detection in the list, from 1.</param>
/// <param name="Segments">A segment for each detection, its label its place from 1.</param>
/// <param name="Probabilities">Of each detection, descending.</param>
/// <param name="Notes">Sentences for the reader of the result.</param>
public sealed record Detections(
    byte[] Labels, IReadOnlyList<SegmentSpec> Segments, IReadOnlyList<double> Probabilities, IReadOnlyList<string> Notes)
{
    /// <summary>1. Components above the threshold. 2. The score of each. 3. Those that count, by probability, then size, then place.</summary>
    /// <param name="probability">[z, y, x].</param>
    /// <param name="shape">Sides z, y, x.</param>
    /// <param name="output">Of type detection.</param>
    public static Detections In(ReadOnlySpan<float> probability, int[] shape, double voxelVolumeMm3, OutputSpec output)
    {
        var (rule, kind) = (output.Detection!, output.Segments[0]);
        var notes = new List<string>();

        // :: Step 1
        var labels = new byte[probability.Length];
        Above(probability, rule.Threshold, labels);
        var found = new List<(int Component, double Score, int Voxels)>();
        var components = Components.Number(labels, shape, 1, connectivity: 26);
        if (components is not null)
        {
            // :: Step 2
            var scores = Scores(probability, components, rule.Score == "mean");
            var minimum = Math.PI / 6 * Math.Pow(rule.MinDiameterMm, 3) / voxelVolumeMm3;

            // :: Step 3
            found.AddRange(scores
                .Select((score, i) => (Component: i + 1, Score: score, Voxels: components.Sizes[i]))
                .Where(c => c.Score >= rule.MinProbability && c.Voxels >= minimum)
                .OrderByDescending(c => c.Score).ThenByDescending(c => c.Voxels).ThenBy(c => c.Component));
            Relabel(labels, components, [.. found.Take(rule.MaxFindings).Select(c => c.Component)]);
        }

        if (found.Count == 0)
        {
            notes.Add(string.Create(
                CultureInfo.InvariantCulture, $"No {kind.Name.ToLowerInvariant()} was found with a probability of {rule.MinProbability} or more."));
        }
        else if (found.Count > rule.MaxFindings)
        {
            notes.Add($"Only the {rule.MaxFindings} most probable of {found.Count} are reported.");
        }

        var reported = found.Take(rule.MaxFindings).ToList();
        return new(
            labels,
            [.. reported.Select((_, i) => kind with { Label = i + 1, Name = $"{kind.Name} {i + 1}" })],
            [.. reported.Select(c => c.Score)],
            notes);
    }

    /// <summary>Gives a detection that lies between the source's voxels the one nearest to its centre, so that it can be shown.</summary>
    public static void ShowEach(Detections detections, Grid grid, byte[] shown, Grid source)
    {
        foreach (var segment in detections.Segments)
        {
            var label = (byte)segment.Label;
            if (!shown.AsSpan().Contains(label) && RegionMeasure.Of(detections.Labels, grid, [label]) is { } region)
            {
                var at = source.Affine.ToIndex(region.CentreMm);
                var x = Math.Clamp((int)Math.Round(at.X), 0, source.Width - 1);
                var y = Math.Clamp((int)Math.Round(at.Y), 0, source.Height - 1);
                var z = Math.Clamp((int)Math.Round(at.Z), 0, source.Depth - 1);
                shown[(((z * source.Height) + y) * source.Width) + x] = label;
            }
        }
    }

    /// <summary>1 where a value reaches the threshold, 0 elsewhere and where it is not a number.</summary>
    internal static void Above(ReadOnlySpan<float> values, double threshold, Span<byte> labels)
    {
        // The least float that reaches it, so that floats are compared as if they were double.
        var least = (float)threshold;
        least = least < threshold ? MathF.BitIncrement(least) : least;
        var (bar, ones) = (Vector256.Create(least), Vector256<byte>.One);
        var i = 0;
        for (; i <= values.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var from = values.Slice(i, Vector256<byte>.Count);
            var low = Vector256.Narrow(Reaches(from), Reaches(from[8..]));
            var high = Vector256.Narrow(Reaches(from[16..]), Reaches(from[24..]));
            (Vector256.Narrow(low, high).AsByte() & ones).CopyTo(labels[i..]);
        }

        for (; i < values.Length; i++)
        {
            labels[i] = values[i] >= least ? (byte)1 : (byte)0;
        }

        Vector256<int> Reaches(ReadOnlySpan<float> eight) => Vector256.GreaterThanOrEqual(Vector256.Create(eight), bar).AsInt32();
    }

    private static double[] Scores(ReadOnlySpan<float> probability, Components.Numbered components, bool mean)
    {
        var scores = new double[components.Sizes.Count];
        for (var i = 0; i < components.Runs.Length; i++)
        {
            ref var score = ref scores[components.Component[i] - 1];
            foreach (var value in probability.Slice(components.Runs[i].Start, components.Runs[i].Length))
            {
                score = mean ? score + value : Math.Max(score, value);
            }
        }

        return mean ? [.. scores.Select((sum, i) => sum / components.Sizes[i])] : scores;
    }

    private static void Relabel(Span<byte> labels, Components.Numbered components, IReadOnlyList<int> kept)
    {
        var place = new byte[components.Sizes.Count + 1];
        for (var i = 0; i < kept.Count; i++)
        {
            place[kept[i]] = (byte)(i + 1);
        }

        for (var i = 0; i < components.Runs.Length; i++)
        {
            labels.Slice(components.Runs[i].Start, components.Runs[i].Length).Fill(place[components.Component[i]]);
        }
    }
}
