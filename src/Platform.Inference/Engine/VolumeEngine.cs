using System.Diagnostics;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>One volume, others that a model takes beside it, and one warm model in, the probability of each class or the values of a regression out. No files, no DICOM.</summary>
public static class VolumeEngine
{
    /// <summary>:: 1 orient and resample, :: 2 intensity transforms, :: 3 crop and pad to the graph's size, :: 4 the graph, :: 5 calibrate.</summary>
    /// <param name="threads">Threads of the resampling.</param>
    /// <param name="progress">Told phase and fraction; throws to stop.</param>
    /// <param name="further">The package's further inputs; those that are missing are what its manifest says.</param>
    /// <exception cref="InputRefusedException">The volume or what the model makes of it holds values that are not numbers.</exception>
    public static ClassifiedVolume Run(
        Volume source,
        ModelSession session,
        int threads,
        Action<RunPhase, double> progress,
        CancellationToken ct,
        IReadOnlyList<FurtherVolume>? further = null)
    {
        var manifest = session.Package.Manifest;
        var input = manifest.Input;
        var clock = Stopwatch.StartNew();

        // :: Steps 1 to 3
        progress(RunPhase.Prepare, 0);
        Intensity.RequireFinite(source.Voxels);
        var orientation = OrientationCode.Parse(input.Orientation);
        var isOfPatient = input.Axes == "patient";
        var spacing = input.SpacingMm ?? SpacingOf(Grid.ForModel(source.Grid, orientation, isOfPatient, null), input.Size!, input.Fit);
        var grid = Grid.ForModel(source.Grid, orientation, isOfPatient, spacing);
        var interpolation = Enum.Parse<Interpolation>(input.Interpolation ?? "linear", ignoreCase: true);
        var volume = Resampling.To(grid, source, interpolation, threads, ct);
        Intensity.Apply(volume.Voxels, input.Intensity);
        var inputs = PreparedInputs.Of(manifest, volume, further, threads, ct);
        Middle(volume, input.Size!, input.PadValue ?? 0, session.Input[..session.PatchVoxels]);
        foreach (var other in inputs.Into(session, (spec, v) => Sized(v, input.Size!, spec.Fill ?? 0)))
        {
            other.Voxels.CopyTo(other.Channel is { } channel ? session.Input[(channel * session.PatchVoxels)..] : other.Room!());
        }

        var prepare = clock.Elapsed;

        // :: Step 4
        clock.Restart();
        progress(RunPhase.Infer, 0);
        session.Run(1, ct);
        var infer = clock.Elapsed;

        // :: Step 5
        clock.Restart();
        progress(RunPhase.Post, 0);
        var numbers = WholeOutput.Numbers(session.Output[..session.Classes], manifest.Outputs[0]);
        return new ClassifiedVolume(numbers, prepare, infer, clock.Elapsed) { InputsHash = inputs.Hash };
    }

    private static float[] Sized(Volume volume, IReadOnlyList<int> size, float border)
    {
        var voxels = new float[size[0] * size[1] * size[2]];
        Middle(volume, size, border, voxels);
        return voxels;
    }

    /// <summary>The voxel size x, y, z with which a volume comes to the graph's size.</summary>
    /// <param name="own">Its grid with the model's axes and its own spacing.</param>
    /// <param name="size">z, y, x.</param>
    private static double[] SpacingOf(Grid own, IReadOnlyList<int> size, string? fit)
    {
        var step = own.Affine.SpacingMm;
        double[] each = [own.Width * step.X / size[2], own.Height * step.Y / size[1], own.Depth * step.Z / size[0]];
        return fit switch
        {
            "stretch" => each,
            "pad" => [each.Max(), each.Max(), each.Max()],
            _ => [each.Min(), each.Min(), each.Min()],
        };
    }

    /// <summary>The middle of a volume in one of another size, with a border where that is larger.</summary>
    private static void Middle(Volume volume, IReadOnlyList<int> size, float border, Span<float> to)
    {
        int[] have = [volume.Grid.Depth, volume.Grid.Height, volume.Grid.Width];
        int[] count = [.. have.Zip(size, Math.Min)];
        int[] from = [.. have.Zip(count, (n, c) => (n / 2) - (c / 2))]; // of a voxel too many the first goes, as in the frameworks
        int[] at = [.. size.Zip(count, (n, c) => (n - c) / 2)];
        to.Fill(border);
        for (var z = 0; z < count[0]; z++)
        {
            for (var y = 0; y < count[1]; y++)
            {
                volume.Voxels.AsSpan(((((from[0] + z) * have[1]) + from[1] + y) * have[2]) + from[2], count[2])
                    .CopyTo(to[(((((at[0] + z) * size[1]) + at[1] + y) * size[2]) + at[2])..]);
            }
        }
    }
}

/// <summary>What a classification or a regression says of a volume.</summary>
/// <param name="Numbers">In the order of the manifest: the classes' calibrated probabilities, or the values of a regression.</param>
public sealed record ClassifiedVolume(IReadOnlyList<double> Numbers, TimeSpan Prepare, TimeSpan Infer, TimeSpan Post)
{
    /// <summary>SHA-256 over all inputs as the graph takes them, of a model that takes several; else null.</summary>
    public string? InputsHash { get; init; }
}
