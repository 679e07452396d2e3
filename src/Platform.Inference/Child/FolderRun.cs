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
        CancellationToken ct)
    {
        Directory.CreateDirectory(scratch);
        try
        {
            // :: Step 1
            var package = await Packages.ModelPackage.OpenZipAsync(zip, ct);
            var blobs = new FileBlobStore(Path.Combine(scratch, "blobs"), 0, TimeProvider.System);
            zip.Position = 0;
            await StoreAsync(blobs, BlobNames.Model(package.Hash), zip, ct);
            var (study, series) = await StoreSeriesAsync(blobs, files, package.Manifest.Input, ct);

            // The same package on the same files is the same run, and gives the same UIDs.
            var key = string.Join('\n', [package.Hash, .. parameters.Order().Select(p => $"{p.Key}={p.Value}"), .. series.Instances.Select(i => i.Sha256)]);
            var runId = new Guid(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(key)).AsSpan(0, 16), bigEndian: true);
            var model = new ManifestModel(package.Manifest.Name, package.Manifest.Version, package.Hash, BlobNames.Model(package.Hash));
            var manifest = new RunManifest(Nobody, runId, study, 1, [series], model, parameters, int.MaxValue);

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

    /// <summary>The series of the modality with the most files; of equals the first by UID.</summary>
    private static async Task<(string StudyInstanceUid, ManifestSeries Series)> StoreSeriesAsync(
        BlobStore blobs, IReadOnlyList<string> files, Packages.InputSpec wanted, CancellationToken ct)
    {
        var headers = new List<(string Path, DicomFile File)>();
        foreach (var path in files)
        {
            try
            {
                headers.Add((path, await DicomFile.OpenAsync(path, new DicomReadOptions { StopBeforePixelData = true }, ct)));
            }
            catch (DicomException)
            {
                // A folder may hold other files; if no DICOM is left, that is said below.
            }
        }

        var chosen = headers
            .Where(h => wanted.Takes(Modality(h.File)))
            .GroupBy(h => h.File.Dataset.GetString(DicomTags.SeriesInstanceUID) ?? "")
            .OrderByDescending(s => s.Count())
            .ThenBy(s => s.Key, StringComparer.Ordinal)
            .FirstOrDefault()
            ?? throw new InputRefusedException("modality", $"The folder holds no DICOM file of modality {wanted.Modality}, which the model takes.");

        var instances = new List<ManifestInstance>();
        foreach (var (path, file) in chosen.OrderBy(h => h.File.Dataset.GetString(DicomTags.SOPInstanceUID), StringComparer.Ordinal))
        {
            var name = BlobNames.Instance(Nobody, RandomNumberGenerator.GetHexString(32, lowercase: true));
            await using var from = File.OpenRead(path);
            var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(from, ct));
            from.Position = 0;
            await StoreAsync(blobs, name, from, ct);
            instances.Add(new ManifestInstance(
                file.Dataset.GetString(DicomTags.SOPInstanceUID) ?? "",
                file.Dataset.GetString(DicomTags.SOPClassUID) ?? "",
                file.Syntax.Uid,
                name,
                from.Length,
                sha256));
        }

        return (chosen.First().File.Dataset.GetString(DicomTags.StudyInstanceUID) ?? "", new ManifestSeries(chosen.Key, Modality(chosen.First().File), instances));

        static string Modality(DicomFile file) => file.Dataset.GetString(DicomTags.Modality) ?? "";
    }

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

/// <summary>What a run on a folder gave.</summary>
/// <param name="Files">Written, by name.</param>
/// <param name="Result">Null where the input or the package was refused.</param>
/// <param name="Code">Why, for programs.</param>
/// <param name="Reason">Why, in a sentence.</param>
public sealed record FolderRunResult(IReadOnlyList<string> Files, RunResult? Result, string? Code, string? Reason);
