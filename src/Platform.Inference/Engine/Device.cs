using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Platform.Inference.Engine;

/// <summary>Where graphs run: an execution provider and the class of its device.</summary>
/// <param name="Name">For example <c>cpu-avx2</c>; <c>cpu-avx2 instead of cuda</c> where a configured provider is missing.</param>
/// <param name="EpDevices">Devices of a plug-in provider; empty for the CPU.</param>
public sealed record Device(string Name, IReadOnlyList<OrtEpDevice> EpDevices)
{
    /// <summary>A graph of one operator, Identity.</summary>
    private const string Smallest = "CAgSADo3ChAKAWESAWIiCElkZW50aXR5EgFnWg8KAWESCgoICAESBAoCCAFiDwoBYhIKCggIARIECgIIAUIECgAQEQ==";

    /// <summary>The CPU, named by the widest vectors that .NET and ONNX Runtime can use: the class within which results are identical.</summary>
    public static Device Cpu { get; } = new(CpuName, []);

    /// <summary>Provider, maker and kind of the hardware: what is measured or compiled on one device is good for all of its class.</summary>
    public string Class { get; init; } = Name;

    /// <summary>The configured provider.</summary>
    public string Provider { get; init; } = "cpu";

    private static string CpuName =>
        Avx512F.IsSupported ? "cpu-avx512"
        : Avx2.IsSupported ? "cpu-avx2"
        : AdvSimd.IsSupported ? "cpu-neon"
        : $"cpu-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>
    /// Registers a provider's library and takes its first device, once it has run a graph of one operator there. A provider, device or
    /// driver that is missing or broken gives the CPU, and the name says so.
    /// </summary>
    /// <param name="provider"><c>cpu</c>, or the name under which to register, e.g. <c>cuda</c> or <c>tensorrt</c>.</param>
    /// <param name="libraryPath">The provider's library; it exports <c>CreateEpFactories</c>.</param>
    public static Device Choose(string provider, string? libraryPath)
    {
        if (provider == "cpu")
        {
            return Cpu;
        }

        var instead = Cpu with { Name = $"{Cpu.Name} instead of {provider}" };
        if (libraryPath is null)
        {
            return instead;
        }

        try
        {
            var environment = OrtEnv.Instance();
            var before = environment.GetEpDevices().Select(d => d.EpName).ToHashSet(StringComparer.Ordinal);
            environment.RegisterExecutionProviderLibrary(provider, libraryPath);
            var found = environment.GetEpDevices().Where(d => !before.Contains(d.EpName)).Take(1).ToList();
            if (found.Count == 0)
            {
                return instead;
            }

            var device = new Device(provider, found) { Class = ProviderOptions.ClassOf(provider, found[0]), Provider = provider };
            device.Try();
            return device;
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or EntryPointNotFoundException)
        {
            return instead;
        }
    }

    /// <summary>Adds the device to a session's options; the CPU needs nothing.</summary>
    /// <param name="engines">Folder of compiled engines; null for none.</param>
    public void AppendTo(SessionOptions options, string? engines)
    {
        if (EpDevices.Count > 0)
        {
            options.AppendExecutionProvider(OrtEnv.Instance(), EpDevices, ProviderOptions.For(Provider, engines));
        }
    }

    /// <summary>Libraries that the provider needs, and the driver, are first touched by a session.</summary>
    private void Try()
    {
        using var options = new SessionOptions();
        AppendTo(options, null);
        using var session = new InferenceSession(Convert.FromBase64String(Smallest), options);
        using var value = OrtValue.CreateTensorValueFromMemory([1f], [1]);
        using var run = new RunOptions();
        using var results = session.Run(run, ["a"], [value], ["b"]);
    }
}
