using System.Diagnostics;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>A run of a model of images on every frame of a series: :: 1 engine, frames in batches, :: 2 one result by the manifest's rule, :: 3 what shows it.</summary>
internal static class FramesComputation
{
    /// <exception cref="InputRefusedException">A frame is none that the model takes.</exception>
    public static async Task<ComputedRun> RunAsync(
        RunManifest run, PackageManifest model, ImageFrames frames, ModelSession session, DateTimeOffset at, Action<RunPhase, double> progress, CancellationToken ct)
    {
        // :: Step 1
        var count = frames.Places.Count;
        var looked = new List<PlanarImage>();
        int[] sampled = [count / 4, count / 2, 3 * count / 4];
        var said = await ImageEngine.RunAllAsync(Values(), count, session, progress, ct);

        // :: Step 2
        var watch = Stopwatch.StartNew();
        var output = model.Outputs[0];
        var numbers = said.Across(output.AcrossFrames!);
        var labels = output.IsRegression ? output.Values!.Select(v => v.Label).ToList() : [.. output.Classes!.Select(c => c.Label)];
        var findings = Findings.Of(numbers, output, output.HeatMap is not null, run.RunId, run.Series[0].SeriesInstanceUid);

        // :: Step 3
        var evidence = new List<FindingEvidence>();
        foreach (var finding in findings)
        {
            var number = labels.FindIndex(label => finding.TrackingUid == Findings.FindingUid(run.RunId, label));
            var place = said.Shown(number, numbers[number], output);
            evidence.Add(ImageInput.Evidence($"{model.Name} {evidence.Count + 1}", frames.Header(place), frames.Places[place].Frame));
        }

        var objects = new List<(string, DicomFile)>();
        var outlines = new RunOutlines([], []);
        if (output.HeatMap is { } map)
        {
            var number = labels.IndexOf(map.Label);
            var input = await frames.ReadAsync(said.Shown(number, numbers[number], output), ct);
            var image = ImageEngine.Run(input.Values, session, (_, _) => { }, ct); // the turn on the device is still held
            outlines = HeatMapObject.Outline(HeatMapObject.Of(image, output)!, image, output, input);
            objects.Add(("heat-map.dcm", HeatMapObject.Write(run, model, input, HeatMapObject.Of(image, output)!, image, at)));
        }

        progress(RunPhase.Post, 0); // from here on the device is another's
        return new ComputedRun(
            frames.Header(0),
            findings,
            evidence,
            Findings.ResultHash(said, findings),
            [.. frames.Notes, .. ResultObjects.Unreported(numbers, output)],
            outlines,
            ImageQuality.Of(looked, ImageEngine.Reduced(looked[looked.Count / 2], model.Input).Image, model.Quality),
            objects,
            new(frames.Decoding.TotalSeconds, said.Prepare.TotalSeconds, said.Infer.TotalSeconds, watch.Elapsed.TotalSeconds))
        {
            Basis = [.. frames.Places.Select((p, place) => (p.Image, place)).DistinctBy(p => p.Image).Select(p => InstanceReference.Of(frames.Header(p.place)))],
            Frames =
            [
                .. said.Frames.Select((values, place) => new FrameResult(
                    frames.Header(place).GetUid(DicomTags.SOPInstanceUID) ?? "", frames.Places[place].Frame + 1, [.. values.Select(v => Math.Round(v, 3) + 0.0)])),
            ],
        };

        async IAsyncEnumerable<PlanarImage> Values()
        {
            var place = 0;
            await foreach (var input in frames.ReadAllAsync(ct))
            {
                if (sampled.Contains(place++))
                {
                    looked.Add(input.Values);
                }

                yield return input.Values;
            }
        }
    }
}
