using System.Diagnostics;
using System.Text.RegularExpressions;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Xunit;

namespace Platform.UnitTests.Corpus;

/// <summary>Asks dciodvfy (package dicom3tools) whether a cleaned file breaks a rule that the received one did not.</summary>
public class DciodvfyCorpusTests(ITestOutputHelper output)
{
    private const string Tool = "/usr/bin/dciodvfy";
    private const int FilesEach = 30;

    [Theory]
    [InlineData("given/deid", DeidentificationOptions.None)]
    [InlineData("given/dicom", DeidentificationOptions.None)]
    [InlineData("given/dicom", DeidentificationOptions.CleanDescriptors | DeidentificationOptions.RetainLongitudinalModifiedDates)]
    public async Task Cleaning_adds_no_error(string folder, DeidentificationOptions options)
    {
        if (!File.Exists(Tool))
        {
            output.WriteLine("dciodvfy absent");
            return;
        }

        var paths = CorpusFiles.All(folder).Where(p => p.EndsWith(".dcm", StringComparison.Ordinal)).ToList();
        var step = Math.Max(1, paths.Count / FilesEach);
        var (checkedFiles, added) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        var deidentifier = new Deidentifier(new DeidentificationKeys(new byte[32]), options);
        for (var i = 0; i < paths.Count; i += step)
        {
            DicomFile file;
            try
            {
                file = DicomFile.Read(await File.ReadAllBytesAsync(paths[i], TestContext.Current.CancellationToken));
            }
            catch (DicomException)
            {
                continue;
            }

            if (Deidentifier.Refuse(file.Dataset, options) is not null || !file.Dataset.Contains(DicomTags.SOPClassUID))
            {
                continue;
            }

            var before = await ErrorsAsync(paths[i]);
            deidentifier.Apply(file.Dataset);
            deidentifier.ApplyToMeta(file.Meta);
            file.CompleteMeta();
            var cleaned = Path.GetTempFileName();
            try
            {
                await File.WriteAllBytesAsync(cleaned, file.ToArray(), TestContext.Current.CancellationToken);
                foreach (var error in (await ErrorsAsync(cleaned)).Except(before))
                {
                    added[error] = added.GetValueOrDefault(error) + 1;
                }
            }
            finally
            {
                File.Delete(cleaned);
            }

            checkedFiles++;
        }

        output.WriteLine($"{checkedFiles} files checked");
        Assert.True(added.Count == 0, string.Join('\n', added));
    }

    /// <summary>The errors without values, which may have changed.</summary>
    private static async Task<HashSet<string>> ErrorsAsync(string path)
    {
        var start = new ProcessStartInfo(Tool) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(path);
        using var process = Process.Start(start)!;
        var texts = await Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        return [.. string.Concat(texts).Split('\n').Where(l => l.StartsWith("Error", StringComparison.Ordinal)).Select(WithoutValues)];
    }

    private static string WithoutValues(string line)
    {
        // Quoted parts are values, and numbers in brackets.
        var text = Regex.Replace(string.Concat(line.Split('\'').Where((_, i) => i % 2 == 0)), "<[0-9.]*>", "");
        var from = text.IndexOf(" = ", StringComparison.Ordinal);
        return from < 0 ? text : text[..from];
    }
}
