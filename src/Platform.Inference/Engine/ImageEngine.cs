using System.Diagnostics;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>One image and one warm model in, the probability of each class or the values of a regression out. No files, no DICOM.</summary>
public static class ImageEngine
{
    /// <summary>:: 1 reduce to the model's size and transform, :: 2 the graph, :: 3 calibrate.</summary>
    /// <param name="source">Display values 0 to 1, or modality values, as the manifest asks; of colours red, green and blue.</param>
    /// <param name="progress">Told phase and fraction; throws to stop.</param>
    /// <exception cref="InputRefusedException">The image or what the model makes of it holds values that are not numbers.</exception>
    public static ClassifiedImage Run(PlanarImage source, ModelSession session, Action<RunPhase, double> progress, CancellationToken ct)
    {
        var manifest = session.Package.Manifest;
        var (input, output) = (manifest.Input, manifest.Outputs[0]);
        var clock = Stopwatch.StartNew();

        // :: Step 1
        progress(RunPhase.Prepare, 0);
        var (reduced, box) = Reduced(source, input);
        Give(reduced, input, session.Input);
        var prepare = clock.Elapsed;

        // :: Step 2
        progress(RunPhase.Infer, 0); // may wait for its turn on the device
        clock.Restart();
        session.Run(1, ct);
        var infer = clock.Elapsed;

        // :: Step 3
        clock.Restart();
        progress(RunPhase.Post, 0);
        var numbers = WholeOutput.Numbers(session.Output[..session.Classes], output);
        var heat = session.HeatShape is [var heatRows, var heatColumns]
            ? new PlanarImage(heatRows, heatColumns, session.Heat[..(heatRows * heatColumns)].ToArray())
            : null;
        foreach (ref var value in (heat?.Values ?? []).AsSpan())
        {
            value = float.IsFinite(value) ? Math.Clamp(value, 0, 1) : 0;
        }

        return new ClassifiedImage(
            reduced, box, numbers, heat, prepare, infer, clock.Elapsed);
    }

    /// <summary>Frames one after the other, each like an image of its own, as many at once as a session's batch has.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="progress">Told the fraction done after each batch; throws to stop.</param>
    /// <exception cref="InputRefusedException">A frame or what the model makes of it holds values that are not numbers.</exception>
    public static async Task<FrameNumbers> RunAllAsync(
        IAsyncEnumerable<PlanarImage> frames, int count, ModelSession session, Action<RunPhase, double> progress, CancellationToken ct)
    {
        var manifest = session.Package.Manifest;
        var pixels = manifest.Channels * session.PatchVoxels;
        var (prepare, infer) = (new Stopwatch(), new Stopwatch());
        var numbers = new List<IReadOnlyList<double>>(count);
        var waiting = 0;
        await foreach (var frame in frames.WithCancellation(ct))
        {
            prepare.Start();
            Give(Reduced(frame, manifest.Input).Image, manifest.Input, session.Input.Slice(waiting * pixels, pixels));
            prepare.Stop();
            waiting++;
            if (waiting == session.Batch || numbers.Count + waiting == count)
            {
                progress(RunPhase.Infer, numbers.Count / (double)count);
                infer.Start();
                session.Run(waiting, ct);
                infer.Stop();
                for (var i = 0; i < waiting; i++)
                {
                    numbers.Add(WholeOutput.Numbers(session.Output.Slice(i * session.Classes, session.Classes), manifest.Outputs[0]));
                }

                waiting = 0;
                progress(RunPhase.Infer, numbers.Count / (double)count);
                ct.ThrowIfCancellationRequested();
            }
        }

        return new FrameNumbers(numbers, prepare.Elapsed, infer.Elapsed);
    }

    /// <summary>An image at the graph's size, and the part of it that this shows.</summary>
    internal static (PlanarImage Image, PlanarBox Box) Reduced(PlanarImage source, InputSpec input)
    {
        var (rows, columns) = (input.Size![0], input.Size[1]);
        var box = PlanarBox.Of(input.Fit, source.Rows, source.Columns, rows, columns);
        var reduced = AreaAverage.Of(source, box, rows, columns);
        return (reduced with { Colours = [.. source.Colours.Select(c => AreaAverage.Of(source with { Values = c }, box, rows, columns).Values)] }, box);
    }

    private static void Give(PlanarImage reduced, InputSpec input, Span<float> to)
    {
        var (pixels, channels) = (reduced.Values.Length, input.IsRgb ? 3 : 1);
        var given = to[..(channels * pixels)];
        for (var c = 0; c < channels; c++)
        {
            (channels == 3 && reduced.Colours.Count == 3 ? reduced.Colours[c] : reduced.Values).CopyTo(given[(c * pixels)..]);
        }

        Intensity.Apply(given, input.Intensity);
    }
}

/// <summary>What a classification or a regression says of an image.</summary>
/// <param name="Reduced">The image as the model took it, before its intensity transforms.</param>
/// <param name="Box">The part of the source that it shows.</param>
/// <param name="Numbers">In the order of the manifest: the classes' calibrated probabilities, or the values of a regression.</param>
/// <param name="Heat">Evidence for the heat map's class over the box, 0 to 1; null where the graph gives none.</param>
public sealed record ClassifiedImage(
    PlanarImage Reduced,
    PlanarBox Box,
    IReadOnlyList<double> Numbers,
    PlanarImage? Heat,
    TimeSpan Prepare,
    TimeSpan Infer,
    TimeSpan Post);
