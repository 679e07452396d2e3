using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace Platform.Inference.Engine;

/// <summary>What execution providers are told, and where they keep what they compile.</summary>
public static class ProviderOptions
{
    private const string DriverVersion = "/proc/driver/nvidia/version"; // the kernel module's; a driver fixes the CUDA it can run

    /// <summary>Options of a provider; empty for those that this engine does not know.</summary>
    /// <param name="provider"><c>cuda</c>, <c>tensorrt</c> or another name.</param>
    /// <param name="engines">Folder of compiled engines for this model on this device; null compiles anew in each process.</param>
    public static Dictionary<string, string> For(string provider, string? engines) => (provider, engines) switch
    {
        // TensorFloat-32 rounds to ten bits: results would differ from the CPU's by more than golden cases allow.
        ("cuda", _) => new() { ["use_tf32"] = "0" },
        ("tensorrt", not null) => new()
        {
            ["trt_engine_cache_enable"] = "1",
            ["trt_engine_cache_path"] = engines,
            ["trt_timing_cache_enable"] = "1",
            ["trt_timing_cache_path"] = engines,
        },
        _ => [],
    };

    /// <summary>Folder in a cache for what a provider compiles of a model; null where the device compiles nothing.</summary>
    public static string? EnginesFolder(string? cache, string modelHash, Device device) => cache is null || device.EpDevices.Count == 0
        ? null
        : Path.Combine(cache, $"engine-{Key(modelHash, ModelSession.RuntimeVersion, CudaOf(device), device.Class)}");

    /// <summary>A compiled engine is good for one model, one runtime, one CUDA and one kind of hardware (which fixes its compute capability).</summary>
    public static string Key(string modelHash, string runtime, string cuda, string deviceClass) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', modelHash, runtime, cuda, deviceClass))))[..32];

    /// <summary>Provider, maker and kind of a plug-in provider's device.</summary>
    public static string ClassOf(string provider, OrtEpDevice device)
    {
        var hardware = device.HardwareDevice;
        return FormattableString.Invariant($"{provider}-{hardware.VendorId:x4}-{hardware.DeviceId:x4}");
    }

    /// <summary>Versions of the provider and of the driver beneath it.</summary>
    private static string CudaOf(Device device)
    {
        var provider = string.Join(' ', device.EpDevices[0].EpMetadata.Entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={e.Value}"));
        return File.Exists(DriverVersion) ? $"{provider}\n{File.ReadAllText(DriverVersion)}" : provider;
    }
}
