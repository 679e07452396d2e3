using System.Diagnostics;
using System.Runtime.Intrinsics;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>One float volume, others that a model takes beside it, and one warm model in, labels out. No files, no DICOM, no clock but for the phases' durations.</summary>
public static class SegmentationEngine
{
    /// <summary>
    /// :: 1 orient and resample to the model's grid, :: 2 intensity transforms, further inputs onto that grid, :: 3 pad to a patch, :: 4 sliding window,
    /// :: 5 greatest class, or probability of a detection, :: 6 components, :: 7 labels on the source's grid.
    /// </summary>
    /// <param name="progress">Told phase and fraction; throws to stop.</param>
    /// <param name="asked">The package's output with other thresholds; null takes the package's own.</param>
    /// <param name="further">The package's further inputs; those that are missing are what its manifest says.</param>
    /// <exception cref="InputRefusedException">The volume is none that the model takes.</exception>
    public static LabelledVolume Run(
        Volume source,
        ModelSession session,
        int threads,
        Action<RunPhase, double> progress,
        CancellationToken ct,
        OutputSpec? asked = null,
        IReadOnlyList<FurtherVolume>? further = null)
    {
        var manifest = session.Package.Manifest;
        var output = asked ?? manifest.Outputs[0];
        var clock = Stopwatch.StartNew();

        progress(RunPhase.Prepare, 0);
        var volume = ModelVolume.Of(source, manifest.Input, manifest.Input.SpacingMm, threads, ct);
        var grid = volume.Grid;
        var inputs = PreparedInputs.Of(manifest, volume, further, threads, ct);
        var padded = Padded.Around(volume, [.. manifest.Window.Patch], manifest.Window.PadValue);
        var beside = inputs.Into(session, (spec, v) => Padded.Around(v, [.. manifest.Window.Patch], spec.Fill ?? 0).Voxels);
        var prepare = clock.Elapsed;

        progress(RunPhase.Infer, 0); // may wait for its turn on the device
        clock.Restart();
        var plan = WindowPlan.Of(manifest.Window, output, padded.Shape, session.Classes, session.Batch) with
        {
            FurtherChannels = beside.Count(f => f.Channel is not null),
        };
        var isKept = output.IsDetection || output.IsImage;
        var channel = output.IsDetection ? output.Segments[0].Label : 0;
        var labels = isKept ? [] : new byte[grid.Length];
        var probability = isKept ? GC.AllocateUninitializedArray<float>(grid.Length) : [];
        SlidingWindow.Run(padded.Voxels, plan, session.Input, Predict, Take, done => Report(RunPhase.Infer, done), threads, beside);
        var infer = clock.Elapsed;

        clock.Restart();
        progress(RunPhase.Post, 0);
        int[] shape = [grid.Depth, grid.Height, grid.Width];
        if (output.IsImage)
        {
            var made = new Volume(grid, probability);
            Intensity.Apply(made.Voxels, [new IntensitySpec("scale", null, null, null, null, output.Image!.Slope, output.Image.Intercept)]);
            var enhanced = Resampling.To(source.Grid, made, Interpolation.Linear, threads, ct).Voxels;
            return new LabelledVolume(grid, [], source.Grid, [], [], [], [], prepare, infer, clock.Elapsed) { Enhanced = enhanced, InputsHash = inputs.Hash };
        }

        if (output.IsDetection)
        {
            var found = Detections.In(probability, shape, grid.VoxelVolumeMm3, output);
            var shown = Resampling.Labels(found.Labels, grid, source.Grid, threads, ct);
            Detections.ShowEach(found, grid, shown, source.Grid);
            return new LabelledVolume(
                grid, found.Labels, source.Grid, shown, found.Segments, found.Probabilities, found.Notes, prepare, infer, clock.Elapsed)
            {
                InputsHash = inputs.Hash,
            };
        }

        var notes = new List<string>();
        foreach (var segment in output.Segments)
        {
            var minimum = (int)Math.Ceiling((segment.MinComponentMm3 ?? 0) / grid.VoxelVolumeMm3);
            var removed = Components.Filter(labels, shape, (byte)segment.Label, 26, segment.KeepLargest, minimum);
            if (removed > 0)
            {
                notes.Add($"{segment.Name}: {removed} smaller part(s) left out.");
            }
        }

        var sourceLabels = Resampling.Labels(labels, grid, source.Grid, threads, ct);
        return new LabelledVolume(grid, labels, source.Grid, sourceLabels, output.Segments, [], notes, prepare, infer, clock.Elapsed) { InputsHash = inputs.Hash };

        // A slice is done: of a detection its class's probabilities, of an image its values are kept, of a segmentation the greatest class.
        void Take(int z, ReadOnlySpan<float> probabilities)
        {
            var area = padded.Shape[1] * padded.Shape[2];
            for (var y = 0; padded.IsInside(z, grid) && y < grid.Height; y++)
            {
                var (from, to) = (padded.RowStart(y), (((z - padded.Before[0]) * grid.Height) + y) * grid.Width);
                if (isKept)
                {
                    probabilities.Slice((channel * area) + from, grid.Width).CopyTo(probability.AsSpan(to));
                }
                else
                {
                    GreatestClass(probabilities[from..], area, session.Classes, labels.AsSpan(to, grid.Width));
                }
            }
        }

        ReadOnlySpan<float> Predict(int patches)
        {
            session.Run(patches, ct);
            return session.Output;
        }

        void Report(RunPhase phase, double done)
        {
            progress(phase, done);
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <summary>For each voxel of a row the class with the greatest probability, the lower one of equals.</summary>
    private static void GreatestClass(ReadOnlySpan<float> probabilities, int area, int classes, Span<byte> labels)
    {
        var i = 0;
        Span<int> eight = stackalloc int[Vector256<int>.Count];
        for (; i <= labels.Length - eight.Length; i += eight.Length)
        {
            var (most, which) = (Vector256.Create(probabilities.Slice(i, eight.Length)), Vector256<int>.Zero);
            for (var c = 1; c < classes; c++)
            {
                var other = Vector256.Create(probabilities.Slice((c * area) + i, eight.Length));
                var isMore = Vector256.GreaterThan(other, most);
                most = Vector256.ConditionalSelect(isMore, other, most);
                which = Vector256.ConditionalSelect(isMore.AsInt32(), Vector256.Create(c), which);
            }

            which.CopyTo(eight);
            for (var lane = 0; lane < eight.Length; lane++)
            {
                labels[i + lane] = (byte)eight[lane];
            }
        }

        for (; i < labels.Length; i++)
        {
            var greatest = 0;
            for (var c = 1; c < classes; c++)
            {
                greatest = probabilities[(c * area) + i] > probabilities[(greatest * area) + i] ? c : greatest;
            }

            labels[i] = (byte)greatest;
        }
    }

    /// <summary>A volume in the middle of a larger one.</summary>
    private sealed record Padded(float[] Voxels, int[] Shape, int[] Before)
    {
        public static Padded Around(Volume volume, int[] patch, float value)
        {
            int[] shape = [volume.Grid.Depth, volume.Grid.Height, volume.Grid.Width];
            int[] larger = [.. shape.Zip(patch, Math.Max)];
            int[] before = [.. shape.Zip(patch, (n, p) => Math.Max(0, p - n) / 2)];
            if (larger.SequenceEqual(shape))
            {
                return new(volume.Voxels, shape, before);
            }

            var voxels = new float[checked(larger[0] * larger[1] * larger[2])];
            Array.Fill(voxels, value);
            for (var z = 0; z < shape[0]; z++)
            {
                for (var y = 0; y < shape[1]; y++)
                {
                    volume.Voxels.AsSpan(((z * shape[1]) + y) * shape[2], shape[2])
                        .CopyTo(voxels.AsSpan(((((z + before[0]) * larger[1]) + y + before[1]) * larger[2]) + before[2]));
                }
            }

            return new(voxels, larger, before);
        }

        /// <summary>Whether a slice of the larger volume is one of the inner.</summary>
        public bool IsInside(int z, Grid inner) => z >= Before[0] && z < Before[0] + inner.Depth;

        /// <summary>Where a row of the inner volume begins in a slice of the larger.</summary>
        public int RowStart(int y) => ((y + Before[1]) * Shape[2]) + Before[2];
    }
}

/// <summary>Labels on the model's grid, where volumes are measured, and on the source's, where they are shown.</summary>
/// <param name="Labels">[z, y, x] on <paramref name="Grid"/>.</param>
/// <param name="SourceLabels">[z, y, x] on <paramref name="SourceGrid"/>, nearest neighbour.</param>
/// <param name="Segments">What the labels are: the manifest's segments, or one for each detection, the most probable first.</param>
/// <param name="Probabilities">Of each detection; empty where the model gives none.</param>
/// <param name="Notes">Sentences for the reader of the result.</param>
public sealed record LabelledVolume(
    Grid Grid,
    byte[] Labels,
    Grid SourceGrid,
    byte[] SourceLabels,
    IReadOnlyList<SegmentSpec> Segments,
    IReadOnlyList<double> Probabilities,
    IReadOnlyList<string> Notes,
    TimeSpan Prepare,
    TimeSpan Infer,
    TimeSpan Post)
{
    /// <summary>Modality values [z, y, x] on <see cref="SourceGrid"/> that an image-to-image model made; null from others.</summary>
    public float[]? Enhanced { get; init; }

    /// <summary>SHA-256 over all inputs as the graph takes them, of a model that takes several; else null.</summary>
    public string? InputsHash { get; init; }
}
