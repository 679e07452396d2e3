using System.Globalization;

namespace Platform.Contracts;

/// <summary>Names and values of a run's parameters. <c>threshold.N</c>: the least probability at which label N of the model is reported.</summary>
public static class RunParameters
{
    private const string Threshold = "threshold.";

    /// <summary>Thresholds by label, as parameters.</summary>
    public static Dictionary<string, string> OfThresholds(IReadOnlyDictionary<int, double> thresholds) => thresholds.ToDictionary(
        t => Threshold + t.Key.ToString(CultureInfo.InvariantCulture), t => t.Value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>False for a parameter that is none, or whose value is no number.</summary>
    public static bool TryReadThreshold(string name, string value, out int label, out double threshold)
    {
        threshold = 0;
        label = 0;
        return name.StartsWith(Threshold, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Threshold.Length), NumberStyles.None, CultureInfo.InvariantCulture, out label)
            && double.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out threshold);
    }
}
