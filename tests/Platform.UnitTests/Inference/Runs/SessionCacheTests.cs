using Platform.Contracts;
using Platform.Inference.Child;
using Platform.Inference.Engine;
using Xunit;

namespace Platform.UnitTests.Inference.Runs;

public sealed class SessionCacheTests : IDisposable
{
    private readonly ChildRuns runs = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Models_stay_warm_while_their_measured_memory_fits_and_the_one_used_longest_ago_goes_first()
    {
        var (a, b, c) = (await ModelAsync("threshold"), await ModelAsync("threshold-ct"), await ModelAsync("hippocampus-volume"));
        long two;
        using (var all = new SessionCache(Device.Cpu, 1))
        {
            await GetAsync(all, a);
            await GetAsync(all, b);
            two = all.MemoryBytes;
            Assert.True(two >= 2 * (64 * 64 * 16) * 3 * sizeof(float), $"{two} bytes are less than the bound tensors.");
            var first = await GetAsync(all, a);
            await GetAsync(all, c);
            Assert.Equal([b.Hash, a.Hash, c.Hash], all.Loaded);
            Assert.Same(first, await GetAsync(all, a));
        }

        // No room for a model beside another: only the one in use stays.
        using var one = new SessionCache(Device.Cpu, 1, new SessionPolicy(1, TimeSpan.Zero, null));
        await GetAsync(one, a);
        Assert.Equal([a.Hash], one.Loaded);
        await GetAsync(one, b);
        Assert.Equal([b.Hash], one.Loaded);
    }

    [Fact]
    public async Task A_model_is_calibrated_once_for_its_class_of_device_and_says_so()
    {
        var model = await ModelAsync("threshold");
        var policy = new SessionPolicy(1L << 30, TimeSpan.FromSeconds(20), runs.CachePath);
        var phases = new List<RunPhase>();

        using (var cache = new SessionCache(Device.Cpu, 1, policy))
        {
            await GetAsync(cache, model, phases);
        }

        Assert.Contains(RunPhase.Calibrate, phases);
        var stored = new CalibrationFiles(runs.CachePath).Find(model.Hash, Device.Cpu.Class, ModelSession.RuntimeVersion);
        Assert.NotNull(stored);
        Assert.InRange(stored.Batch, 1, 8);
        Assert.True(stored is { P50Milliseconds: > 0, MemoryBytes: > 0, Precision: "fp32" } && stored.P95Milliseconds >= stored.P50Milliseconds, $"{stored}");

        phases.Clear();
        using var next = new SessionCache(Device.Cpu, 1, policy);
        Assert.Equal(stored.Batch, (await GetAsync(next, model, phases)).Batch);
        Assert.DoesNotContain(RunPhase.Calibrate, phases);
        Assert.Null(new CalibrationFiles(runs.CachePath).Find(model.Hash, "cuda-10de-2330", ModelSession.RuntimeVersion));
    }

    [Fact]
    public async Task A_slow_model_is_calibrated_no_longer_than_the_limit()
    {
        // One patch of it takes minutes, the limit is met within it.
        var model = await ModelAsync("slow");
        using var cache = new SessionCache(Device.Cpu, 1, new SessionPolicy(1L << 30, TimeSpan.FromMilliseconds(300), runs.CachePath));

        var session = await GetAsync(cache, model);

        Assert.Equal(1, session.Batch);
        Assert.Equal(0, new CalibrationFiles(runs.CachePath).Find(model.Hash, Device.Cpu.Class, ModelSession.RuntimeVersion)!.P50Milliseconds);
    }

    [Fact]
    public async Task What_cannot_be_read_or_written_in_the_cache_is_measured_again_and_harms_nothing()
    {
        var model = await ModelAsync("threshold");
        var calibration = new ModelCalibration(model.Hash, "cpu", "1", 2, "fp32", 1, 2, 3);
        var files = new CalibrationFiles(runs.CachePath);
        files.Keep(calibration);
        Assert.Equal(calibration, files.Find(model.Hash, "cpu", "1"));

        var path = Assert.Single(Directory.GetFiles(runs.CachePath));
        await File.WriteAllTextAsync(path, "{ not whole", Ct);
        Assert.Null(files.Find(model.Hash, "cpu", "1"));

        var inAFile = new CalibrationFiles(Path.Combine(path, "below-a-file"));
        inAFile.Keep(calibration);
        Assert.Null(inAFile.Find(model.Hash, "cpu", "1"));
    }

    public void Dispose() => runs.Dispose();

    private async Task<ManifestModel> ModelAsync(string package) => (await runs.StoreAsync(package)).Model;

    private Task<ModelSession> GetAsync(SessionCache cache, ManifestModel model, List<RunPhase>? phases = null) =>
        cache.GetAsync(model, isVerified: true, new AttemptBlobs(runs.Blobs, Guid.CreateVersion7(), ""), (phase, _) => phases?.Add(phase), Ct);
}
