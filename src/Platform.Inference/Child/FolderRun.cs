using System.Security.Cryptography;
using System.Text.Json;
using Platform.Contracts;
using Platform.Dicom;
using Platform.Hosting.Blobs;
using Platform.Inference.Engine;

namespace Platform.Inference.Child;

/// <summary>One run in this process on files of a folder: all that a worker does, without a broker, a database or a child of its own.</summary>
public static class FolderRun
{
    private static readonly Guid Nobody = new("00000000-0000-8000-8000-000000000001"); // blobs need the name of a tenant

    /// <summary>
    /// :: 1 the package and the series' files as blobs in a scratch folder, :: 2 what a worker computes, :: 3 its result and objects to <paramref name="to"/>.
    /// </summary>
    /// <param name="zip">The package; seekable.</param>
    /// <param name="parameters">Of the run; empty when the package's own values hold.</param>
    /// <param name="to">A folder; it is made.</param>
    /// <param name="scratch">A folder for this run alone; it is made, and removed at the end.</param>
    /// <param name="further">
    /// Files of the package's further inputs by name; of the result of another run its objects. Another series of the study that is not named is
    /// looked for among <paramref name="files"/>.
    /// </param>
    /// <returns>The names of the files in <paramref name="to"/>, or why there are none.</returns>
    /// <exception cref="InputRefusedException">No file is DICOM of the model's modality.</exception>
    /// <exception cref="Packages.PackageRefusedException">The package must not be used.</exception>
    public static async Task<FolderRunResult> RunAsync(
        Stream zip,
        IReadOnlyList<string> files,
        IReadOnlyDictionary<string, string> parameters,
        string to,
        string scratch,
        int threads,
        Action<RunPhase, double> progress,
        CancellationToken ct,
        IReadOnlyDictionary<string, IReadOnlyList<string>>? further = null)
    {
        Directory.CreateDirectory(scratch);
        try
        {
            // :: Step 1
            var package = await Packages.ModelPackage.OpenZipAsync(zip, ct);
            var blobs = new FileBlobStore(Path.Combine(scratch, "blobs"), 0, TimeProvider.System);
            zip.Position = 0;
            await StoreAsync(blobs, BlobNames.Model(package.Hash), zip, ct);
            var inputs = await StoreInputsAsync(blobs, files, further ?? new Dictionary<string, IReadOnlyList<string>>(), package.Manifest, ct);

            // The same package on the same files is the same run, and gives the same UIDs.
            var key = string.Join('\n', [package.Hash, .. parameters.Order().Select(p => $"{p.Key}={p.Value}"), .. inputs.Shas]);
            var runId = new Guid(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)).AsSpan(0, 16), bigEndian: true);
            var model = new ManifestModel(package.Manifest.Name, package.Manifest.Version, package.Hash, BlobNames.Model(package.Hash));
            var manifest = new RunManifest(Nobody, runId, inputs.Study, 1, inputs.Series, model, parameters, int.MaxValue) { Inputs = inputs.Results };

            // :: Step 2
            using var sessions = new SessionCache(Device.Cpu, threads);
            var runs = new RunComputation(blobs, sessions, Path.Combine(scratch, "work"), threads, TimeProvider.System);
            var answer = await runs.RunAsync(new ComputeRequest(runId, manifest, IsVerified: false), progress, ct);
            ct.ThrowIfCancellationRequested();
            if (answer.Outcome != ComputeOutcome.Succeeded)
            {
                return new([], null, answer.ReasonCode, answer.Reason);
            }

            // :: Step 3
            var names = await TakeAsync(blobs, BlobNames.Attempt(Nobody, runId, runId, ""), to, ct);
            await using var stored = await blobs.OpenReadAsync(answer.ResultBlob!, ct);
            return new(names, await JsonSerializer.DeserializeAsync<RunResult>(stored!, PlatformJson.Options, ct), null, null);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>The first input's series, then for each further one what its name stands for.</summary>
    private static async Task<FolderInputs> StoreInputsAsync(
        FileBlobStore blobs,
        IReadOnlyList<string> files,
        IReadOnlyDictionary<string, IReadOnlyList<string>> further,
        Packages.PackageManifest package,
        CancellationToken ct)
    {
        var specs = package.FurtherInputs ?? [];
        if (further.Keys.FirstOrDefault(name => specs.All(f => f.Name != name)) is { } unknown)
        {
            var names = specs.Count == 0 ? "none beside its first" : string.Join(", ", specs.Select(f => f.Name));
            throw new InputRefusedException("input-unknown", $"The package has no input {unknown}; it has {names}.");
        }

        var study = await OpenAsync(files, ct);
        var chosen = Choose(study, package.Input, [])
            ?? throw new InputRefusedException("modality", $"The folder holds no DICOM file of modality {package.Input.Modality}, which the model takes.");
        var first = await StoreSeriesAsync(blobs, chosen, null, ct);
        List<ManifestSeries> series = [first];
        var (shas, results) = (first.Instances.Select(i => i.Sha256).ToList(), new List<ManifestInput>());
        foreach (var spec in specs)
        {
            IReadOnlyList<ManifestInstance> instances;
            var named = further.TryGetValue(spec.Name, out var paths) ? await OpenAsync(paths, ct) : null;
            if (spec.IsOfRun)
            {
                if (named is null)
                {
                    continue; // the run says whether it can do without
                }

                instances = (await StoreSeriesAsync(blobs, named, null, ct)).Instances;
                results.Add(new ManifestInput(Guid.Empty, spec.Model!, "", instances));
            }
            else if (Choose(named ?? (spec.From == "prior" ? [] : study), spec.ToInput(), named is null ? series.ConvertAll(s => s.SeriesInstanceUid) : []) is { } other)
            {
                series.Add(await StoreSeriesAsync(blobs, other, spec.Name, ct));
                instances = series[^1].Instances;
            }
            else if (spec.IsRequired || named is not null)
            {
                throw new InputRefusedException(
                    "input-missing", $"No series for the input {spec.Name} of modality {spec.Modality} was found, acquired as the model needs it; name its folder: --input {spec.Name}=FOLDER.");
            }
            else
            {
                continue;
            }

            shas.AddRange(instances.Select(i => i.Sha256).Prepend(spec.Name));
        }

        return new(chosen[0].File.Dataset.GetString(DicomTags.StudyInstanceUID) ?? "", series, results, shas);
    }

    /// <summary>The DICOM files among them; a folder may hold others.</summary>
    private static async Task<List<(string Path, DicomFile File)>> OpenAsync(IReadOnlyList<string> files, CancellationToken ct)
    {
        var opened = new List<(string Path, DicomFile File)>();
        foreach (var path in files)
        {
            try
            {
                opened.Add((path, await DicomFile.OpenAsync(path, new DicomReadOptions { StopBeforePixelData = true }, ct)));
            }
            catch (DicomException)
            {
                // If no DICOM is left, that is said where a series is missed.
            }
        }

        return opened;
    }

    /// <summary>The series that is wanted with the most files, none of those taken before; of equals the first by UID.</summary>
    private static List<(string Path, DicomFile File)>? Choose(
        List<(string Path, DicomFile File)> files, Packages.InputSpec wanted, IReadOnlyList<string> taken) => files
        .Where(h => wanted.Takes(Text(h.File, DicomTags.Modality)))
        .GroupBy(h => Text(h.File, DicomTags.SeriesInstanceUID))
        .Where(s => !taken.Contains(s.Key) && (wanted.Acquisition is null || Packages.SeriesTraits.Of(s.First().File.Dataset).Meets(wanted.Acquisition)))
        .OrderByDescending(s => s.Count())
        .ThenBy(s => s.Key, StringComparer.Ordinal)
        .FirstOrDefault()?.ToList();

    private static async Task<ManifestSeries> StoreSeriesAsync(
        FileBlobStore blobs, List<(string Path, DicomFile File)> files, string? input, CancellationToken ct)
    {
        var instances = new List<ManifestInstance>();
        foreach (var (path, file) in files.OrderBy(h => Text(h.File, DicomTags.SOPInstanceUID), StringComparer.Ordinal))
        {
            var name = BlobNames.Instance(Nobody, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await using var from = File.OpenRead(path);
            var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(from, ct));
            from.Position = 0;
            await StoreAsync(blobs, name, from, ct);
            instances.Add(new ManifestInstance(
                Text(file, DicomTags.SOPInstanceUID), Text(file, DicomTags.SOPClassUID), file.Syntax.Uid, name, from.Length, sha256));
        }

        var (series, modality) = files.Count > 0 ? (Text(files[0].File, DicomTags.SeriesInstanceUID), Text(files[0].File, DicomTags.Modality)) : ("", "");
        return new ManifestSeries(series, modality, instances) { Input = input };
    }

    private static string Text(DicomFile file, DicomTag tag) => file.Dataset.GetString(tag) ?? "";

    private static async Task StoreAsync(BlobStore blobs, string name, Stream from, CancellationToken ct)
    {
        await using var blob = await blobs.CreateAsync(name, ct);
        await from.CopyToAsync(blob, ct);
        await blob.CommitAsync(ct);
    }

    private static async Task<List<string>> TakeAsync(BlobStore blobs, string prefix, string to, CancellationToken ct)
    {
        Directory.CreateDirectory(to);
        var names = new List<string>();
        await foreach (var entry in blobs.ListAsync(prefix, ct))
        {
            names.Add(entry.Name[prefix.Length..]);
        }

        foreach (var name in names)
        {
            await using var from = await blobs.OpenReadAsync(prefix + name, ct);
            await using var file = new FileStream(Path.Combine(to, name), FileMode.Create, FileAccess.Write);
            await from!.CopyToAsync(file, ct);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }
}

/// <summary>What a folder gave for a run.</summary>
/// <param name="Shas">Of all files, each further input's behind its name.</param>
internal sealed record FolderInputs(
    string Study, IReadOnlyList<ManifestSeries> Series, IReadOnlyList<ManifestInput> Results, IReadOnlyList<string> Shas);

/// <summary>What a run on a folder gave.</summary>
/// <param name="Files">Written, by name.</param>
/// <param name="Result">Null where the input or the package was refused.</param>
/// <param name="Code">Why, for programs.</param>
/// <param name="Reason">Why, in a sentence.</param>
public sealed record FolderRunResult(IReadOnlyList<string> Files, RunResult? Result, string? Code, string? Reason);
