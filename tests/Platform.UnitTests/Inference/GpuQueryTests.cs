using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Platform.Contracts;
using Platform.Inference.Worker;
using Xunit;

namespace Platform.UnitTests.Inference;

public class GpuQueryTests
{
    [Fact]
    public void Each_line_is_a_gpu_and_what_the_driver_does_not_say_is_absent()
    {
        var gpus = GpuQuery.Parse("0, NVIDIA H100 80GB HBM3, 81559, 1024, 37, 41\n1, NVIDIA T4, 15360, [N/A], [Not Supported], [N/A]\n\nNo devices were found\n");
        Assert.Equal(
            [
                new GpuFacts(0, "NVIDIA H100 80GB HBM3", 81559L << 20, 1024L << 20, 0.37, 41),
                new GpuFacts(1, "NVIDIA T4", 15360L << 20, null, null, null),
            ],
            gpus);
    }

    [Fact]
    public void Where_no_program_tells_nothing_is_said()
    {
        var query = new GpuQuery(
            Options.Create(new InferenceOptions { GpuQueryCommand = "/nowhere/nvidia-smi" }), TimeProvider.System, NullLogger<GpuQuery>.Instance);
        Assert.Null(query.Latest());
    }

    [Theory]
    [InlineData(new int[0], new int[0], null)]
    [InlineData(new[] { 2, 5 }, new int[0], 2)]
    [InlineData(new[] { 2, 5 }, new[] { 2 }, 5)]
    [InlineData(new[] { 2, 5 }, new[] { 5, 2, 5 }, 2)]
    public void A_child_gets_the_gpu_with_the_fewest(int[] gpus, int[] taken, int? expected) =>
        Assert.Equal(expected, ComputeSlots.NextGpu(gpus, [.. taken.Cast<int?>()]));
}
