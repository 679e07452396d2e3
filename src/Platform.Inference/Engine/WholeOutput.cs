using System.Numerics.Tensors;
using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>What a graph says of a whole image or volume, as the manifest understands it.</summary>
internal static class WholeOutput
{
    /// <summary>In the order of the manifest: the classes' calibrated probabilities, or the values of a regression.</summary>
    /// <param name="values">Of every class of the graph.</param>
    /// <exception cref="InputRefusedException">They are not numbers; the code is <c>not-finite-output</c>.</exception>
    public static double[] Numbers(ReadOnlySpan<float> values, OutputSpec output)
    {
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude(values)))
        {
            throw new InputRefusedException("not-finite-output", "The model gave values that are not numbers on these images; nothing is reported.");
        }

        return output.IsRegression ? Values(values, output) : Probabilities(values, output);
    }

    private static double[] Probabilities(ReadOnlySpan<float> values, OutputSpec output)
    {
        var all = Calibration.Probabilities(values, output);
        return [.. output.Classes!.Select(c => all[c.Label])];
    }

    private static double[] Values(ReadOnlySpan<float> values, OutputSpec output)
    {
        var measured = new double[output.Values!.Count];
        for (var i = 0; i < measured.Length; i++)
        {
            var spec = output.Values[i];
            measured[i] = ((spec.Slope ?? 1) * values[spec.Label]) + (spec.Intercept ?? 0);
        }

        return measured;
    }
}
