using System.Globalization;
using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary>What a run may ask of a package other than what its manifest says.</summary>
public static class PackageParameters
{
    /// <summary>A threshold is more than this, as a probability.</summary>
    public const double ThresholdAbove = 0;

    /// <summary>And less than this.</summary>
    public const double ThresholdBelow = 1;

    /// <summary>The thresholds that a run may set, in the order of the manifest; none of a model that reports no probabilities.</summary>
    public static IReadOnlyList<PackageThreshold> Thresholds(PackageManifest manifest)
    {
        var output = manifest.Outputs[0];
        return output.IsDetection
            ? [.. output.Segments.Select(s => new PackageThreshold(s.Label, s.Name, s.Concept, output.Detection!.MinProbability))]
            : [.. (output.Classes ?? []).Where(c => c.Threshold is not null).Select(c => new PackageThreshold(c.Label, c.Name, c.Concept, c.Threshold!.Value))];
    }

    /// <summary>The manifest with a run's thresholds in place of its own: of a class, or of what a detection finds.</summary>
    /// <param name="parameters">See <see cref="RunParameters"/>; mostly none.</param>
    /// <returns>The manifest, or one sentence on what the first parameter that it does not take should be.</returns>
    public static (PackageManifest? Manifest, string? Problem) Apply(PackageManifest manifest, IReadOnlyDictionary<string, string> parameters)
    {
        foreach (var (name, value) in parameters)
        {
            if (!RunParameters.TryReadThreshold(name, value, out var label, out var threshold))
            {
                return (null, $"There is no parameter {name}, or {value} is no value of it. A threshold is threshold.LABEL with a number, e.g. 0.7.");
            }

            if (threshold is not (> ThresholdAbove and < ThresholdBelow))
            {
                return (null, "A threshold is a probability above 0 and below 1.");
            }

            var thresholds = Thresholds(manifest);
            if (thresholds.All(t => t.Label != label))
            {
                var labels = string.Join(", ", thresholds.Select(t => t.Label.ToString(CultureInfo.InvariantCulture)));
                return (null, labels.Length == 0
                    ? $"{manifest.Name} reports no probabilities: it takes no thresholds."
                    : $"{manifest.Name} has no threshold for label {label}; it has them for: {labels}.");
            }

            manifest = manifest with { Outputs = [With(manifest.Outputs[0], label, threshold), .. manifest.Outputs.Skip(1)] };
        }

        return (manifest, null);
    }

    private static OutputSpec With(OutputSpec output, int label, double threshold) => output.IsDetection
        ? output with { Detection = output.Detection! with { MinProbability = threshold } }
        : output with { Classes = [.. output.Classes!.Select(c => c.Label == label ? c with { Threshold = threshold } : c)] };
}

/// <summary>The least probability at which a label of a package is reported.</summary>
/// <param name="Name">As the manifest names it.</param>
/// <param name="Concept">What the finding is.</param>
/// <param name="Default">The package's own, 0 to 1.</param>
public sealed record PackageThreshold(int Label, string Name, Code Concept, double Default);
