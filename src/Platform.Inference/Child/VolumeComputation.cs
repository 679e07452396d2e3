using System.Diagnostics;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.Inference.Engine;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Child;

/// <summary>A run on a series as a volume, or on several: :: 1 decode, :: 2 engine, :: 3 findings, segmentation, outlines.</summary>
internal static class VolumeComputation
{
    /// <param name="model">Of the session's package, with what the run asks for in place of its own.</param>
    /// <exception cref="InputRefusedException">A series is none that the model takes.</exception>
    public static async Task<ComputedRun> RunAsync(
        RunManifest run,
        PackageManifest model,
        RunFiles files,
        ModelSession session,
        int threads,
        DateTimeOffset at,
        Action<RunPhase, double> progress,
        CancellationToken ct)
    {
        // :: Step 1
        var watch = Stopwatch.StartNew();
        progress(RunPhase.Decode, 0);
        var series = run.Series[0];
        var input = await SeriesInput.ReadAsync(files.First, series.Modality, model.Input, ct);
        var volume = await input.DecodeAsync(threads, fraction => progress(RunPhase.Decode, fraction), ct);
        var further = await FurtherSeries.ReadAsync(model, files, input, threads, fraction => progress(RunPhase.Decode, fraction), ct);
        var decode = watch.Elapsed.TotalSeconds;

        if (model.IsWhole)
        {
            var said = VolumeEngine.Run(volume, session, threads, progress, ct, further.Volumes);
            return Said(run, model, input, further, volume, said, decode, at);
        }

        // :: Step 2
        var labelled = SegmentationEngine.Run(volume, session, threads, progress, ct, model.Outputs[0], further.Volumes);

        // :: Step 3
        watch.Restart();
        var findings = Findings.Of(labelled, model, run.RunId, series.SeriesInstanceUid);
        var hashing = Task.Run(() => Findings.ResultHash(labelled, findings), ct); // beside what is made of the labels
        List<string> notes = [.. input.Notes, .. further.Notes, .. labelled.Notes];
        var objects = new List<(string Name, DicomFile File)>();
        var outlines = new RunOutlines([], []);
        if (labelled.SourceLabels.AsSpan().ContainsAnyExcept((byte)0))
        {
            (var file, outlines) = SegmentationObject.Write(run, model, input, further.Sources, labelled, findings, at);
            objects.Add(("segmentation.dcm", file));
        }
        else if (!model.Outputs[0].IsDetection && labelled.Enhanced is null)
        {
            notes.Add("The model found none of its structures.");
        }

        return new ComputedRun(
            input.Headers[0],
            findings,
            findings.Count > 0 ? Evidence(model, input, labelled, findings, objects) : [],
            await hashing,
            notes,
            outlines,
            ImageQuality.Of(Slices(volume), reduced: null, model.Quality),
            objects,
            new(
                decode,
                labelled.Prepare.TotalSeconds,
                labelled.Infer.TotalSeconds,
                labelled.Post.TotalSeconds + watch.Elapsed.TotalSeconds))
        {
            Images = labelled.Enhanced is { } enhanced ? DerivedSeries.Write(run, model, input, further.Sources, enhanced, at) : [],
            Basis = further.Sources,
        };
    }

    /// <summary>What a model says of the volume as a whole: all images are what it rests on, and no one shows it but by a heat map.</summary>
    private static ComputedRun Said(
        RunManifest run,
        PackageManifest model,
        SeriesInput input,
        FurtherSeries further,
        Volume volume,
        ClassifiedVolume said,
        double decode,
        DateTimeOffset at)
    {
        var watch = Stopwatch.StartNew();
        var output = model.Outputs[0];
        var heat = VolumeHeatMap.Of(said, output);
        var findings = Findings.Of(said.Numbers, output, hasHeat: heat is not null, run.RunId, run.Series[0].SeriesInstanceUid);
        var objects = new List<(string, DicomFile)>();
        (InstanceReference Instance, int Number)? segment = null;
        InstanceReference? shownBest = null;
        int? frame = null;
        if (heat is not null)
        {
            var file = VolumeHeatMap.Write(run, model, input, further.Sources, heat, findings.FirstOrDefault(f => f.SegmentNumber == 1)?.TrackingUid, at);
            objects.Add(("heat-map.dcm", file));
            segment = (InstanceReference.Of(file.Dataset), 1);
            var plane = input.Geometry.Planes[VolumeHeatMap.StrongestSlice(heat, input)];
            shownBest = InstanceReference.Of(input.Headers[plane.Instance]);
            frame = input.Headers[plane.Instance].GetInt32(DicomTags.NumberOfFrames) > 1 ? plane.Frame + 1 : null;
        }

        return new ComputedRun(
            input.Headers[0],
            findings,
            [
                .. findings.Select((finding, i) => finding.SegmentNumber == 1
                    ? new FindingEvidence($"{model.Name} {i + 1}", shownBest, frame, segment)
                    : new FindingEvidence($"{model.Name} {i + 1}", Image: null, Frame: null, Segment: null)),
            ],
            Findings.ResultHash(said, findings),
            [.. input.Notes, .. further.Notes, .. ResultObjects.Unreported(said.Numbers, output)],
            heat is null ? new RunOutlines([], []) : VolumeHeatMap.Outline(heat, output, input),
            ImageQuality.Of(Slices(volume), reduced: null, model.Quality),
            objects,
            new(decode, said.Prepare.TotalSeconds, said.Infer.TotalSeconds, said.Post.TotalSeconds + watch.Elapsed.TotalSeconds))
        {
            Basis = [.. input.Sources, .. further.Sources],
        };
    }

    /// <summary>The slices at a quarter, half and three quarters of the stack.</summary>
    private static List<PlanarImage> Slices(Volume volume)
    {
        var grid = volume.Grid;
        var area = grid.Height * grid.Width;
        return
        [
            .. new[] { grid.Depth / 4, grid.Depth / 2, 3 * grid.Depth / 4 }
                .Select(z => new PlanarImage(grid.Height, grid.Width, volume.Voxels.AsSpan(z * area, area).ToArray())),
        ];
    }

    /// <summary>The slice on which a finding covers most, and its segment. A finding of several labels together lies in no one segment.</summary>
    private static List<FindingEvidence> Evidence(
        PackageManifest model,
        SeriesInput input,
        LabelledVolume labelled,
        IReadOnlyList<Finding> findings,
        List<(string Name, DicomFile File)> objects)
    {
        var largest = LargestSlices(labelled);
        var segmentation = objects.Count > 0 ? InstanceReference.Of(objects[0].File.Dataset) : null;
        return
        [
            .. findings.Select((finding, i) =>
            {
                var label = finding.SegmentNumber is { } number ? labelled.Segments[number - 1].Label : 0;
                var plane = input.Geometry.Planes[largest[label]];
                var header = input.Headers[plane.Instance];
                return new FindingEvidence(
                    label > 0 ? $"{model.Name} {label}" : $"{model.Name} finding {i + 1}",
                    InstanceReference.Of(header),
                    header.GetInt32(DicomTags.NumberOfFrames) > 1 ? plane.Frame + 1 : null,
                    label > 0 && segmentation is not null ? (segmentation, finding.SegmentNumber!.Value) : null);
            }),
        ];
    }

    /// <summary>For each label the slice with most of its voxels, the first of equals; for 0 that of all labels together.</summary>
    private static int[] LargestSlices(LabelledVolume labelled)
    {
        var grid = labelled.SourceGrid;
        var (largest, most, counts) = (new int[256], new int[256], new int[256]);
        for (var slice = 0; slice < grid.Depth; slice++)
        {
            Array.Clear(counts);
            var area = grid.Height * grid.Width;
            var labels = labelled.SourceLabels.AsSpan(slice * area, area);
            for (int next; (next = labels.IndexOfAnyExcept((byte)0)) >= 0;)
            {
                var label = labels[next];
                labels = labels[next..];
                var length = labels.IndexOfAnyExcept(label);
                length = length < 0 ? labels.Length : length;
                counts[label] += length;
                counts[0] += length;
                labels = labels[length..];
            }

            for (var label = 0; label < counts.Length; label++)
            {
                if (counts[label] > most[label])
                {
                    (most[label], largest[label]) = (counts[label], slice);
                }
            }
        }

        return largest;
    }
}
