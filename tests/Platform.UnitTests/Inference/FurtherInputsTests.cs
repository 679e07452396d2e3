using System.Text.Json.Nodes;
using Platform.Dicom.Volumes;
using Platform.Inference;
using Platform.Inference.Engine;
using Platform.Inference.Volumes;
using Xunit;

namespace Platform.UnitTests.Inference;

/// <summary>Models that take several volumes, against a plain reference that looks up every voxel by itself.</summary>
public class FurtherInputsTests
{
    private static readonly Grid First = new(7, 18, 21, Affine.Axial(0.9, 0.8, 2, new(-9, -7, -6)));

    // Slices from left to right, tilted a little, other voxels; it ends within the first one on three sides.
    private static readonly Grid Oblique = new(
        16, 14, 19, new Affine(new(0.05, 0.95, 0.1), new(0, 0.1, -1.1), new(1.2, 0, 0.05), new(-11, -9, 9)));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task T1_less_T2_of_another_geometry_is_right_in_every_voxel()
    {
        var (t1, t2) = (Noise(First, 1), Noise(Oblique, 2));
        using var session = await TestPackages.LoadAsync("difference");

        var made = Run(session, t1, [new FurtherVolume("t2") { Volume = t2 }]).Enhanced!;

        var (inside, outside) = (0, 0);
        for (var i = 0; i < made.Length; i++)
        {
            var other = Reference(t2, PointOf(First, i));
            (inside, outside) = other is null ? (inside, outside + 1) : (inside + 1, outside);
            Assert.Equal(t1.Voxels[i] - (other ?? 0), made[i], 5e-3);
        }

        Assert.True(inside > 1000 && outside > 100, $"{inside} inside, {outside} outside");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Channels_and_own_inputs_go_along_in_batches_and_mirrored(int batch)
    {
        var (now, before, organ) = (Noise(First, 3), Noise(Oblique, 4), Noise(First, 5));
        var labels = Array.ConvertAll(organ.Voxels, v => (byte)(v > 500 ? 1 : v > 250 ? 2 : 0));
        var package = await TestPackages.OpenAsync("change");
        using var session = new ModelSession(package, Device.Cpu, threads: 1, batch);

        var labelled = Run(session, now, [new("before") { Volume = before }, new("organ") { LabelGrid = First, Labels = labels }]);

        var expected = new byte[First.Length];
        for (var i = 0; i < expected.Length; i++)
        {
            var more = now.Voxels[i] - (Reference(before, PointOf(First, i)) ?? 0);
            expected[i] = (byte)(labels[i] == 1 && more > 100 ? 1 : 0);
        }

        Assert.Contains((byte)1, expected);
        Assert.True(Differences(expected, labelled.Labels) < 3, $"{Differences(expected, labelled.Labels)} voxels differ"); // on the threshold
    }

    [Fact]
    public async Task A_channel_is_cut_as_the_first_one_is_whatever_the_patch()
    {
        var (t1, t2) = (Noise(First, 6), Noise(First, 7));
        var hashes = new HashSet<float[]>(new SameValues());
        foreach (var (patch, flips, batch) in new[] { (new[] { 4, 8, 8 }, Array.Empty<string>(), 1), ([3, 5, 7], ["x", "y", "z"], 4), ([16, 32, 32], ["y"], 2) })
        {
            var package = await TestPackages.OpenAsync("difference", m =>
            {
                m["window"]!["patch"] = new JsonArray([.. patch.Select(n => JsonValue.Create(n))]);
                m["window"]!["flips"] = new JsonArray([.. flips.Select(f => JsonValue.Create(f))]);
            });
            using var session = new ModelSession(package, Device.Cpu, threads: 1, batch);
            hashes.Add(Run(session, t1, [new("t2") { Volume = t2 }]).Enhanced!);
        }

        Assert.Single(hashes);
        Assert.Equal(t1.Voxels.Zip(t2.Voxels, (a, b) => a - b), hashes.Single(), (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public async Task Intensities_are_those_of_what_a_series_covers_and_the_rest_is_its_fill()
    {
        var (t1, t2) = (new Volume(First, new float[First.Length]), Noise(Oblique, 8));
        var package = await TestPackages.OpenAsync("difference", m =>
        {
            m["furtherInputs"]![0]!["intensity"] = new JsonArray(new JsonObject { ["op"] = "zScore" });
            m["furtherInputs"]![0]!["fill"] = -3;
        });
        using var session = new ModelSession(package, Device.Cpu, threads: 1);

        var made = Run(session, t1, [new("t2") { Volume = t2 }]).Enhanced!;

        var values = Enumerable.Range(0, First.Length).Select(i => Reference(t2, PointOf(First, i))).ToList();
        var covered = values.OfType<double>().ToList();
        var mean = covered.Average();
        var deviation = Math.Sqrt(covered.Average(v => (v - mean) * (v - mean)));
        Assert.Equal(values.Select(v => v is { } value ? -(value - mean) / deviation : 3), made.Select(v => (double)v), (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public async Task What_is_missing_is_a_constant_where_it_is_optional_and_refused_where_it_is_not()
    {
        var now = Noise(First, 9);
        using var change = await TestPackages.LoadAsync("change");

        var without = Run(change, now, [new("before") { Volume = new Volume(First, new float[First.Length]) }]);
        var nothing = Run(change, now, [new("before") { Volume = new Volume(First, new float[First.Length]) }, new("organ")]);

        Assert.Equal(now.Voxels.Select(v => (byte)(v > 100 ? 1 : 0)), without.Labels); // the mask's fill is 1
        Assert.All(nothing.Labels, label => Assert.Equal(0, label)); // the other model found nothing
        Assert.Equal("input-missing", Assert.Throws<InputRefusedException>(() => Run(change, now, [])).Code);
    }

    [Theory]
    [InlineData(500, 0)]
    [InlineData(14, 0)]
    public async Task A_series_that_covers_too_little_is_refused(double offset, int slices)
    {
        var elsewhere = First with { Affine = First.Affine with { Origin = First.Affine.Origin + new Vector3D(offset, 0, slices) } };
        using var change = await TestPackages.LoadAsync("change"); // at least half
        var refusal = Assert.Throws<InputRefusedException>(() => Run(change, Noise(First, 1), [new("before") { Volume = Noise(elsewhere, 2) }]));
        Assert.Equal("input-overlap", refusal.Code);
        Assert.Contains("before", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_volume_goes_with_another_of_any_geometry()
    {
        var t1 = new Volume(First, [.. Enumerable.Repeat(50f, First.Length)]);
        var t2 = new Volume(Oblique with { Affine = Oblique.Affine with { Origin = new(-60, -60, 60), ColumnStep = new(0, 9, 0), RowStep = new(0, 0, -9), SliceStep = new(9, 0, 0) } },
            [.. Enumerable.Repeat(20f, Oblique.Length)]);
        using var session = await TestPackages.LoadAsync("gap");

        var both = VolumeEngine.Run(t1, session, 1, (_, _) => { }, Ct, [new("t2") { Volume = t2 }]);
        var one = VolumeEngine.Run(t1, session, 1, (_, _) => { }, Ct);

        Assert.Equal(30, Assert.Single(both.Numbers), 1e-3);
        Assert.Equal(43, Assert.Single(one.Numbers), 1e-3); // 50 less the fill
        Assert.NotEqual(Findings.ResultHash(both, []), Findings.ResultHash(one, []));
    }

    [Fact]
    public async Task The_hash_is_that_of_all_inputs_and_of_no_number_of_threads()
    {
        var (t1, t2) = (Noise(First, 1), Noise(Oblique, 2));
        var package = await TestPackages.OpenAsync("change");
        var hashes = new List<string>();
        foreach (var (threads, seed) in new[] { (1, 2), (2, 2), (1, 3) })
        {
            using var session = new ModelSession(package, Device.Cpu, threads);
            var dark = new Volume(First, new float[First.Length]); // nothing is found, whatever was before
            var labelled = SegmentationEngine.Run(dark, session, threads, (_, _) => { }, Ct, null, [new("before") { Volume = Noise(Oblique, seed) }]);
            hashes.Add(Findings.ResultHash(labelled, []));
        }

        Assert.Equal(hashes[0], hashes[1]);
        Assert.NotEqual(hashes[0], hashes[2]);
    }

    [Fact]
    public void Coverage_is_what_lies_within_a_voxel_of_the_other_grid()
    {
        var coverage = Coverage.Of(First, Oblique);
        var count = 0L;
        for (var i = 0; i < First.Length; i++)
        {
            var (from, to) = coverage.Rows[i / First.Width];
            var isCovered = IndexIn(Oblique, PointOf(First, i)) is not null;
            Assert.Equal(isCovered, i % First.Width >= from && i % First.Width < to);
            count += isCovered ? 1 : 0;
        }

        Assert.Equal(count, coverage.Count);
        Assert.Equal(First.Length, Coverage.Of(First, First).Count);
    }

    private static LabelledVolume Run(ModelSession session, Volume first, IReadOnlyList<FurtherVolume> further) =>
        SegmentationEngine.Run(first, session, 1, (_, _) => { }, Ct, null, further);

    private static Volume Noise(Grid grid, int seed)
    {
        var random = new Random(seed);
        return new Volume(grid, [.. Enumerable.Range(0, grid.Length).Select(_ => 1000 * random.NextSingle())]);
    }

    private static Vector3D PointOf(Grid grid, int i) =>
        grid.Affine.ToPatient(i % grid.Width, i / grid.Width % grid.Height, i / (grid.Width * grid.Height));

    private static Vector3D? IndexIn(Grid grid, Vector3D point)
    {
        var at = grid.Affine.ToIndex(point);
        return Within(at.X, grid.Width) && Within(at.Y, grid.Height) && Within(at.Z, grid.Depth) ? at : null;

        static bool Within(double index, int length) => index >= -0.5 && index <= length - 0.5;
    }

    /// <summary>Trilinear, the outermost voxel going on to its own edge; null beyond.</summary>
    private static double? Reference(Volume volume, Vector3D point)
    {
        if (IndexIn(volume.Grid, point) is not { } at)
        {
            return null;
        }

        var (grid, sum) = (volume.Grid, 0.0);
        var (x, y, z) = (Clamp(at.X, grid.Width), Clamp(at.Y, grid.Height), Clamp(at.Z, grid.Depth));
        for (var corner = 0; corner < 8; corner++)
        {
            var (i, j, k) = (Corner(x, corner & 1, grid.Width), Corner(y, (corner >> 1) & 1, grid.Height), Corner(z, corner >> 2, grid.Depth));
            sum += i.Weight * j.Weight * k.Weight * volume.Voxels[(((k.At * grid.Height) + j.At) * grid.Width) + i.At];
        }

        return sum;

        static double Clamp(double index, int length) => Math.Clamp(index, 0, length - 1);

        static (int At, double Weight) Corner(double index, int upper, int length)
        {
            var low = Math.Min((int)Math.Floor(index), length - 1);
            return (Math.Min(low + upper, length - 1), upper == 1 ? index - low : 1 - (index - low));
        }
    }

    private static int Differences(byte[] a, byte[] b) => a.Zip(b).Count(p => p.First != p.Second);

    /// <summary>Two volumes of equal values but for rounding.</summary>
    private sealed class SameValues : IEqualityComparer<float[]>
    {
        public bool Equals(float[]? x, float[]? y) => x!.Zip(y!).All(p => Math.Abs(p.First - p.Second) < 1e-3);

        public int GetHashCode(float[] obj) => 0;
    }
}
