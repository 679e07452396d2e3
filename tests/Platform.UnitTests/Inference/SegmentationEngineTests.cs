using System.Diagnostics;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

public class SegmentationEngineTests
{
    private static readonly Guid Run1 = Guid.Parse("019a0000-0000-7000-8000-000000000001");
    private static readonly Guid Run2 = Guid.Parse("019a0000-0000-7000-8000-000000000002");

    [Fact]
    public async Task A_bright_block_in_an_oblique_scan_is_measured_where_it_is()
    {
        var (c, s) = (Math.Cos(0.2), Math.Sin(0.2));
        var grid = new Grid(20, 70, 75, new Affine(new(0, 0.9 * c, 0.9 * s), new(0, 0.9 * s, -0.9 * c), new(-2, 0, 0), new(30, -20, 40)));
        var voxels = new float[grid.Length];
        for (var z = 5; z < 9; z++)
        {
            for (var y = 20; y < 30; y++)
            {
                voxels.AsSpan((((z * 70) + y) * 75) + 40, 12).Fill(900);
            }
        }

        using var session = await TestPackages.LoadAsync("threshold");
        var segmentation = SegmentationEngine.Run(new Volume(grid, voxels), session, 1, (_, _) => { }, CancellationToken.None);
        var finding = Assert.Single(Findings.Of(segmentation, session.Package.Manifest, Run1, "1.2.3"));

        Assert.Equal(480 * 0.9 * 0.9 * 2, finding.Measurements[0].Value, 1e-3);
        var centre = grid.Affine.ToPatient(45.5, 24.5, 6.5);
        Assert.Equal([centre.X, centre.Y, centre.Z], finding.CentreMm!.Select(v => v), (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.Equal(voxels.Select(v => (byte)(v > 0 ? 1 : 0)), segmentation.SourceLabels);
    }

    [Fact]
    public async Task The_same_input_gives_the_same_hash_in_another_run_with_other_threads()
    {
        var package = await TestPackages.OpenAsync("hippocampus-volume");
        var volume = GoldenVolume(package);
        var hashes = new List<string>();
        foreach (var (run, threads) in new[] { (Run1, 1), (Run2, 2) })
        {
            using var session = new ModelSession(package, Device.Cpu, threads);
            var segmentation = SegmentationEngine.Run(volume, session, threads, (_, _) => { }, CancellationToken.None);
            var findings = Findings.Of(segmentation, package.Manifest, run, "1.2.3");
            hashes.Add(Findings.ResultHash(segmentation, findings));
            TestContext.Current.SendDiagnosticMessage(
                $"{threads} threads: prepare {segmentation.Prepare}, infer {segmentation.Infer}, post {segmentation.Post}");
        }

        Assert.Equal(hashes[0], hashes[1]);
    }

    [Fact]
    public async Task Another_voxel_in_the_labels_is_another_hash()
    {
        using var session = await TestPackages.LoadAsync("threshold");
        var grid = new Grid(4, 8, 8, Affine.Axial(1, 1, 1, new(0, 0, 0)));
        var voxels = new float[grid.Length];
        voxels[40] = 100;
        var first = SegmentationEngine.Run(new Volume(grid, voxels), session, 1, (_, _) => { }, CancellationToken.None);
        var findings = Findings.Of(first, session.Package.Manifest, Run1, "1.2.3");
        var hash = Findings.ResultHash(first, findings);

        first.SourceLabels[41] = 1;
        Assert.NotEqual(hash, Findings.ResultHash(first, findings));
        first.SourceLabels[41] = 0;
        Assert.Equal(hash, Findings.ResultHash(first, Findings.Of(first, session.Package.Manifest, Run2, "4.5.6")));
        Assert.NotEqual(findings[0].TrackingUid, Findings.Of(first, session.Package.Manifest, Run2, "1.2.3")[0].TrackingUid);
    }

    [Theory]
    [InlineData("threshold")]
    [InlineData("threshold-ct")]
    [InlineData("hippocampus-volume")]
    [InlineData("chest-ct-nodule")]
    [InlineData("chest-xray-pneumonia")]
    [InlineData("sides")]
    [InlineData("brightness")]
    [InlineData("half")]
    [InlineData("lobes")]
    [InlineData("level")]
    [InlineData("cine")]
    [InlineData("between")]
    [InlineData("difference")]
    [InlineData("change")]
    [InlineData("gap")]
    [InlineData("tint")]
    public async Task Golden_cases_of_our_packages_come_out(string name)
    {
        using var session = await TestPackages.LoadAsync(name, 2);
        var clock = Stopwatch.StartNew();
        var differences = GoldenCheck.ThrowIfDifferent(session, 2, CancellationToken.None);
        Assert.NotEmpty(differences);
        TestContext.Current.SendDiagnosticMessage($"{name} golden {clock.Elapsed}: {string.Join(", ", differences)}");
    }

    [Fact]
    public async Task A_model_that_gives_something_else_than_its_golden_case_is_not_used()
    {
        var package = await TestPackages.OpenAsync("threshold");
        var golden = package.Manifest.Golden![0];
        using var session = new ModelSession(package, Device.Cpu, 1);

        // The input as the expected output of one class is wrong by far.
        var wrong = golden with { Expected = golden.Input };
        var refusal = Assert.Throws<PackageRefusedException>(() => GoldenCheck.ThrowIfDifferent(session, [wrong], 1, CancellationToken.None));
        Assert.Equal("golden-mismatch", refusal.Code);
    }

    [Fact]
    public async Task A_model_that_detects_something_else_than_its_golden_case_is_not_used()
    {
        var package = await TestPackages.OpenAsync("chest-ct-nodule");
        var golden = package.Manifest.Golden!.Single(g => g.Kind == "detections");
        using var session = new ModelSession(package, Device.Cpu, 2);

        // One detection less than there are, and one that lies elsewhere.
        var fewer = golden with { ExpectedDetections = [.. golden.ExpectedDetections!.Skip(1)] };
        var moved = golden with
        {
            ExpectedDetections = [.. golden.ExpectedDetections!.Select(d => d with { CentreMm = [.. d.CentreMm.Select(c => c + 1)] })],
        };
        foreach (var wrong in new[] { fewer, moved })
        {
            var refusal = Assert.Throws<PackageRefusedException>(() => GoldenCheck.ThrowIfDifferent(session, [wrong], 2, CancellationToken.None));
            Assert.Equal("golden-mismatch", refusal.Code);
        }
    }

    [Fact]
    public async Task Cancelling_stops_between_two_patches()
    {
        using var session = await TestPackages.LoadAsync("threshold");
        using var cancel = new CancellationTokenSource();
        var grid = new Grid(64, 64, 64, Affine.Axial(1, 1, 1, new(0, 0, 0)));

        Assert.Throws<OperationCanceledException>(() => SegmentationEngine.Run(
            new Volume(grid, new float[grid.Length]), session, 1, (phase, done) =>
            {
                Assert.True(phase != RunPhase.Infer || done <= 0.25);
                if (phase == RunPhase.Infer && done > 0)
                {
                    cancel.Cancel();
                }
            }, cancel.Token));
    }

    private static Volume GoldenVolume(ModelPackage package)
    {
        var golden = package.Manifest.Golden!.First(g => g.Kind == "volume");
        var affine = Affine.Axial(golden.SpacingMm![0], golden.SpacingMm[1], golden.SpacingMm[2], new(0, 0, 0));
        var shape = golden.Input.Shape;
        return new(new Grid((int)shape[0], (int)shape[1], (int)shape[2], affine), package.ReadTensor(golden.Input));
    }
}
