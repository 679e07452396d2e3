using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>Makes probabilities of what a classification's graph gives, in double precision.</summary>
public static class Calibration
{
    /// <summary>Calibration, then activation.</summary>
    /// <param name="values">Of every class of the graph.</param>
    public static double[] Probabilities(ReadOnlySpan<float> values, OutputSpec output)
    {
        var z = new double[values.Length];
        for (var i = 0; i < z.Length; i++)
        {
            z[i] = output.Calibration switch
            {
                { Temperature: { } temperature } => values[i] / temperature,
                { Slope: { } slope, Intercept: { } intercept } => (slope[i] * values[i]) + intercept[i],
                _ => values[i],
            };
        }

        switch (output.Activation)
        {
            case "none":
                return z;

            case "sigmoid":
                return Array.ConvertAll(z, v => 1 / (1 + Math.Exp(-v)));

            default:
                var greatest = z.Max();
                var powers = Array.ConvertAll(z, v => Math.Exp(v - greatest));
                var sum = powers.Sum();
                return Array.ConvertAll(powers, p => p / sum);
        }
    }
}
