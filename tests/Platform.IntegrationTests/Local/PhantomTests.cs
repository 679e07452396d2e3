using System.Buffers.Binary;
using Platform.IntegrationTests.Services;
using Platform.Local.Sample;
using Xunit;

namespace Platform.IntegrationTests.Local;

public class PhantomTests
{
    [Fact]
    public async Task The_sample_series_is_the_phantom_that_the_model_package_was_checked_on()
    {
        var golden = await File.ReadAllBytesAsync(
            Path.Combine(Checkout.Root, "src/models/hippocampus-volume/golden/sample.volume.bin"), TestContext.Current.CancellationToken);
        var voxels = Phantom.Voxels();

        Assert.Equal(golden.Length, 2 * voxels.Length);
        for (var n = 0; n < voxels.Length; n++)
        {
            // Two mathematics libraries may round a value to either side.
            Assert.InRange(voxels[n] - BinaryPrimitives.ReadUInt16LittleEndian(golden.AsSpan(2 * n)), -1, 1);
        }
    }

    [Fact]
    public void The_sample_study_has_the_same_bytes_each_time()
    {
        var first = SampleStudy.Instances().Select(i => i.ToArray()).ToList();
        var second = SampleStudy.Instances().Select(i => i.ToArray()).ToList();

        Assert.Equal(Phantom.Slices, first.Count);
        Assert.Equal(first, second);
    }
}
