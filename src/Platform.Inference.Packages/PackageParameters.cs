using System.Globalization;
using Platform.Contracts;

namespace Platform.Inference.Packages;

/// <summary>What a run may ask of a package other than what its manifest says.</summary>
public static class PackageParameters
{
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

            if (threshold is not (> 0 and < 1))
            {
                return (null, "A threshold is a probability above 0 and below 1.");
            }

            if (!Labels(manifest.Outputs[0]).Contains(label))
            {
                var labels = string.Join(", ", Labels(manifest.Outputs[0]).Select(l => l.ToString(CultureInfo.InvariantCulture)));
                return (null, labels.Length == 0
                    ? $"{manifest.Name} reports no probabilities: it takes no thresholds."
                    : $"{manifest.Name} has no threshold for label {label}; it has them for: {labels}.");
            }

            manifest = manifest with { Outputs = [With(manifest.Outputs[0], label, threshold), .. manifest.Outputs.Skip(1)] };
        }

        return (manifest, null);
    }

    /// <summary>The labels that have a threshold.</summary>
    public static IEnumerable<int> Labels(OutputSpec output) => output.IsDetection
        ? output.Segments.Select(s => s.Label)
        : (output.Classes ?? []).Where(c => c.Threshold is not null).Select(c => c.Label);

    private static OutputSpec With(OutputSpec output, int label, double threshold) => output.IsDetection
        ? output with { Detection = output.Detection! with { MinProbability = threshold } }
        : output with { Classes = [.. output.Classes!.Select(c => c.Label == label ? c with { Threshold = threshold } : c)] };
}
