using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Platform.Benchmarks.Measuring;
using Platform.Contracts;
using Platform.Dicom.Objects;
using Platform.Dicom.Volumes;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Platform.Inference.Volumes;
using Platform.Local.Sample;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Platform.Benchmarks.Scenarios;

/// <summary>
/// What a worker's child does for one run (fetch, decode, prepare, infer, post, write; session warm) against ONNX Runtime alone,
/// with its own defaults and as many threads, on the very tensors that the engine gave it.
/// </summary>
internal static class WorkerScenarios
{
    public static async Task RunAsync(Stage stage, string folder)
    {
        await MeasureAsync(stage, Path.Combine(folder, "worker-mr"), "hippocampus-volume", SampleStudy.Hippocampus, 9);
        await MeasureAsync(stage, Path.Combine(folder, "worker-ct"), "chest-ct-nodule", Large(SampleStudy.Chest), 3);
    }

    /// <summary>The same patient on 512 × 512 × 440 voxels of 1 × 1 × 1.5 mm, its edges drawn on: a run of about 20 s on two fast cores, of more on others.</summary>
    private static SampleStudy Large(SampleStudy sample) => sample with
    {
        Series = () =>
        {
            var series = sample.Series();
            var from = new Volume(new Grid(series.Slices, series.Rows, series.Columns, series.Affine), series.Voxels.ToArray());
            var centre = series.Affine.ToPatient((series.Columns - 1) / 2.0, (series.Rows - 1) / 2.0, (series.Slices - 1) / 2.0);
            var affine = Affine.Axial(1, 1, 1.5, centre - new Vector3D(255.5, 255.5, 1.5 * 219.5));
            var grid = new Grid(440, 512, 512, affine);
            var voxels = Resampling.To(grid, from, Interpolation.Linear, Environment.ProcessorCount, CancellationToken.None).Voxels;
            TensorPrimitives.Round<float>(voxels, voxels);
            return series with { Columns = 512, Rows = 512, Slices = 440, Affine = affine, Voxels = voxels };
        },
    };

    private static async Task MeasureAsync(Stage stage, string folder, string model, SampleStudy sample, int repetitions)
    {
        var threads = Environment.ProcessorCount;
        var blobs = new FileBlobStore(Path.Combine(folder, "blobs"), 0, TimeProvider.System);
        var manifest = await ManifestAsync(blobs, model, sample);
        var scratch = Path.Combine(folder, "scratch");
        Directory.CreateDirectory(scratch);
        using var sessions = new SessionCache(Device.Cpu, threads);
        var computation = new RunComputation(blobs, sessions, scratch, threads, TimeProvider.System);

        // What the engine hands to ONNX Runtime: the bound input, each time a batch is done.
        var tensors = new List<float[]>();
        var session = await sessions.GetAsync(manifest.Model, isVerified: true, new AttemptBlobs(blobs, manifest.TenantId, BlobNames.Attempt(manifest.TenantId, manifest.RunId, Guid.Empty, "")), default);
        await RunAsync(computation, manifest, (phase, done) =>
        {
            if (phase == RunPhase.Infer && done > 0)
            {
                tensors.Add(session.Input.ToArray());
            }
        });

        var window = session.Package.Manifest.Window;
        long[] shape = [session.Batch, 1, window.Patch[0], window.Patch[1], window.Patch[2]];
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        using var bare = new InferenceSession(session.Package.Model, options);
        var phases = new List<(PhaseSeconds Seconds, double Whole)>();
        await stage.MeasureAsync(
            $"One run of {model}, warm",
            string.Create(CultureInfo.InvariantCulture, $"{manifest.Series[0].Instances.Count} {sample.Modality} images, {tensors.Count} tensors of {session.Batch} × {string.Join(" × ", window.Patch)}"),
            repetitions,
            [
                new Contestant("Platform", async repetition =>
                {
                    var started = Stopwatch.GetTimestamp();
                    var seconds = await RunAsync(computation, manifest, (_, _) => { });
                    if (repetition >= 0)
                    {
                        phases.Add((seconds, Stopwatch.GetElapsedTime(started).TotalSeconds));
                    }
                }),
                new Contestant("ONNX Runtime alone", _ => Task.Run(() => RunBare(bare, session, shape, tensors))),
            ]);
        stage.Note(
            $"One run of {model}, of which in the mean of the repetitions: fetch {Mean(p => p.Fetch)}, decode {Mean(p => p.Decode)}, prepare {Mean(p => p.Prepare)}, " +
            $"infer {Mean(p => p.Infer)}, post {Mean(p => p.Post)}, write {Mean(p => p.Write)}, in none of them " +
            $"{Milliseconds(phases.Average(p => p.Whole - Sum(p.Seconds)))} ms.");

        string Mean(Func<PhaseSeconds, double> phase) => Milliseconds(phases.Average(p => phase(p.Seconds)));

        static double Sum(PhaseSeconds p) => p.Fetch + p.Decode + p.Prepare + p.Infer + p.Post + p.Write;

        static string Milliseconds(double seconds) => (1000 * seconds).ToString("0", CultureInfo.InvariantCulture);
    }

    private static void RunBare(InferenceSession bare, ModelSession session, long[] shape, List<float[]> tensors)
    {
        using var run = new RunOptions();
        foreach (var tensor in tensors)
        {
            using var input = OrtValue.CreateTensorValueFromMemory(tensor, shape);
            using var results = bare.Run(
                run, [session.Package.Manifest.Input.Name], [input], [session.Package.Manifest.Outputs[0].Name]);
        }
    }

    private static async Task<PhaseSeconds> RunAsync(RunComputation computation, RunManifest manifest, Action<RunPhase, double> progress)
    {
        var answer = await computation.RunAsync(
            new ComputeRequest(Guid.CreateVersion7(), manifest, IsVerified: true), progress, CancellationToken.None);
        if (answer.Outcome != ComputeOutcome.Succeeded)
        {
            throw new InvalidOperationException($"The run did not succeed: {answer.ReasonCode} {answer.Reason}");
        }

        await using var result = await resultBlobs!.OpenReadAsync(answer.ResultBlob!, CancellationToken.None);
        return (await JsonSerializer.DeserializeAsync<RunResult>(result!, PlatformJson.Options))!.Seconds;
    }

    private static BlobStore? resultBlobs;

    private static async Task<RunManifest> ManifestAsync(BlobStore blobs, string model, SampleStudy sample)
    {
        resultBlobs = blobs;
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(Path.Combine(Checkout.Root, "src/models", model), zip, CancellationToken.None);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        await WriteAsync(blobs, BlobNames.Model(hash), zip.ToArray());

        var (tenantId, runId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var instances = new List<ManifestInstance>();
        var series = sample.Series();
        foreach (var file in ImageSeriesWriter.Write(series).Select(file => file.ToArray()))
        {
            var name = BlobNames.Instance(tenantId, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(blobs, name, file);
            instances.Add(new("", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        return new RunManifest(
            tenantId, runId, series.StudyInstanceUid, 1, [new("2.25.1", sample.Modality, instances)],
            new ManifestModel(model, "1.0.0", hash, BlobNames.Model(hash)), new Dictionary<string, string>(), 600);
    }

    private static async Task WriteAsync(BlobStore blobs, string name, byte[] content)
    {
        await using var blob = await blobs.CreateAsync(name, CancellationToken.None);
        await blob.WriteAsync(content);
        await blob.CommitAsync(CancellationToken.None);
    }
}
