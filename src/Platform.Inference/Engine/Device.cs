using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;

namespace Platform.Inference.Engine;

/// <summary>Where graphs run: an execution provider and the class of its device.</summary>
/// <param name="Name">For example <c>cpu-avx2</c>; <c>cpu-avx2 instead of cuda</c> where a configured provider is missing.</param>
/// <param name="EpDevices">Devices of a plug-in provider; empty for the CPU.</param>
public sealed record Device(string Name, IReadOnlyList<OrtEpDevice> EpDevices)
{
    /// <summary>The CPU, named by the widest vectors that .NET and ONNX Runtime can use: the class within which results are identical.</summary>
    public static Device Cpu { get; } = new(CpuName, []);

    private static string CpuName =>
        Avx512F.IsSupported ? "cpu-avx512"
        : Avx2.IsSupported ? "cpu-avx2"
        : AdvSimd.IsSupported ? "cpu-neon"
        : $"cpu-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>Registers a provider's library and takes its devices; a provider that is missing gives the CPU, and the name says so.</summary>
    /// <param name="provider"><c>cpu</c>, or the name under which to register, e.g. <c>cuda</c>.</param>
    /// <param name="libraryPath">The provider's library; it exports <c>CreateEpFactories</c>.</param>
    public static Device Choose(string provider, string? libraryPath)
    {
        if (provider == "cpu" || libraryPath is null)
        {
            return provider == "cpu" ? Cpu : Cpu with { Name = $"{Cpu.Name} instead of {provider}" };
        }

        try
        {
            var environment = OrtEnv.Instance();
            var before = environment.GetEpDevices().Select(d => d.EpName).ToHashSet(StringComparer.Ordinal);
            environment.RegisterExecutionProviderLibrary(provider, libraryPath);
            var found = environment.GetEpDevices().Where(d => !before.Contains(d.EpName)).Take(1).ToList();
            return found.Count > 0 ? new Device(provider, found) : Cpu with { Name = $"{Cpu.Name} instead of {provider}" };
        }
        catch (OnnxRuntimeException)
        {
            return Cpu with { Name = $"{Cpu.Name} instead of {provider}" };
        }
    }
}
