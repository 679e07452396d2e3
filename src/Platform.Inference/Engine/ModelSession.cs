using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Platform.Inference.Packages;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Platform.Inference.Engine;

/// <summary>A warm ONNX Runtime session of one package with its input and output tensors bound once. One caller at a time.</summary>
public sealed class ModelSession : IDisposable
{
    private const long MostHeat = 1 << 26;

    private readonly InferenceSession session;
    private readonly SessionOptions options;
    private readonly OrtIoBinding binding;
    private readonly OrtValue input;
    private readonly OrtValue output;
    private readonly OrtValue? heat;
    private readonly List<(string Name, OrtValue Value)> further = [];
    private readonly RunOptions run = new();
    private readonly Dictionary<int, OrtIoBinding> parts = [];

    /// <summary>Loads the graph and binds tensors of the manifest's patch and batch.</summary>
    /// <param name="threads">Threads inside one operator.</param>
    /// <param name="batch">Patches in one pass where the manifest leaves it open.</param>
    /// <param name="cachePath">Folder in which providers keep what they compile; null for none.</param>
    /// <exception cref="PackageRefusedException">The graph cannot be loaded, or its tensors are not what the manifest says.</exception>
    public ModelSession(ModelPackage package, Device device, int threads, int batch = 1, string? cachePath = null)
    {
        Package = package;
        Device = device;
        var window = package.Manifest.Window;
        Batch = window.Batch ?? batch;
        PatchVoxels = window.Patch[0] * window.Patch[1] * window.Patch[2];

        options = new SessionOptions
        {
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); // other slots and the API share these cores
        try
        {
            device.AppendTo(options, EnginesFolder(cachePath));
            session = new InferenceSession(package.Model, options);
        }
        catch (OnnxRuntimeException)
        {
            options.Dispose();
            throw new PackageRefusedException("model-load", "ONNX Runtime cannot load the model.");
        }

        var output0 = package.Manifest.Outputs[0];
        Classes = ClassesOf(output0);
        HeatShape = HeatShapeOf(output0);
        long[] patch = [window.Patch[0], window.Patch[1], window.Patch[2]];
        var given = IsOfTwoDimensions ? patch[1..] : patch;
        var result = output0.IsVector ? [] : given;
        input = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [Batch, package.Manifest.Channels, .. given]);
        output = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [Batch, Classes, .. result]);
        binding = session.CreateIoBinding();
        binding.BindInput(package.Manifest.Input.Name, input);
        binding.BindOutput(output0.Name, output);
        foreach (var spec in package.Manifest.OwnInputs)
        {
            var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [Batch, 1, .. given]);
            value.GetTensorMutableDataAsSpan<float>().Clear();
            further.Add((spec.Name, value));
            binding.BindInput(spec.Name, value);
        }

        if (HeatShape is { } sides)
        {
            heat = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [Batch, 1, .. sides.Select(n => (long)n)]);
            binding.BindOutput(output0.HeatMap!.Name, heat);
        }
    }

    /// <summary>Version of ONNX Runtime.</summary>
    public static string RuntimeVersion { get; } = OrtEnv.Instance().GetVersionString();

    public ModelPackage Package { get; }

    public Device Device { get; }

    /// <summary>Patches in one pass.</summary>
    public int Batch { get; }

    /// <summary>Channels of the output, background included.</summary>
    public int Classes { get; }

    /// <summary>Voxels of one patch, in one channel.</summary>
    public int PatchVoxels { get; }

    /// <summary>Sides (z of a volume), y, x of the heat map of a classification; null where there is none.</summary>
    public IReadOnlyList<int>? HeatShape { get; }

    /// <summary>Bytes of the bound tensors.</summary>
    public long BoundBytes => sizeof(float) * ((long)Input.Length + Output.Length + Heat.Length + further.Sum(f => (long)InputOf(f.Name).Length));

    /// <summary>
    /// The bound input, [batch, 1, z, y, x]; with further inputs as channels [batch, channel, z, y, x]; of an image [batch, 1, y, x], slice by slice
    /// [batch, slices, y, x].
    /// </summary>
    public Span<float> Input => input.GetTensorMutableDataAsSpan<float>();

    /// <summary>The bound tensor of a further input that the graph has of its own, [batch, 1, z, y, x].</summary>
    public Span<float> InputOf(string name) => further.Find(f => f.Name == name).Value.GetTensorMutableDataAsSpan<float>();

    /// <summary>The bound output, [batch, class, z, y, x], or of a classification [batch, class], valid until the next run.</summary>
    public ReadOnlySpan<float> Output => output.GetTensorDataAsSpan<float>();

    /// <summary>The bound heat map, [batch, 1, y, x] or of a volume [batch, 1, z, y, x], valid until the next run; empty where there is none.</summary>
    public ReadOnlySpan<float> Heat => heat is null ? [] : heat.GetTensorDataAsSpan<float>();

    /// <summary>Of <see cref="Input"/>.</summary>
    public IReadOnlyList<long> InputShape => input.GetTensorTypeAndShape().Shape;

    /// <summary>Runs the graph on what <see cref="Input"/> holds; a cancellation stops it between two operators.</summary>
    public void Run(CancellationToken ct) => Run(Batch, ct);

    /// <summary>Runs the graph on the first patches of <see cref="Input"/>; those beyond cost nothing.</summary>
    /// <param name="patches">1 to <see cref="Batch"/>.</param>
    public void Run(int patches, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var bound = patches == Batch ? binding : PartOf(patches);
        try
        {
            using var cancelling = ct.Register(() => run.Terminate = true);
            session.RunWithBinding(run, bound);
        }
        catch (OnnxRuntimeException) when (ct.IsCancellationRequested)
        {
            throw new OperationCanceledException(ct);
        }
        finally
        {
            run.Terminate = false; // also when the cancellation came too late to be heard
        }
    }

    /// <summary>Runs the graph on a tensor of any shape that it takes; allocates. For golden cases.</summary>
    /// <param name="others">The graph's other inputs by name, each with its shape; null for none.</param>
    public float[] Run(
        float[] values, long[] shape, string outputName, IReadOnlyDictionary<string, (float[] Values, long[] Shape)>? others = null)
    {
        var given = new List<OrtValue>();
        try
        {
            given.Add(OrtValue.CreateTensorValueFromMemory(values, shape));
            given.AddRange((others ?? new Dictionary<string, (float[], long[])>()).Values.Select(o => OrtValue.CreateTensorValueFromMemory(o.Values, o.Shape)));
            using var results = session.Run(run, [Package.Manifest.Input.Name, .. others?.Keys ?? []], given, [outputName]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            given.ForEach(v => v.Dispose());
        }
    }

    public void Dispose()
    {
        parts.Values.ToList().ForEach(p => p.Dispose());
        binding?.Dispose();
        input?.Dispose();
        output?.Dispose();
        heat?.Dispose();
        further.ForEach(f => f.Value.Dispose());
        session.Dispose();
        options.Dispose();
        run.Dispose();
    }

    private bool IsOfTwoDimensions => Package.Manifest is { Input.IsPlanar: true } or { Window.Slices: not null };

    private string? EnginesFolder(string? cachePath)
    {
        var folder = ProviderOptions.EnginesFolder(cachePath, Package.Hash, Device);
        try
        {
            return folder is null ? null : Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // each process compiles anew
        }
    }

    /// <summary>A binding of the first patches alone, on the same memory.</summary>
    private OrtIoBinding PartOf(int patches)
    {
        if (!parts.TryGetValue(patches, out var part))
        {
            part = session.CreateIoBinding();
            using var given = First(input, patches);
            using var taken = First(output, patches);
            part.BindInput(Package.Manifest.Input.Name, given);
            part.BindOutput(Package.Manifest.Outputs[0].Name, taken);
            foreach (var (name, value) in further)
            {
                using var other = First(value, patches);
                part.BindInput(name, other);
            }

            if (heat is not null)
            {
                using var map = First(heat, patches);
                part.BindOutput(Package.Manifest.Outputs[0].HeatMap!.Name, map);
            }

            parts[patches] = part;
        }

        return part;
    }

    private static unsafe OrtValue First(OrtValue all, int patches)
    {
        var shape = all.GetTensorTypeAndShape().Shape;
        var data = all.GetTensorMutableDataAsSpan<float>();
        var bytes = data.Length / shape[0] * patches * sizeof(float);
        return OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, TensorElementType.Float, [patches, .. shape[1..]], (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(data)), bytes);
    }

    private int ClassesOf(OutputSpec spec)
    {
        var rank = IsOfTwoDimensions ? 4 : 5;
        var fits = session.InputMetadata.TryGetValue(Package.Manifest.Input.Name, out var given)
            && given.ElementDataType == TensorElementType.Float && given.Dimensions.Length == rank
            && session.InputMetadata.Count == 1 + Package.Manifest.OwnInputs.Count();
        if (!fits || !session.OutputMetadata.TryGetValue(spec.Name, out var result)
            || result.ElementDataType != TensorElementType.Float || result.Dimensions.Length != (spec.IsVector ? 2 : rank))
        {
            Dispose();
            throw new PackageRefusedException(
                "model-tensors",
                "The graph must have one float input [batch, 1, z, y, x] (of an image [batch, 1, y, x], slice by slice [batch, slices, y, x]), those of furtherInputs, and the float output that the manifest names.");
        }

        if (given!.Dimensions[1] > 0 && given.Dimensions[1] != Package.Manifest.Channels)
        {
            Dispose();
            throw new PackageRefusedException(
                "model-tensors", "The graph takes another number of channels than the manifest gives: window.slices, or one for the input and each channel of furtherInputs.");
        }

        var classes = result.Dimensions[1];
        if (spec.IsImage && classes != 1)
        {
            Dispose();
            throw new PackageRefusedException("model-tensors", "The output of an image-to-image model is one volume: [batch, 1, z, y, x].");
        }

        if (classes is < 1 or > 256 || spec.Segments.Any(s => s.Label >= classes) || spec.Classes?.Any(c => c.Label >= classes) == true
            || spec.Values?.Any(v => v.Label >= classes) == true
            || (spec.Calibration?.Slope is { } slope && slope.Count != classes))
        {
            Dispose();
            throw new PackageRefusedException(
                "model-tensors", "The graph's output must have a fixed number of classes that holds every segment or class.");
        }

        return classes;
    }

    private int[]? HeatShapeOf(OutputSpec spec)
    {
        if (spec.HeatMap is null)
        {
            return null;
        }

        if (session.OutputMetadata.TryGetValue(spec.HeatMap.Name, out var result)
            && result is { ElementDataType: TensorElementType.Float, Dimensions: [_, 1, .. var sides] }
            && sides.Length == (IsOfTwoDimensions ? 2 : 3)
            && sides.All(n => n is > 0 and <= 4096)
            && sides.Aggregate(1L, (product, n) => product * n) <= MostHeat)
        {
            return sides;
        }

        Dispose();
        throw new PackageRefusedException(
            "model-tensors", "The graph's heat map must be a float output [batch, 1, y, x], of a volume [batch, 1, z, y, x], of a fixed size.");
    }
}
