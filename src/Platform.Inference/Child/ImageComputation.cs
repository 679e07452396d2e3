using System.Diagnostics;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>A run on one image: :: 1 decode, :: 2 engine, :: 3 findings, heat map.</summary>
internal static class ImageComputation
{
    /// <param name="model">Of the session's package, with what the run asks for in place of its own.</param>
    /// <exception cref="InputRefusedException">The series holds no image that the model takes.</exception>
    public static async Task<ComputedRun> RunAsync(
        RunManifest run,
        PackageManifest model,
        IReadOnlyList<FetchedInstance> instances,
        ModelSession session,
        DateTimeOffset at,
        Action<RunPhase, double> progress,
        CancellationToken ct)
    {
        // :: Step 1
        var watch = Stopwatch.StartNew();
        progress(RunPhase.Decode, 0);
        var series = run.Series[0];
        var frames = await ImageFrames.OpenAsync(instances, series.Modality, model.Input, ct);
        if (model.Input.TakesEveryFrame)
        {
            return await FramesComputation.RunAsync(run, model, frames, session, at, progress, ct);
        }

        var input = await frames.ReadAsync(0, ct);
        var decode = watch.Elapsed.TotalSeconds;

        // :: Step 2
        var image = ImageEngine.Run(input.Values, session, progress, ct);

        // :: Step 3
        watch.Restart();
        var output = model.Outputs[0];
        var findings = Findings.Of(image.Numbers, output, image.Heat is not null, run.RunId, series.SeriesInstanceUid);
        var objects = new List<(string, DicomFile)>();
        var outlines = new RunOutlines([], []);
        if (HeatMapObject.Of(image, output) is { } heat)
        {
            outlines = HeatMapObject.Outline(heat, image, output, input);
            objects.Add(("heat-map.dcm", HeatMapObject.Write(run, model, input, heat, image, at)));
        }

        return new ComputedRun(
            input.Header,
            findings,
            [.. findings.Select((_, i) => ImageInput.Evidence($"{model.Name} {i + 1}", input.Header, input.Frame))],
            Findings.ResultHash(image, findings),
            [.. frames.Notes, .. ResultObjects.Unreported(image.Numbers, output)],
            outlines,
            ImageQuality.Of(input.Values, image.Reduced, model.Quality),
            objects,
            new(decode, image.Prepare.TotalSeconds, image.Infer.TotalSeconds, image.Post.TotalSeconds + watch.Elapsed.TotalSeconds));
    }
}
