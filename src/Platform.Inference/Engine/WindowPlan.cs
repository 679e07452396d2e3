using Platform.Inference.Packages;

namespace Platform.Inference.Engine;

/// <summary>How a volume is cut into patches and how what comes of them is joined.</summary>
/// <param name="Shape">Sides of the volume z, y, x; each at least a patch's.</param>
/// <param name="Patch">Sides of a patch z, y, x.</param>
/// <param name="Overlap">Fraction of a patch that neighbours share.</param>
/// <param name="Weights">Of each voxel of a patch, more than 0.</param>
/// <param name="Classes">Channels of the graph's output.</param>
/// <param name="Activation">What makes probabilities of the graph's output.</param>
/// <param name="Batch">Patches in one pass.</param>
/// <param name="Flips">Axes z, y, x along which each patch is also computed mirrored, in every combination; the mean counts.</param>
public sealed record WindowPlan(
    int[] Shape, int[] Patch, double Overlap, float[] Weights, int Classes, Activation Activation, int Batch, (bool Z, bool Y, bool X) Flips)
{
    /// <summary>Neighbouring slices that a patch has as channels, itself in their middle; beyond the volume its outermost slice goes on.</summary>
    public int Slices { get; init; } = 1;

    /// <summary>Further volumes that are channels behind the first.</summary>
    public int FurtherChannels { get; init; }

    /// <summary>Of the first input.</summary>
    public int Channels => Slices + FurtherChannels;

    /// <summary>Voxels of a patch.</summary>
    public int PatchVoxels => Patch[0] * Patch[1] * Patch[2];

    /// <summary>What a manifest asks for on a volume of these sides.</summary>
    public static WindowPlan Of(WindowSpec window, OutputSpec output, int[] shape, int classes, int batch) => new(
        shape,
        [.. window.Patch],
        window.Overlap,
        Patches.Weights(window.Patch, window.Blend == "gaussian" ? window.SigmaScale : null),
        classes,
        output.Activation switch { "none" => Activation.None, "sigmoid" => Activation.Sigmoid, _ => Activation.Softmax },
        batch,
        (IsFlipped(window, "z"), IsFlipped(window, "y"), IsFlipped(window, "x"))) { Slices = window.Slices ?? 1 };

    internal IEnumerable<(bool Z, bool Y, bool X)> Mirrorings() =>
        from z in Both(Flips.Z)
        from y in Both(Flips.Y)
        from x in Both(Flips.X)
        select (z, y, x);

    private static bool IsFlipped(WindowSpec window, string axis) => window.Flips?.Contains(axis) ?? false;

    private static bool[] Both(bool isFlipped) => isFlipped ? [false, true] : [false];
}
