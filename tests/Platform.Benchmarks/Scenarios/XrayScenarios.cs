using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Platform.Benchmarks.Scenarios;

/// <summary>
/// A stream of chest X-rays through real compute children, each run whole (fetch, decode, prepare, infer, heat map, write), against ONNX Runtime
/// alone on the tensors of the same images, already made, at the batch that is best for it, on the same cores.
/// </summary>
internal static class XrayScenarios
{
    private const int Images = 200;
    private const int Rows = 2500;
    private const int Columns = 2048;

    public static async Task RunAsync(Stage stage, string folder)
    {
        var blobs = new FileBlobStore(Path.Combine(folder, "xray-blobs"), 0, TimeProvider.System);
        var package = await ModelPackage.OpenFolderAsync(Path.Combine(Checkout.Root, "src/models/chest-xray-pneumonia"), CancellationToken.None);
        var model = await InstallAsync(blobs, "chest-xray-pneumonia");
        var (runs, tensors) = await RunsAsync(blobs, model, package.Manifest.Input);

        var threads = Environment.ProcessorCount;
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        using var bare = new InferenceSession(package.Model, options);
        var batch = BestBatch(bare, package.Manifest, tensors);

        await using var one = await Children.StartAsync(blobs, folder, 1, threads);
        await using var each = await Children.StartAsync(blobs, folder, threads, 1);
        List<PhaseSeconds> together = [];
        var amount = string.Create(CultureInfo.InvariantCulture, $"{runs.Count} X-rays of {Columns} × {Rows}, batch of {batch} for ONNX Runtime");
        await stage.MeasureAsync(
            "A stream of X-rays, warm",
            amount,
            3,
            [
                new Contestant("Platform", async _ => together.AddRange(await each.RunAsync(runs))),
                new Contestant("ONNX Runtime alone", _ => Task.Run(() => RunBare(bare, package.Manifest, tensors, batch))),
            ]);
        var few = runs.Take(Images / 5).ToList();
        await one.RunAsync(few);
        var started = Stopwatch.GetTimestamp();
        var alone = await one.RunAsync(few);
        var oneRate = few.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        stage.Note($"Processor time of the children for an X-ray, {threads} at a time: {each.Processor} ms.");
        var timings = stage.Measurements[^1].Timings;
        stage.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"X-rays in a second: Platform {Rate(0):0.0}, ONNX Runtime alone {Rate(1):0}, Platform one at a time {oneRate:0.0}."));
        stage.Note($"One X-ray, one at a time: {Phases(alone)}; {threads} at a time: {Phases(together)}.");

        double Rate(int contestant) => runs.Count / timings[contestant].Median.TotalSeconds;
    }

    private static string Phases(IReadOnlyList<PhaseSeconds> phases)
    {
        return $"fetch {Mean(p => p.Fetch)}, decode {Mean(p => p.Decode)}, prepare {Mean(p => p.Prepare)}, infer {Mean(p => p.Infer)}, post {Mean(p => p.Post)}, write {Mean(p => p.Write)} ms";

        string Mean(Func<PhaseSeconds, double> phase) => (1000 * phases.Average(phase)).ToString("0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>The batch with the most images a second, of those that double.</summary>
    private static int BestBatch(InferenceSession bare, PackageManifest manifest, float[][] tensors)
    {
        int[] batches = [1, 2, 4, 8, 16, 32, 64];
        return batches.MinBy(batch =>
        {
            var times = Enumerable.Range(0, 6).Select(_ =>
            {
                var started = Stopwatch.GetTimestamp();
                RunBare(bare, manifest, tensors, batch);
                return Stopwatch.GetElapsedTime(started);
            });
            return times.Min();
        });
    }

    private static void RunBare(InferenceSession bare, PackageManifest manifest, float[][] tensors, int batch)
    {
        using var run = new RunOptions();
        var output = manifest.Outputs[0];
        string[] outputs = output.HeatMap is { } heat ? [output.Name, heat.Name] : [output.Name];
        foreach (var chunk in tensors.Chunk(batch))
        {
            using var input = OrtValue.CreateTensorValueFromMemory(
                chunk.SelectMany(t => t).ToArray(), [chunk.Length, 1, manifest.Input.Size![0], manifest.Input.Size[1]]);
            using var results = bare.Run(run, [manifest.Input.Name], [input], outputs);
        }
    }

    /// <summary>Images, each in a blob and with a run of its own, and what the model is given of them.</summary>
    private static async Task<(List<RunManifest> Runs, float[][] Tensors)> RunsAsync(
        FileBlobStore blobs, ManifestModel model, InputSpec input)
    {
        var tenant = Guid.CreateVersion7();
        var (runs, tensors) = (new List<RunManifest>(), new float[Images][]);
        for (var i = 0; i < Images; i++)
        {
            var pixels = Chest(i);
            tensors[i] = Tensor(pixels, input);
            var file = ScannerFiles.Xray(i, Rows, Columns, MemoryMarshal.AsBytes<ushort>(pixels).ToArray());
            var name = BlobNames.Instance(tenant, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(blobs, name, file);
            runs.Add(new RunManifest(
                tenant, Guid.CreateVersion7(), "2.25.1", 1,
                [new("2.25.2", "CR", [new("", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file)))])],
                model, new Dictionary<string, string>(), 60));
        }

        return (runs, tensors);
    }

    /// <summary>Two dark lungs in a bright body, with ribs and noise; 12 bits.</summary>
    private static ushort[] Chest(int number)
    {
        var random = new Random(number);
        var noise = new short[1 << 14];
        foreach (ref var value in noise.AsSpan())
        {
            value = (short)random.Next(-60, 61);
        }

        var opacity = number % 2 == 0 ? 0 : 700;
        var pixels = new ushort[Rows * Columns];
        Parallel.For(0, Rows, row =>
        {
            var y = (row + 0.5) / Rows;
            for (var column = 0; column < Columns; column++)
            {
                var x = (column + 0.5) / Columns;
                var lung = Math.Min(Lung(x, y, 0.29), Lung(x, y, 0.71));
                var value = lung < 1 ? 1100 + (opacity * (x > 0.5 ? 1 : 0)) + (180 * Math.Sin(y * 70)) : 2700 - (700 * Math.Abs(x - 0.5));
                pixels[(row * Columns) + column] = (ushort)Math.Clamp(value + noise[((row * 7919) + column) & (noise.Length - 1)], 0, 4095);
            }
        });
        return pixels;

        static double Lung(double x, double y, double centre)
        {
            var (across, down) = ((x - centre) / 0.16, (y - 0.45) / 0.32);
            return (across * across) + (down * down);
        }
    }

    private static float[] Tensor(ushort[] pixels, InputSpec input)
    {
        var display = new PlanarImage(Rows, Columns, Array.ConvertAll(pixels, v => v / 4095f));
        var box = PlanarBox.Of(input.Fit, Rows, Columns, input.Size![0], input.Size[1]);
        var values = AreaAverage.Of(display, box, input.Size[0], input.Size[1]).Values;
        Intensity.Apply(values, input.Intensity);
        return values;
    }

    private static async Task<ManifestModel> InstallAsync(FileBlobStore blobs, string model)
    {
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(Path.Combine(Checkout.Root, "src/models", model), zip, CancellationToken.None);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        await WriteAsync(blobs, BlobNames.Model(hash), zip.ToArray());
        return new(model, "1.0.0", hash, BlobNames.Model(hash));
    }

    private static async Task WriteAsync(FileBlobStore blobs, string name, byte[] content)
    {
        await using var blob = await blobs.CreateAsync(name, CancellationToken.None);
        await blob.WriteAsync(content);
        await blob.CommitAsync(CancellationToken.None);
    }

    /// <summary>Real children of the worker, each with one run at a time.</summary>
    private sealed class Children(FileBlobStore blobs, IReadOnlyList<ComputeChild> children) : IAsyncDisposable
    {
        public static async Task<Children> StartAsync(FileBlobStore blobs, string folder, int count, int threads)
        {
            var children = new List<ComputeChild>();
            for (var i = 0; i < count; i++)
            {
                var setup = new ChildSetup(
                    new BlobOptions { Provider = BlobProvider.File, Path = Path.Combine(folder, "xray-blobs"), MinimumFreeBytes = 0 },
                    "cpu", null, threads, Path.Combine(folder, $"xray-scratch-{count}-{i}"));
                children.Add(await ComputeChild.StartAsync(Path.Combine(AppContext.BaseDirectory, "Platform.Inference.dll"), setup, CancellationToken.None));
            }

            return new Children(blobs, children);
        }

        private readonly List<double> processor = [];

        /// <summary>Milliseconds of processor time for a run, in the median of the repetitions.</summary>
        public string Processor => processor.Order().ElementAt(processor.Count / 2).ToString("0.0", CultureInfo.InvariantCulture);

        public async Task<IReadOnlyList<PhaseSeconds>> RunAsync(List<RunManifest> runs)
        {
            var before = ProcessorMilliseconds();
            var seconds = new PhaseSeconds[runs.Count];
            var next = -1;
            await Task.WhenAll(children.Select(async child =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) < runs.Count;)
                {
                    var answer = await child.ComputeAsync(
                        new ComputeRequest(Guid.CreateVersion7(), runs[i], IsVerified: true),
                        TimeSpan.FromMinutes(1), long.MaxValue, _ => { }, CancellationToken.None);
                    if (answer.Outcome != ComputeOutcome.Succeeded)
                    {
                        throw new InvalidOperationException($"The run did not succeed: {answer.ReasonCode} {answer.Reason}");
                    }

                    await using var result = await blobs.OpenReadAsync(answer.ResultBlob!, CancellationToken.None);
                    seconds[i] = (await JsonSerializer.DeserializeAsync<RunResult>(result!, PlatformJson.Options))!.Seconds;
                }
            }));
            processor.Add((ProcessorMilliseconds() - before) / runs.Count);
            return seconds;
        }

        private double ProcessorMilliseconds() => children.Sum(child =>
        {
            using var process = Process.GetProcessById(child.ProcessId);
            return process.TotalProcessorTime.TotalMilliseconds;
        });

        public ValueTask DisposeAsync()
        {
            children.ToList().ForEach(child => child.Dispose());
            return ValueTask.CompletedTask;
        }
    }
}
