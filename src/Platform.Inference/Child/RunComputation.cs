using System.Diagnostics;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Hosting.Blobs;
using Platform.Inference.Engine;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>
/// One attempt in the child: :: 1 model and instances from the blob store, :: 2 volume or image, :: 3 engine, :: 4 results to the blob store.
/// What depends on the input alone is an answer; only what nobody foresaw is an exception, and ends the child.
/// </summary>
internal sealed class RunComputation(BlobStore blobs, SessionCache sessions, string scratch, int threads, TimeProvider clock)
{
    /// <summary>Told, once the model is loaded, the resident memory at which its manifest wants a run to be stopped.</summary>
    public Func<Guid, long, Task>? Bounded { get; init; }

    /// <summary>Where runs take turns on the device; null where each has it for itself.</summary>
    public TurnLine? Turns { get; init; }

    public async Task<ComputeAnswer> RunAsync(ComputeRequest request, Action<RunPhase, double> progress, CancellationToken ct)
    {
        var folder = Path.Combine(scratch, request.AttemptId.ToString("N"));
        try
        {
            var (blob, sha256) = await ComputeAsync(request, folder, progress, ct);
            return new(request.AttemptId, ComputeOutcome.Succeeded, blob, sha256, null, null, sessions.Loaded);
        }
        catch (InputRefusedException e)
        {
            return Answer(ComputeOutcome.Refused, e.Code, e.Message);
        }
        catch (PackageRefusedException e)
        {
            return Answer(ComputeOutcome.Refused, e.Code, e.Message);
        }
        catch (BlobsLostException e)
        {
            return Answer(ComputeOutcome.InfrastructureLost, "blobs-lost", e.InnerException!.GetType().Name);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Answer(ComputeOutcome.Cancelled, "cancelled", "The run was cancelled.");
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        ComputeAnswer Answer(ComputeOutcome outcome, string code, string reason) =>
            new(request.AttemptId, outcome, null, null, code, reason, sessions.Loaded);
    }

    private async Task<(string Blob, string Sha256)> ComputeAsync(
        ComputeRequest request, string folder, Action<RunPhase, double> progress, CancellationToken ct)
    {
        var manifest = request.Manifest;
        var store = new AttemptBlobs(
            blobs, manifest.TenantId, BlobNames.Attempt(manifest.TenantId, manifest.RunId, request.AttemptId, ""));

        // :: Step 1
        var place = request.TakesTurns ? Turns?.Of(request.AttemptId, progress, ct) : null;
        progress = place is null ? progress : place.Report;
        if (!sessions.Loaded.Contains(manifest.Model.Hash))
        {
            place?.Take(); // calibration and golden cases are inferences
        }

        var watch = Stopwatch.StartNew();
        progress(RunPhase.Fetch, 0);
        var session = await sessions.GetAsync(manifest.Model, request.IsVerified, store, progress, ct);
        if (Bounded is not null && sessions.RunLimitBytes() is { } bytes)
        {
            await Bounded(request.AttemptId, bytes);
        }

        var inputs = await RunFiles.FetchAsync(
            manifest, session.Package.Manifest, store, folder, fraction => progress(RunPhase.Fetch, fraction), ct);
        var fetch = Lap(watch);

        // :: Steps 2 and 3
        var (package, problem) = PackageParameters.Apply(session.Package.Manifest, manifest.Parameters);
        if (package is null)
        {
            throw new PackageRefusedException("parameter-unknown", problem!);
        }

        var computed = package.Input.IsPlanar
            ? await ImageComputation.RunAsync(manifest, package, inputs.First, session, clock.GetUtcNow(), progress, ct)
            : await VolumeComputation.RunAsync(manifest, package, inputs, session, threads, clock.GetUtcNow(), progress, ct);

        // :: Step 4
        watch.Restart();
        progress(RunPhase.Write, 0);
        var files = computed.Objects.Concat(Documents(manifest, package, computed)).ToList();
        var written = await store.WriteAllAsync(
            [
                (BlobNames.OutlinesFile, JsonSerializer.SerializeToUtf8Bytes(computed.Outlines with { Quality = computed.Quality }, PlatformJson.Options)),
                .. files.Select(f => (f.Name, f.File.ToArray())),
            ],
            ct);
        var objects = files.Select((f, i) => Object(f.File, written[i + 1])).ToList();
        foreach (var (name, file) in computed.Images)
        {
            var (blob, length, sha256) = await store.WriteAsync(name, file.ToArray(), ct);
            objects.Add(Object(file, new(blob, length, sha256)));
        }

        var (decode, prepare, infer, post) = computed.Seconds;
        var result = new RunResult(
            manifest.TenantId, manifest.RunId, request.AttemptId, manifest.Model.Name, manifest.Model.Version, manifest.Model.Hash,
            computed.ResultHash, session.Device.Name, computed.Findings, objects,
            new PhaseSeconds(fetch, decode, prepare, infer, post, Lap(watch)), computed.Notes)
        {
            Outlines = written[0],
            Quality = computed.Quality,
            Frames = computed.Frames,
        };
        var answer = await store.WriteJsonAsync("result.json", result, ct);
        return (answer.Blob, answer.Sha256);
    }

    /// <summary>A report where anything was found, and key images where it lies on some.</summary>
    private IEnumerable<(string Name, DicomFile File)> Documents(RunManifest manifest, PackageManifest package, ComputedRun computed)
    {
        if (computed.Findings.Count > 0)
        {
            yield return ("report.dcm", ReportObject.Write(manifest, package, computed, clock.GetUtcNow()));
        }

        if (ReportObject.Shown(computed).Any())
        {
            yield return ("key-images.dcm", ReportObject.WriteKeyObjects(manifest, package, computed, clock.GetUtcNow()));
        }
    }

    private static ResultObject Object(DicomFile file, ResultFile blob) => new(
        file.Dataset.GetString(DicomTags.SOPClassUID)!,
        file.Dataset.GetString(DicomTags.SOPInstanceUID)!,
        file.Dataset.GetString(DicomTags.SeriesInstanceUID)!,
        file.Syntax.Uid,
        blob.Blob,
        blob.Length,
        blob.Sha256);

    private static double Lap(Stopwatch watch)
    {
        var seconds = watch.Elapsed.TotalSeconds;
        watch.Restart();
        return seconds;
    }
}
