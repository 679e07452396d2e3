using System.Diagnostics;
using Platform.Dicom.Volumes;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>One volume, others that a model takes beside it, and one warm model in, the probability of each class or the values of a regression out. No files, no DICOM.</summary>
public static class VolumeEngine
{
    /// <summary>
    /// :: 1 orient and resample, :: 2 intensity transforms, :: 3 crop and pad to the graph's size, :: 4 the graph, :: 5 calibrate, and bring
    /// a heat map to the source's grid.
    /// </summary>
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
        var spacing = input.SpacingMm ?? SpacingOf(ModelVolume.GridOf(source.Grid, input, null), input.Size!, input.Fit);
        var volume = ModelVolume.Of(source, input, spacing, threads, ct);
        var inputs = PreparedInputs.Of(manifest, volume, further, threads, ct);
        var middle = Middle.Of(volume.Grid, input.Size!);
        middle.CopyTo(volume, input.PadValue ?? 0, session.Input[..session.PatchVoxels]);
        foreach (var other in inputs.Into(session, (spec, v) => Sized(v, middle, spec.Fill ?? 0)))
        {
            other.Voxels.CopyTo(other.Channel is { } channel ? session.Input[(channel * session.PatchVoxels)..] : other.Room!());
        }

        var prepare = clock.Elapsed;

        // :: Step 4
        progress(RunPhase.Infer, 0); // may wait for its turn on the device
        clock.Restart();
        session.Run(1, ct);
        var infer = clock.Elapsed;

        // :: Step 5
        clock.Restart();
        progress(RunPhase.Post, 0);
        var numbers = WholeOutput.Numbers(session.Output[..session.Classes], manifest.Outputs[0]);
        var heat = session.HeatShape is { Count: 3 } shape ? HeatOf(session.Heat, shape, middle) : null;
        var shown = heat is null ? null : OnSource(heat, middle.Read, source.Grid, threads, ct);
        return new ClassifiedVolume(numbers, prepare, infer, clock.Elapsed) { Heat = heat, SourceHeat = shown, InputsHash = inputs.Hash };
    }

    /// <summary>The map on a grid of its own, which covers what the graph was given; 0 to 1.</summary>
    private static Volume HeatOf(ReadOnlySpan<float> values, IReadOnlyList<int> shape, Middle middle)
    {
        var grid = middle.Given;
        var (z, y, x) = ((double)grid.Depth / shape[0], (double)grid.Height / shape[1], (double)grid.Width / shape[2]);
        var (column, row, slice) = (grid.Affine.ColumnStep, grid.Affine.RowStep, grid.Affine.SliceStep);
        var affine = new Affine(
            column * x, row * y, slice * z, grid.Affine.Origin + (column * ((x - 1) / 2)) + (row * ((y - 1) / 2)) + (slice * ((z - 1) / 2)));
        var heat = new Volume(new Grid(shape[0], shape[1], shape[2], affine), values[..(shape[0] * shape[1] * shape[2])].ToArray());
        foreach (ref var value in heat.Voxels.AsSpan())
        {
            value = float.IsFinite(value) ? Math.Clamp(value, 0, 1) : 0;
        }

        return heat;
    }

    /// <summary>The map on the source's grid, linear between its places; 0 where the graph was given nothing of the source.</summary>
    private static float[] OnSource(Volume heat, Grid read, Grid source, int threads, CancellationToken ct)
    {
        var ones = new byte[read.Length];
        Array.Fill(ones, (byte)1);
        var isRead = Resampling.Labels(ones, read, source, threads, ct);
        var shown = Resampling.To(source, heat, Interpolation.Linear, threads, ct).Voxels;
        for (var i = 0; i < shown.Length; i++)
        {
            shown[i] *= isRead[i];
        }

        return shown;
    }

    private static float[] Sized(Volume volume, Middle middle, float border)
    {
        var voxels = new float[middle.Given.Length];
        middle.CopyTo(volume, border, voxels);
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
    /// <param name="Given">The grid of the other size.</param>
    /// <param name="Read">The part of the volume that lies in it.</param>
    /// <param name="From">Where that begins in the volume, z, y, x.</param>
    /// <param name="At">And in the other.</param>
    private sealed record Middle(Grid Given, Grid Read, int[] From, int[] At)
    {
        public static Middle Of(Grid grid, IReadOnlyList<int> size)
        {
            int[] have = [grid.Depth, grid.Height, grid.Width];
            int[] count = [.. have.Zip(size, Math.Min)];
            int[] from = [.. have.Zip(count, (n, c) => (n / 2) - (c / 2))]; // of a voxel too many the first goes, as in the frameworks
            int[] at = [.. size.Zip(count, (n, c) => (n - c) / 2)];
            return new(
                new Grid(size[0], size[1], size[2], Shifted(grid.Affine, [.. from.Zip(at, (f, a) => f - a)])),
                new Grid(count[0], count[1], count[2], Shifted(grid.Affine, from)),
                from,
                at);
        }

        public void CopyTo(Volume volume, float border, Span<float> to)
        {
            to.Fill(border);
            for (var z = 0; z < Read.Depth; z++)
            {
                for (var y = 0; y < Read.Height; y++)
                {
                    volume.Voxels.AsSpan(((((From[0] + z) * volume.Grid.Height) + From[1] + y) * volume.Grid.Width) + From[2], Read.Width)
                        .CopyTo(to[(((((At[0] + z) * Given.Height) + At[1] + y) * Given.Width) + At[2])..]);
                }
            }
        }

        private static Affine Shifted(Affine affine, int[] voxels) =>
            new(affine.ColumnStep, affine.RowStep, affine.SliceStep, affine.ToPatient(voxels[2], voxels[1], voxels[0]));
    }
}

/// <summary>What a classification or a regression says of a volume.</summary>
/// <param name="Numbers">In the order of the manifest: the classes' calibrated probabilities, or the values of a regression.</param>
public sealed record ClassifiedVolume(IReadOnlyList<double> Numbers, TimeSpan Prepare, TimeSpan Infer, TimeSpan Post)
{
    /// <summary>Evidence for the heat map's class, 0 to 1, on a grid of its own; null where the graph gives none.</summary>
    public Volume? Heat { get; init; }

    /// <summary>The same [z, y, x] on the source's grid; 0 where the model has read nothing.</summary>
    public float[]? SourceHeat { get; init; }

    /// <summary>SHA-256 over all inputs as the graph takes them, of a model that takes several; else null.</summary>
    public string? InputsHash { get; init; }
}
