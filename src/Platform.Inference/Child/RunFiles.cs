using Platform.Contracts;
using Platform.Dicom;
using Platform.Inference.Packages;

namespace Platform.Inference.Child;

/// <summary>A run's inputs as files of its scratch folder.</summary>
/// <param name="First">The instances of the first input's series.</param>
/// <param name="Further">Of each further series its name among the package's further inputs.</param>
/// <param name="Labels">Of each result of another run the further input that it is; no path where that run found nothing.</param>
internal sealed record RunFiles(
    IReadOnlyList<string> First,
    IReadOnlyList<(string Name, ManifestSeries Series, IReadOnlyList<string> Paths)> Further,
    IReadOnlyList<(string Name, string? Path)> Labels)
{
    private const int MaxParallelFetches = 4;

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

        var fetches = new List<(ManifestInstance Instance, string Path)>();
        var first = Add(run.Series[0].Instances, "first");
        var further = others.ConvertAll(s => (s.Input!, s, Add(s.Instances, $"further{others.IndexOf(s)}")));
        var labels = new List<(string Name, string? Path)>();
        foreach (var spec in (package.FurtherInputs ?? []).Where(f => f.IsOfRun))
        {
            if (run.Inputs.FirstOrDefault(i => i.ModelName == spec.Model) is { } result)
            {
                var segmentation = result.Objects
                    .Where(o => o.SopClassUid is DicomUids.SegmentationStorage or DicomUids.LabelMapSegmentationStorage).Take(1).ToList();
                labels.Add((spec.Name, Add(segmentation, $"labels{labels.Count}") is [var path] ? path : null));
            }
        }

        var done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelFetches, CancellationToken = ct };
        await Parallel.ForEachAsync(fetches, options, async (fetch, token) =>
        {
            await store.FetchAsync(fetch.Instance, fetch.Path, token);
            progress(Interlocked.Increment(ref done) / (double)fetches.Count);
        });
        return new(first, further, labels);

        IReadOnlyList<string> Add(IReadOnlyList<ManifestInstance> instances, string prefix)
        {
            var paths = instances.Select((_, i) => Path.Combine(folder, $"{prefix}-{i}.dcm")).ToList();
            fetches.AddRange(instances.Zip(paths));
            return paths;
        }
    }
}
