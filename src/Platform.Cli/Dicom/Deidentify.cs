using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Dicom;
using Platform.Dicom.Deidentification;

namespace Platform.Cli.Dicom;

/// <summary>
/// <c>platform dicom deidentify</c>: cleans files by PS3.15 Annex E and writes what the verifier then finds clean. File names may name
/// a patient, so those of a folder become numbers.
/// </summary>
internal static class Deidentify
{
    private const int KeyBytes = 32;

    public static Command Create()
    {
        var from = new Argument<string>("in") { Description = "A file, or a folder." };
        var to = new Argument<string>("out") { Description = "The file, or the folder, to write." };
        var key = new Option<string>("--key")
        {
            Description = "A file of at least 32 random bytes. The same key gives the same UIDs, pseudonyms and dates; without one they are this run's alone.",
        };
        var options = AnnexEOptions.Create();
        var seen = new Option<bool>("--pixels-seen") { Description = "A person has looked at the pixels: write also what may show text or a face." };
        var faceless = new Option<bool>("--no-faces") { Description = "A person has looked: no face can be recognised, nor made from the slices. Marked as (0028,0302) NO." };
        var masks = new Option<string>("--masks") { Description = "A file of rules: which device writes on which pixels. They are blackened before anything looks at them." };
        var json = new Option<bool>("--json") { Description = "A line of JSON for every file." };
        var command = new Command("deidentify", "Cleans files by the Basic Profile of PS3.15 Annex E and its options.") { from, to, options, key, masks, seen, faceless, json };
        command.SetAction(async (parsed, ct) =>
        {
            var chosen = AnnexEOptions.Parse(parsed.GetValue(options));
            var keys = new DeidentificationKeys(await KeyAsync(parsed.GetValue(key), parsed.InvocationConfiguration, ct));
            var cleaning = new Cleaning(
                new Deidentifier(keys, chosen), chosen, await RulesAsync(parsed.GetValue(masks), ct), parsed.GetValue(seen), parsed.GetValue(faceless));
            return await CleanAsync(
                parsed.GetRequiredValue(from), parsed.GetRequiredValue(to), cleaning, parsed.GetValue(json), parsed.InvocationConfiguration, ct);
        });
        return command;
    }

    private static async Task<int> CleanAsync(
        string from, string to, Cleaning cleaning, bool isJson, InvocationConfiguration io, CancellationToken ct)
    {
        var files = InputFiles.Of(from);
        var isFolder = Directory.Exists(from);
        if (isFolder && Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any())
        {
            throw new UsageException($"{to} is not empty: its files would be mixed with those of this run. Name a new folder.");
        }

        Directory.CreateDirectory(isFolder ? to : Path.GetDirectoryName(Path.GetFullPath(to))!);
        var progress = new Progress(io.Error, files.Count, TimeProvider.System);
        var written = 0;
        for (var i = 0; i < files.Count; i++)
        {
            var path = isFolder ? Path.Combine(to, string.Create(CultureInfo.InvariantCulture, $"{written + 1:000000}.dcm")) : to;
            var refusal = await CleanAsync(files[i], path, cleaning, ct);
            written += refusal is null ? 1 : 0;
            if (refusal is not null)
            {
                await progress.LineAsync($"{files[i]}: {refusal}");
            }

            if (isJson)
            {
                await io.Output.WriteLineAsync(JsonLine.Of(new { file = files[i], written = refusal is null ? path : null, refusal }));
            }

            await progress.AtAsync(i + 1);
        }

        await progress.EndAsync();
        if (!isJson)
        {
            await io.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{written} of {files.Count} cleaned"));
        }

        return written == files.Count ? ExitCode.Ok : ExitCode.SomeRefused;
    }

    /// <summary>Null when the file was written; else why not.</summary>
    private static async Task<string?> CleanAsync(
        string from, string to, Cleaning cleaning, CancellationToken ct)
    {
        try
        {
            var file = await OpenedFile.ReadAsync(from, ct);
            var rule = PixelMaskRule.Find(cleaning.Masks, file.Dataset);
            if (rule is not null)
            {
                file = PixelMasks.Apply(file, rule);
                PixelMasks.MarkSeen(file.Dataset);
            }

            if (Deidentifier.Refuse(file.Dataset, cleaning.Options) is { } refusal)
            {
                return $"refused: {refusal}";
            }

            if (!cleaning.IsSeen && OpenedFile.Suspicion(file, isMasked: rule is not null) is { } suspicion)
            {
                return $"put aside, for its pixels may identify ({suspicion}): look at them, then clean it with --pixels-seen";
            }

            cleaning.Deidentifier.Apply(file.Dataset);
            cleaning.Deidentifier.ApplyToMeta(file.Meta);
            Mark(file.Dataset, cleaning, rule is not null);
            file.Preamble = new byte[128];
            file.Dataset.RemoveWhere(e => e.Tag > DicomTags.PixelData);
            if (file.Dataset[DicomTags.PixelData] is { } pixels)
            {
                file.Dataset.Set(CodestreamComments.Clean(pixels, file.Syntax));
            }

            file.CompleteMeta();
            var leaks = DeidentificationVerifier.Check(file, cleaning.Options);
            if (leaks.Count > 0)
            {
                return $"not written, for it still identifies: {string.Join(", ", leaks.Take(10).Select(l => $"{l.Path} {l.Rule}"))}";
            }

            await WriteAsync(file, to, ct);
            return null;
        }
        catch (DicomException e)
        {
            return $"{e.Error}: {e.Message}";
        }
    }

    /// <summary>What was done to the pixels, or seen of them.</summary>
    private static void Mark(DicomDataset dataset, Cleaning cleaning, bool isMasked)
    {
        if (isMasked)
        {
            PixelMasks.Mark(dataset);
        }
        else if (cleaning.IsSeen && dataset.Contains(DicomTags.PixelData))
        {
            PixelMasks.MarkSeen(dataset);
        }

        if (cleaning.IsFaceless && dataset.Contains(DicomTags.PixelData))
        {
            dataset.Set(DicomTags.RecognizableVisualFeatures, "NO");
        }
    }

    private static async Task<IReadOnlyList<PixelMaskRule>> RulesAsync(string? path, CancellationToken ct)
    {
        if (path is null)
        {
            return [];
        }

        try
        {
            await using var file = File.OpenRead(path);
            return await PixelMaskRule.ReadAsync(file, ct);
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Under its name when it is whole.</summary>
    private static async Task WriteAsync(DicomFile file, string to, CancellationToken ct)
    {
        var temporary = to + ".part";
        await using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            await file.WriteAsync(stream, ct);
        }

        File.Move(temporary, to, overwrite: true);
    }

    private static async Task<byte[]> KeyAsync(string? path, InvocationConfiguration io, CancellationToken ct)
    {
        if (path is null)
        {
            await io.Error.WriteLineAsync("Without --key, UIDs and pseudonyms are consistent within this run alone.");
            return RandomNumberGenerator.GetBytes(KeyBytes);
        }

        try
        {
            var key = await File.ReadAllBytesAsync(path, ct);
            return key.Length >= KeyBytes ? key : throw new UsageException($"{path}: a key has at least {KeyBytes} bytes (head -c 32 /dev/urandom > {path}).");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: {e.Message}", e);
        }
    }

    /// <param name="IsSeen">A person has looked: no text in the pixels identifies.</param>
    /// <param name="IsFaceless">A person has looked: no face can be recognised.</param>
    private sealed record Cleaning(
        Deidentifier Deidentifier, DeidentificationOptions Options, IReadOnlyList<PixelMaskRule> Masks, bool IsSeen, bool IsFaceless);
}
