using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>A volume as a model takes it: on the model's axes and spacing, its intensities transformed.</summary>
internal static class ModelVolume
{
    /// <summary>:: 1 orient and resample, :: 2 intensity transforms.</summary>
    /// <param name="spacingMm">x, y, z; null keeps the source's.</param>
    /// <param name="threads">Threads of the resampling.</param>
    /// <exception cref="InputRefusedException">The volume, or what the transforms make of it, holds values that are not numbers.</exception>
    public static Volume Of(Volume source, InputSpec input, IReadOnlyList<double>? spacingMm, int threads, CancellationToken ct)
    {
        Intensity.RequireFinite(source.Voxels);
        var interpolation = Enum.Parse<Interpolation>(input.Interpolation ?? "linear", ignoreCase: true);
        var volume = Resampling.To(GridOf(source.Grid, input, spacingMm), source, interpolation, threads, ct);
        Intensity.Apply(volume.Voxels, input.Intensity);
        return volume;
    }

    /// <summary>The grid on which a model computes.</summary>
    /// <param name="spacingMm">x, y, z; null keeps the source's.</param>
    public static Grid GridOf(Grid source, InputSpec input, IReadOnlyList<double>? spacingMm) =>
        Grid.ForModel(source, OrientationCode.Parse(input.Orientation), input.Axes == "patient", spacingMm);
}
