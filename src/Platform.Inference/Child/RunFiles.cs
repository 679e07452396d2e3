using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>A run's inputs: few bytes in memory, more as files of its scratch folder, since volumes are made of them and have the memory.</summary>
/// <param name="First">The instances of the first input's series.</param>
/// <param name="Further">Of each further series its name among the package's further inputs.</param>
/// <param name="Labels">Of each result of another run the further input that it is; null where that run found nothing.</param>
internal sealed record RunFiles(
    IReadOnlyList<FetchedInstance> First,
    IReadOnlyList<(string Name, ManifestSeries Series, IReadOnlyList<FetchedInstance> Instances)> Further,
    IReadOnlyList<(string Name, FetchedInstance? Instance)> Labels)
{
    private const int MaxParallelFetches = 4;
    private const long MostBytesInMemory = 64L << 20;

    /// <summary>Copies what the manifest names from the blob store and checks its hashes.</summary>
    /// <exception cref="InputRefusedException">The manifest does not name what the package takes; an instance is gone or changed.</exception>
    public static async Task<RunFiles> FetchAsync(
        RunManifest run, PackageManifest package, AttemptBlobs store, string folder, Action<double> progress, CancellationToken ct)
    {
        var others = run.Series.Skip(1).ToList();
        if (run.Series is not [{ Instances.Count: > 0, Input: null }, ..] || others.Exists(s => s is not { Input: not null, Instances.Count: > 0 }))
        {
            throw new InputRefusedException(
                "no-instances", "The run names no series, or several without saying which inputs of the model they are; start it again.");
        }

        var names = (package.FurtherInputs ?? []).Where(f => !f.IsOfRun).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        if (others.Exists(s => !names.Remove(s.Input!)))
        {
            throw new InputRefusedException("input-unknown", "The run names an input that the model does not have, or one twice; start it again.");
        }

        // :: Step 1: what each input is.
        var first = run.Series[0].Instances;
        var labels = new List<(string Name, IReadOnlyList<ManifestInstance> Objects)>();
        foreach (var spec in (package.FurtherInputs ?? []).Where(f => f.IsOfRun))
        {
            if (run.Inputs.FirstOrDefault(i => i.ModelName == spec.Model) is { } result)
            {
                labels.Add((spec.Name, [.. result.Objects
                    .Where(o => o.SopClassUid is DicomUids.SegmentationStorage or DicomUids.LabelMapSegmentationStorage).Take(1)]));
            }
        }

        // :: Step 2: all of them at once.
        List<ManifestInstance> wanted = [.. first, .. others.SelectMany(s => s.Instances), .. labels.SelectMany(l => l.Objects)];
        var isSmall = wanted.TrueForAll(i => i.Length is >= 0 and <= MostBytesInMemory) && wanted.Sum(i => i.Length) <= MostBytesInMemory;
        if (!isSmall)
        {
            Directory.CreateDirectory(folder);
        }

        var fetched = new FetchedInstance[wanted.Count];
        var done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelFetches, CancellationToken = ct };
        await Parallel.ForAsync(0, fetched.Length, options, async (i, token) =>
        {
            if (isSmall)
            {
                fetched[i] = new(null, await store.FetchAsync(wanted[i], token));
            }
            else
            {
                var path = Path.Combine(folder, $"{i}.dcm");
                await store.FetchAsync(wanted[i], path, token);
                fetched[i] = new(path, default);
            }

            progress(Interlocked.Increment(ref done) / (double)fetched.Length);
        });

        // :: Step 3: to each input its own, in the order in which they were wanted.
        var taken = 0;
        return new(
            Take(first.Count),
            others.ConvertAll(s => (s.Input!, s, Take(s.Instances.Count))),
            labels.ConvertAll(l => (l.Name, Take(l.Objects.Count) is [var one] ? one : (FetchedInstance?)null)));

        IReadOnlyList<FetchedInstance> Take(int count) => fetched[taken..(taken += count)];
    }
}
