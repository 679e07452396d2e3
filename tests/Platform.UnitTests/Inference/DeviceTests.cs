using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference;

public class DeviceTests
{
    [Theory]
    [InlineData("cuda", null)]
    [InlineData("tensorrt", "/nowhere/libonnxruntime_providers_tensorrt.so")]
    public void A_provider_that_is_missing_is_the_cpu_and_says_so(string provider, string? library)
    {
        var device = Device.Choose(provider, library);

        Assert.Equal($"{Device.Cpu.Name} instead of {provider}", device.Name);
        Assert.Equal(Device.Cpu.Class, device.Class);
        Assert.Empty(device.EpDevices);
    }

    [Fact]
    public void A_library_that_is_no_provider_is_the_cpu_too()
    {
        // A native library that loads and exports no factories: ONNX Runtime's neighbour in this folder.
        var library = Directory.EnumerateFiles(AppContext.BaseDirectory, "libSkiaSharp.so", SearchOption.AllDirectories).First();

        Assert.Equal($"{Device.Cpu.Name} instead of cuda", Device.Choose("cuda", library).Name);
    }

    [Fact]
    public void Compiled_engines_of_another_model_runtime_cuda_or_device_lie_elsewhere()
    {
        string[] keys =
        [
            ProviderOptions.Key("a", "1.31.1", "13.0", "cuda-10de-2330"),
            ProviderOptions.Key("b", "1.31.1", "13.0", "cuda-10de-2330"),
            ProviderOptions.Key("a", "1.31.2", "13.0", "cuda-10de-2330"),
            ProviderOptions.Key("a", "1.31.1", "12.9", "cuda-10de-2330"),
            ProviderOptions.Key("a", "1.31.1", "13.0", "cuda-10de-2335"),
        ];

        Assert.Equal(5, keys.Distinct().Count());
        Assert.Equal(keys[0], ProviderOptions.Key("a", "1.31.1", "13.0", "cuda-10de-2330"));
        Assert.Null(ProviderOptions.EnginesFolder("/cache", "a", Device.Cpu));
    }
}
