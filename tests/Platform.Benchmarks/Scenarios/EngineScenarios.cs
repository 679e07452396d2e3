using System.Diagnostics;
using System.Globalization;
using Platform.Benchmarks.Measuring;
using Platform.Benchmarks.Peers;
using Platform.Dicom.Volumes;
using Platform.Inference.Engine;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Benchmarks.Scenarios;

/// <summary>The engine's parts by themselves: resampling on one core, beside SciPy's <c>map_coordinates</c> on the same grids.</summary>
internal static class EngineScenarios
{
    private const int Repetitions = 7;

    public static async Task RunAsync(Stage stage, string folder)
    {
        await ResampleAsync(stage, folder);
        await LargeScanAsync(stage);
    }

    private static async Task ResampleAsync(Stage stage, string folder)
    {
        await using var scipy = Scipy.Start(folder);
        var random = new Random(3);
        var ct = new Grid(75, 256, 256, Affine.Axial(0.7, 0.7, 2.5, new(-90, -90, -100)));
        var scan = new Volume(ct, [.. Enumerable.Range(0, ct.Length).Select(_ => (float)random.Next(-1024, 3072))]);
        var axes = Turned(0.3, 0.2);
        var turned = Grid.ForModel(ct with { Affine = new(axes[0] * 0.7, axes[1] * 0.7, axes[2] * 2.5, ct.Affine.Origin) }, OrientationCode.Lps, true, [0.9, 0.9, 0.9]);
        var centre = ct.Affine.ToPatient(127.5, 127.5, 37);
        (string Name, Grid Grid, Interpolation Kind)[] cases =
        [
            ("trilinear to thinner slices", Grid.ForModel(ct, OrientationCode.Lps, false, [0.7, 0.7, 0.7]), Interpolation.Linear),
            ("trilinear to 1 mm", Grid.ForModel(ct, OrientationCode.Lps, false, [1, 1, 1]), Interpolation.Linear),
            ("trilinear, turned", Centred(turned with { Depth = 100 }, axes, centre), Interpolation.Linear),
            ("cubic to 1 mm", Grid.ForModel(ct, OrientationCode.Lps, false, [1, 1, 1]), Interpolation.Cubic),
        ];
        foreach (var (name, grid, kind) in cases)
        {
            List<TimeSpan> processor = [];
            var result = new Volume(grid, new float[grid.Length]);
            await stage.MeasureAsync(
                $"Resample a CT, one core, {name}",
                string.Create(CultureInfo.InvariantCulture, $"256 × 256 × 75 to {grid.Width} × {grid.Height} × {grid.Depth}"),
                Repetitions,
                [
                    new Contestant("Platform", _ => Task.FromResult(Time(() => Resampling.Into(result, scan, kind, 1, CancellationToken.None), processor))),
                    new Contestant("SciPy map_coordinates", _ => scipy.ResampleAsync(scan, grid, kind)),
                ]);
            var voxels = grid.Length / processor.Order().ElementAt(processor.Count / 2).TotalSeconds / 1e6;
            stage.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"Resample a CT, {name}: {voxels:0} million voxels of the result in a second of processor time, in the median."));
        }
    }

    /// <summary>A CT of 512 × 512 × 300, stored in another axis order, on a grid of as many voxels: what the heap holds at most meanwhile.</summary>
    private static async Task LargeScanAsync(Stage stage)
    {
        var package = await ModelPackage.OpenFolderAsync(
            Path.Combine(Checkout.Root, "tests/Platform.IntegrationTests/Packages/threshold-ct"), CancellationToken.None);
        using var session = new ModelSession(package, Device.Cpu, Environment.ProcessorCount);

        // Coronal slices: x to the left, y to the feet, z to the back.
        var grid = new Grid(512, 300, 512, new Affine(new(0.7, 0, 0), new(0, 0, -1), new(0, 0.7, 0), new(-180, -180, 150)));
        var scan = new Volume(grid, new float[grid.Length]);
        for (var i = 0; i < scan.Voxels.Length; i++)
        {
            scan.Voxels[i] = (i * 31 % 4096) - 1024;
        }

        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (heap, resident) = (0L, 0L);
        using var done = new CancellationTokenSource();
        var watching = Task.Run(
            async () =>
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
                while (!done.IsCancellationRequested)
                {
                    (heap, resident) = (Math.Max(heap, GC.GetTotalMemory(forceFullCollection: false)), Math.Max(resident, Environment.WorkingSet));
                    await timer.WaitForNextTickAsync(CancellationToken.None);
                }
            });
        var clock = Stopwatch.StartNew();
        var found = SegmentationEngine.Run(scan, session, Environment.ProcessorCount, (_, _) => { }, CancellationToken.None);
        await done.CancelAsync();
        await watching;
        stage.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"A CT of 512 × 512 × 300 through resampling, sliding window and labels in {clock.Elapsed.TotalSeconds:0.0} s: the managed heap, sampled every 5 ms with what is not yet collected, held {heap / 1073741824.0:0.00} GiB at most ({before / 1073741824.0:0.00} before), the process {resident / 1073741824.0:0.00} GiB resident; {found.Labels.Length / 1000000} million voxels labelled."));
    }

    private static Vector3D[] Turned(double a, double b)
    {
        var (c, s, d, t) = (Math.Cos(a), Math.Sin(a), Math.Cos(b), Math.Sin(b));
        return [new(c, s, 0), new(-s * d, c * d, t), new(s * t, -c * t, d)];
    }

    /// <summary>A grid of these axes about a point.</summary>
    private static Grid Centred(Grid grid, Vector3D[] axes, Vector3D centre)
    {
        var steps = axes.Select(axis => axis * 0.9).ToArray();
        var origin = centre - (steps[0] * ((grid.Width - 1) / 2.0)) - (steps[1] * ((grid.Height - 1) / 2.0)) - (steps[2] * ((grid.Depth - 1) / 2.0));
        return grid with { Affine = new Affine(steps[0], steps[1], steps[2], origin) };
    }

    /// <summary>Of one time among as many as fill half a second: the processor's clock may tick in hundredths.</summary>
    private static TimeSpan Time(Action act, List<TimeSpan> processor)
    {
        var (times, started, before) = (0, Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        do
        {
            act();
            times++;
        }
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(0.5));

        var passed = Stopwatch.GetElapsedTime(started);
        processor.Add((Environment.CpuUsage.TotalTime - before) / times);
        return passed / times;
    }
}
