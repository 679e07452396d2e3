using System.Diagnostics;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>A run on a series as a volume: :: 1 decode, :: 2 engine, :: 3 findings, segmentation, outlines.</summary>
internal static class VolumeComputation
{
    /// <exception cref="InputRefusedException">The series is none that the model takes.</exception>
    public static async Task<ComputedRun> RunAsync(
        RunManifest run,
        IReadOnlyList<string> paths,
        ModelSession session,
        int threads,
        DateTimeOffset at,
        Action<RunPhase, double> progress,
        CancellationToken ct)
    {
        // :: Step 1
        var watch = Stopwatch.StartNew();
        progress(RunPhase.Decode, 0);
        var (model, series) = (session.Package.Manifest, run.Series[0]);
        var input = await SeriesInput.ReadAsync(paths, series.Modality, model.Input, ct);
        var volume = await input.DecodeAsync(threads, fraction => progress(RunPhase.Decode, fraction), ct);
        var decode = watch.Elapsed.TotalSeconds;

        // :: Step 2
        var labelled = SegmentationEngine.Run(volume, session, threads, progress, ct);

        // :: Step 3
        watch.Restart();
        var findings = Findings.Of(labelled, model, run.RunId, series.SeriesInstanceUid);
        var hash = Findings.ResultHash(labelled, findings);
        var notes = new List<string>(labelled.Notes);
        var objects = new List<(string, DicomFile)>();
        RunOutlines? outlines = null;
        if (labelled.SourceLabels.AsSpan().ContainsAnyExcept((byte)0))
        {
            (var file, outlines) = SegmentationObject.Write(run, model, input, labelled, findings, at);
            objects.Add(("segmentation.dcm", file));
        }
        else if (!model.Outputs[0].IsDetection)
        {
            notes.Add("The model found none of its structures.");
        }

        return new ComputedRun(
            input.Headers[0],
            findings,
            hash,
            notes,
            outlines,
            objects,
            new(
                decode,
                labelled.Prepare.TotalSeconds,
                labelled.Infer.TotalSeconds,
                labelled.Post.TotalSeconds + watch.Elapsed.TotalSeconds));
    }
}
