using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Platform.Inference.Packages;
using Platform.Inference.Volumes;

namespace Platform.Inference.Engine;

/// <summary>A model's further inputs on the grid of its first, as the graph takes them.</summary>
/// <param name="Further">In the manifest's order; voxels [z, y, x].</param>
/// <param name="Hash">Lower-case hex SHA-256 over all inputs' voxels, the first's too; null where the model takes one series.</param>
internal sealed record PreparedInputs(IReadOnlyList<(FurtherInputSpec Spec, Volume Volume)> Further, string? Hash)
{
    private const int PieceVoxels = 1 << 24;

    /// <summary>For each further input: :: 1 resample, :: 2 intensity transforms over what it covers, :: 3 its fill elsewhere.</summary>
    /// <param name="first">The first input, resampled and transformed.</param>
    /// <exception cref="InputRefusedException">A required one is missing, or does not cover enough of the first.</exception>
    public static PreparedInputs Of(
        PackageManifest manifest, Volume first, IReadOnlyList<FurtherVolume>? given, int threads, CancellationToken ct)
    {
        if (manifest.FurtherInputs is null)
        {
            return new([], null);
        }

        var further = manifest.FurtherInputs
            .Select(spec => (spec, new Volume(first.Grid, Voxels(spec, first.Grid, given?.FirstOrDefault(f => f.Name == spec.Name), threads, ct))))
            .ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(first.Voxels);
        foreach (var (spec, volume) in further)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(spec.Name));
            Append(volume.Voxels);
        }

        return new(further, Convert.ToHexStringLower(hash.GetCurrentHash()));

        // In pieces: the bytes of a large volume are more than one span holds.
        void Append(float[] voxels)
        {
            for (var at = 0; at < voxels.Length; at += PieceVoxels)
            {
                hash.AppendData(MemoryMarshal.AsBytes<float>(voxels.AsSpan(at, Math.Min(PieceVoxels, voxels.Length - at))));
            }
        }
    }

    /// <summary>Where each goes: into a channel of the first input's tensor, the first of them 1, or into its own.</summary>
    /// <param name="voxelsOf">What goes there of its volume, in the shape that goes through the graph.</param>
    public IReadOnlyList<FurtherPatches> Into(ModelSession session, Func<FurtherInputSpec, Volume, float[]> voxelsOf)
    {
        var channel = 1;
        return
        [
            .. Further.Select(f => f.Spec.IsChannel
                ? new FurtherPatches(voxelsOf(f.Spec, f.Volume), channel++, null)
                : new FurtherPatches(voxelsOf(f.Spec, f.Volume), null, () => session.InputOf(f.Spec.Name))),
        ];
    }

    private static float[] Voxels(FurtherInputSpec spec, Grid grid, FurtherVolume? given, int threads, CancellationToken ct)
    {
        if (given is null)
        {
            if (spec.IsRequired)
            {
                throw new InputRefusedException(
                    "input-missing", $"The model also needs its input {spec.Name}, and the run does not name it; start the run again.");
            }

            var constant = GC.AllocateUninitializedArray<float>(grid.Length);
            Array.Fill(constant, spec.Fill ?? 0);
            return constant;
        }

        return given.Volume is { } series ? Series(spec, grid, series, threads, ct) : Labels(spec, grid, given, threads, ct);
    }

    private static float[] Series(FurtherInputSpec spec, Grid grid, Volume series, int threads, CancellationToken ct)
    {
        Intensity.RequireFinite(series.Voxels);
        var coverage = Coverage.Of(grid, series.Grid);
        if (coverage.Count == 0 || coverage.Count < spec.MinCoverage * grid.Length)
        {
            throw new InputRefusedException(
                "input-overlap",
                $"The series of input {spec.Name} covers {100.0 * coverage.Count / grid.Length:0} % of the first one's volume, too little for the model; choose a series of the same region.");
        }

        // :: Step 1
        var voxels = Resampling.To(grid, series, Enum.Parse<Interpolation>(spec.Interpolation ?? "linear", ignoreCase: true), threads, ct).Voxels;
        if (coverage.Count == voxels.Length)
        {
            Intensity.Apply(voxels, spec.Intensity);
            return voxels;
        }

        // :: Step 2
        var covered = GC.AllocateUninitializedArray<float>((int)coverage.Count);
        ForEachRow(coverage, grid, (row, at, length) => voxels.AsSpan(row, length).CopyTo(covered.AsSpan(at)));
        Intensity.Apply(covered, spec.Intensity);

        // :: Step 3
        Array.Fill(voxels, spec.Fill ?? 0);
        ForEachRow(coverage, grid, (row, at, length) => covered.AsSpan(at, length).CopyTo(voxels.AsSpan(row)));
        return voxels;
    }

    private static float[] Labels(FurtherInputSpec spec, Grid grid, FurtherVolume given, int threads, CancellationToken ct)
    {
        var value = new float[256];
        for (var number = 1; number < value.Length; number++)
        {
            value[number] = spec.Segments is null ? number : spec.Segments.Contains(number) ? 1 : 0;
        }

        var voxels = new float[grid.Length];
        if (given.LabelGrid is { } from)
        {
            var labels = Resampling.Labels(given.Labels, from, grid, threads, ct);
            for (var i = 0; i < voxels.Length; i++)
            {
                voxels[i] = value[labels[i]];
            }
        }

        Intensity.Apply(voxels, spec.Intensity);
        return voxels;
    }

    /// <summary>Told where a covered piece of a row begins in the volume, where among all covered voxels, and its length.</summary>
    private static void ForEachRow(Coverage coverage, Grid grid, Action<int, int, int> piece)
    {
        var at = 0;
        for (var row = 0; row < coverage.Rows.Length; row++)
        {
            var (from, to) = coverage.Rows[row];
            piece((row * grid.Width) + from, at, to - from);
            at += to - from;
        }
    }
}
