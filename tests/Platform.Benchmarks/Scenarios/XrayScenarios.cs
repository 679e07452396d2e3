using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using Platform.Benchmarks.Files;
using Platform.Benchmarks.Measuring;
using Platform.Contracts;
using Platform.Hosting.Blobs;
using Platform.Inference.Child;
using Platform.Inference.Images;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Platform.Inference.Worker;
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
    private const int FewImages = 24; // of a graph that takes a tenth of a second for one, and more
    private static readonly Guid Tenant = Guid.CreateVersion7();

    public static async Task RunAsync(Stage stage, string folder)
    {
        var blobs = new FileBlobStore(Path.Combine(folder, "xray-blobs"), 0, TimeProvider.System);
        var files = await StoreAsync(blobs);
        var trained = Path.Combine(Checkout.Root, "src/models/chest-xray-pneumonia");
        await MeasureAsync(stage, blobs, folder, trained, "A stream of X-rays, warm", files, [1, 2, 4, 8, 16, 32, 64]);
        foreach (var size in (int[])[224, 512])
        {
            var (dense, gmac) = await WriteDenseAsync(trained, Path.Combine(folder, $"dense-{size}"), size);
            await MeasureAsync(
                stage, blobs, folder, dense, string.Create(CultureInfo.InvariantCulture, $"A stream of X-rays, a graph of DenseNet-121's size at {size} × {size} ({gmac:0.0} GMAC)"),
                [.. files.Take(FewImages)], [1, 2, 4, 8]);
        }
    }

    private static async Task MeasureAsync(
        Stage stage, FileBlobStore blobs, string folder, string packageFolder, string what, IReadOnlyList<ManifestInstance> files, int[] batches)
    {
        var package = await ModelPackage.OpenFolderAsync(packageFolder, CancellationToken.None);
        var model = await InstallAsync(blobs, packageFolder);
        var runs = files.Select(file => new RunManifest(
            Tenant, Guid.CreateVersion7(), "2.25.1", 1, [new("2.25.2", "CR", [file])], model, new Dictionary<string, string>(), 60)).ToList();
        var tensors = Enumerable.Range(0, files.Count).Select(i => Tensor(Chest(i), package.Manifest.Input)).ToArray();

        var threads = Environment.ProcessorCount;
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        using var bare = new InferenceSession(package.Model, options);
        var batch = BestBatch(bare, package.Manifest, files.Count > FewImages ? tensors : tensors[..(2 * batches[^1])], batches);

        await using var one = await Children.StartAsync(blobs, folder, 1, 0, threads);
        await using var each = await Children.StartAsync(blobs, folder, threads, 0, 1);
        await using var ahead = await Children.StartAsync(blobs, folder, threads, 1, 1);
        List<PhaseSeconds> together = [];
        var amount = string.Create(CultureInfo.InvariantCulture, $"{runs.Count} X-rays of {Columns} × {Rows}, batch of {batch} for ONNX Runtime");
        await stage.MeasureAsync(
            what,
            amount,
            3,
            [
                new Contestant("Platform", async _ => together.AddRange(await each.RunAsync(runs))),
                new Contestant("ONNX Runtime alone", _ => Task.Run(() => RunBare(bare, package.Manifest, tensors, batch))),
                new Contestant("Platform, one ahead", _ => ahead.RunAsync(runs)),
            ]);
        var few = runs.Take(Math.Max(1, runs.Count / 5)).ToList();
        await one.RunAsync(few);
        var started = Stopwatch.GetTimestamp();
        var alone = await one.RunAsync(few);
        var oneRate = few.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        stage.Note($"{what}: processor time of the children for an X-ray, {threads} at a time: {each.Processor} ms, one ahead of them {ahead.Processor} ms.");
        var timings = stage.Measurements[^1].Timings;
        stage.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"X-rays in a second: Platform {Rate(0):0.0}, with one ahead {Rate(2):0.0}, one at a time {oneRate:0.0}; ONNX Runtime alone {Rate(1):0.0}. That is {Rate(0) / Rate(1):0.000}, with one ahead {Rate(2) / Rate(1):0.000} of bare throughput."));
        stage.Note($"One X-ray, one at a time: {Phases(alone)}; {threads} at a time: {Phases(together)}.");

        double Rate(int contestant) => runs.Count / timings[contestant].Median.TotalSeconds;
    }

    /// <summary>The trained package with another graph: the same manifest, larger images, no golden cases.</summary>
    private static async Task<(string Folder, double Gmac)> WriteDenseAsync(string trained, string folder, int size)
    {
        var (bytes, gmac) = DenseGraph.Write(size);
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(trained, "manifest.json")))!;
        manifest["name"] = $"dense-{size}";
        manifest["model"]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes));
        manifest["model"]!["bytes"] = bytes.Length;
        manifest["input"]!["size"] = new JsonArray(size, size);
        manifest["limits"]!["memoryMb"] = 8000;
        manifest.AsObject().Remove("golden");
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), bytes);
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest.ToJsonString());
        File.Copy(Path.Combine(trained, "card.md"), Path.Combine(folder, "card.md"));
        return (folder, gmac);
    }

    private static string Phases(IReadOnlyList<PhaseSeconds> phases)
    {
        return $"fetch {Mean(p => p.Fetch)}, decode {Mean(p => p.Decode)}, prepare {Mean(p => p.Prepare)}, infer {Mean(p => p.Infer)}, post {Mean(p => p.Post)}, write {Mean(p => p.Write)} ms";

        string Mean(Func<PhaseSeconds, double> phase) => (1000 * phases.Average(phase)).ToString("0.0", CultureInfo.InvariantCulture);
    }

    /// <summary>The batch with the most images a second, of those that double.</summary>
    private static int BestBatch(InferenceSession bare, PackageManifest manifest, float[][] tensors, int[] batches)
    {
        return batches.MinBy(batch =>
        {
            var times = Enumerable.Range(0, batches.Length > 4 ? 6 : 1).Select(_ =>
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

    /// <summary>Images, each in a blob.</summary>
    private static async Task<IReadOnlyList<ManifestInstance>> StoreAsync(FileBlobStore blobs)
    {
        var files = new List<ManifestInstance>();
        for (var i = 0; i < Images; i++)
        {
            var file = ScannerFiles.Xray(i, Rows, Columns, MemoryMarshal.AsBytes<ushort>(Chest(i)).ToArray());
            var name = BlobNames.Instance(Tenant, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await WriteAsync(blobs, name, file);
            files.Add(new("", "", "", name, file.Length, Convert.ToHexStringLower(SHA256.HashData(file))));
        }

        return files;
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

    private static async Task<ManifestModel> InstallAsync(FileBlobStore blobs, string packageFolder)
    {
        using var zip = new MemoryStream();
        await ModelPackageZip.WriteAsync(packageFolder, zip, CancellationToken.None);
        var hash = Convert.ToHexStringLower(SHA256.HashData(zip.ToArray()));
        await WriteAsync(blobs, BlobNames.Model(hash), zip.ToArray());
        return new(Path.GetFileName(packageFolder), "1.0.0", hash, BlobNames.Model(hash));
    }

    private static async Task WriteAsync(FileBlobStore blobs, string name, byte[] content)
    {
        await using var blob = await blobs.CreateAsync(name, CancellationToken.None);
        await blob.WriteAsync(content);
        await blob.CommitAsync(CancellationToken.None);
    }

    /// <summary>Real children of the worker, each with one run at a time.</summary>
    /// <param name="turns">Null where there are no more children than may infer.</param>
    private sealed class Children(FileBlobStore blobs, IReadOnlyList<ComputeChild> children, ComputeTurns? turns) : IAsyncDisposable
    {
        public static async Task<Children> StartAsync(FileBlobStore blobs, string folder, int slots, int ahead, int threads)
        {
            var children = new List<ComputeChild>();
            for (var i = 0; i < slots + ahead; i++)
            {
                var setup = new ChildSetup(
                    new BlobOptions { Provider = BlobProvider.File, Path = Path.Combine(folder, "xray-blobs"), MinimumFreeBytes = 0 },
                    "cpu", null, threads, Path.Combine(folder, $"xray-scratch-{Guid.CreateVersion7():N}"));
                children.Add(await ComputeChild.StartAsync(Path.Combine(AppContext.BaseDirectory, "Platform.Inference.dll"), setup, CancellationToken.None));
            }

            return new Children(blobs, children, ahead > 0 ? new(slots) : null);
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
                        new ComputeRequest(Guid.CreateVersion7(), runs[i], IsVerified: true, TakesTurns: turns is not null),
                        TimeSpan.FromMinutes(1), long.MaxValue, _ => { }, CancellationToken.None, turns);
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
