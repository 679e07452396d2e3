using System.Buffers.Binary;
using Platform.Contracts;
using Platform.Dicom.Deidentification;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Platform.IntegrationTests.Services;
using Platform.Local.Sample;
using Xunit;

namespace Platform.IntegrationTests.Local;

public class PhantomTests
{
    [Fact]
    public void No_image_of_the_samples_is_taken_for_one_with_letters_and_held()
    {
        foreach (var sample in new[] { SampleStudy.Hippocampus, SampleStudy.Chest })
        {
            Assert.All(sample.Instances(), file => Assert.Empty(BurnedInText.Suspect(file)));
        }
    }

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
    public void The_sample_studies_have_the_same_bytes_each_time()
    {
        foreach (var (sample, slices) in new[] { (SampleStudy.Hippocampus, Phantom.Slices), (SampleStudy.Chest, ChestPhantom.Slices) })
        {
            var first = sample.Instances().Select(i => i.ToArray()).ToList();
            var second = sample.Instances().Select(i => i.ToArray()).ToList();

            Assert.Equal(slices, first.Count);
            Assert.Equal(first, second);
        }
    }

    [Fact]
    public async Task The_sample_chest_has_its_nodules_and_the_model_finds_them()
    {
        var package = await ModelPackage.OpenFolderAsync(
            Path.Combine(Checkout.Root, "src/models/chest-ct-nodule"), TestContext.Current.CancellationToken);
        using var session = new ModelSession(package, Device.Cpu, 2);
        var series = SampleStudy.Chest.Series();
        var volume = new Volume(new Grid(series.Slices, series.Rows, series.Columns, series.Affine), series.Voxels.ToArray());

        var labelled = SegmentationEngine.Run(volume, session, 2, (_, _) => { }, TestContext.Current.CancellationToken);
        var findings = Findings.Of(labelled, package.Manifest, Guid.Empty, "");

        TestContext.Current.SendDiagnosticMessage($"prepare {labelled.Prepare}, infer {labelled.Infer}, post {labelled.Post}");
        TestContext.Current.SendDiagnosticMessage(string.Join('\n', findings.Select(f =>
            $"{f.Probability} {f.Measurements[0].Value} mm at {string.Join(' ', f.CentreMm!)}")));
        foreach (var (centre, diameter) in ChestPhantom.Nodules)
        {
            var finding = Assert.Single(findings, f => Distance(f, centre) < diameter / 2);
            Assert.InRange(finding.Measurements[0].Value, diameter * 0.75, diameter * 1.25);
        }

        static double Distance(Finding f, System.Numerics.Vector3 c) =>
            Math.Sqrt(Math.Pow(f.CentreMm![0] - c.X, 2) + Math.Pow(f.CentreMm[1] - c.Y, 2) + Math.Pow(f.CentreMm[2] - c.Z, 2));
    }
}
