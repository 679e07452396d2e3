namespace Platform.Inference.Engine;

/// <summary>Where patches lie on a volume and how their voxels are weighted.</summary>
public static class Patches
{
    /// <summary>Floor of the weights, whose greatest is 1, so that no voxel is left to rounding.</summary>
    public const double MinimumWeight = 1e-3;

    /// <summary>First voxels of the patches along one axis: equal steps of at least one voxel, the last moved back to end with the volume.</summary>
    /// <param name="length">Voxels of the volume, at least a patch.</param>
    public static int[] Starts(int length, int patch, double overlap)
    {
        var step = Math.Max(1, (int)(patch * (1 - overlap)));
        var count = 1 + Math.Max(0, (length - patch + step - 1) / step);
        return [.. Enumerable.Range(0, count).Select(i => Math.Min(i * step, length - patch))];
    }

    /// <summary>Gaussian weights [z, y, x] about the patch's centre, σ = <paramref name="sigmaScale"/> × size; all 1 when null.</summary>
    public static float[] Weights(IReadOnlyList<int> size, double? sigmaScale)
    {
        var weights = new float[size[0] * size[1] * size[2]];
        if (sigmaScale is not { } scale)
        {
            Array.Fill(weights, 1f);
            return weights;
        }

        var (z, y, x) = (Axis(size[0]), Axis(size[1]), Axis(size[2]));
        var i = 0;
        foreach (var wz in z)
        {
            foreach (var wy in y)
            {
                foreach (var wx in x)
                {
                    weights[i++] = (float)Math.Max(wz * wy * wx, MinimumWeight);
                }
            }
        }

        return weights;

        double[] Axis(int n) =>
        [
            .. Enumerable.Range(0, n).Select(i =>
            {
                var d = (i - ((n - 1) / 2.0)) / (scale * n);
                return Math.Exp(-0.5 * d * d);
            }),
        ];
    }
}
