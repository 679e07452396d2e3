using System.Security.Cryptography;
using System.Text.Json;
using Platform.Cli;
using Platform.Dicom;
using Platform.Dicom.Objects;
using Platform.UnitTests.Dicom.Objects;
using Platform.UnitTests.Dicom.Volumes;
using Xunit;

namespace Platform.UnitTests.Cli;

/// <summary><c>platform dicom json|dump|frames|volume|verify</c> on files that the test makes.</summary>
public sealed class FileCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("platform-cli-").FullName;

    [Fact]
    public async Task Json_names_pixels_by_their_hash_and_shows_the_rest()
    {
        var file = Add("a.dcm", Slices()[0]);

        var (code, output, error) = await RunAsync("dicom", "json", file);

        Assert.Equal((ExitCode.Ok, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        var pixels = json.RootElement.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!;
        var hash = Convert.FromBase64String(pixels.Split(';')[1].Replace('-', '+').Replace('_', '/') + "=");
        Assert.Equal(SHA256.HashData(Slices()[0].Dataset.GetBytes(DicomTags.PixelData).Span), hash);
        Assert.Equal("2.25.3000.1", json.RootElement.GetProperty("00080018").GetProperty("Value")[0].GetString());
    }

    [Fact]
    public async Task Dump_shows_every_element_in_a_line_and_items_below_their_sequence()
    {
        var (code, output, _) = await RunAsync("dicom", "dump", Add("sr.dcm", Made.Report()));

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal("# Explicit VR Little Endian (1.2.840.10008.1.2.1)", lines[0]);
        Assert.Contains("(0008,0060) CS Modality = SR", lines);
        Assert.Contains("(0040,A730) SQ ContentSequence: 10 items", lines);
        Assert.Contains("  (0040,A010) CS RelationshipType = HAS CONCEPT MOD", lines);
        Assert.Contains("    (0008,0104) LO CodeMeaning = Imaging Measurements", lines);
        Assert.Equal(Count(Made.Report()), lines.Count(l => l.TrimStart().StartsWith('(')));
    }

    [Fact]
    public async Task Frames_are_written_raw_and_described()
    {
        var path = Add("colour.dcm", Made.Capture(3));
        var to = Path.Combine(folder, "frames");

        var (code, output, _) = await RunAsync("dicom", "frames", path, "--out", to, "--json");

        using var json = JsonDocument.Parse(output);
        var bytes = await File.ReadAllBytesAsync(Path.Combine(to, "frame-00001.raw"), TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal(Enumerable.Range(0, 45).Select(i => (byte)(i * 5)), bytes);
        Assert.Equal(
            (5, 3, 3, Convert.ToHexStringLower(SHA256.HashData(bytes))),
            (Number("columns"), Number("rows"), Number("samplesPerPixel"), json.RootElement.GetProperty("sha256").GetString()));
        Assert.Contains("1 frames of 5 × 3", (await RunAsync("dicom", "frames", path, "--out", to)).Output, StringComparison.Ordinal);

        int Number(string name) => json.RootElement.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Volume_tells_the_grid_of_a_series_or_why_there_is_none()
    {
        var files = Slices();
        for (var i = 0; i < files.Count; i++)
        {
            Add($"{files.Count - i}.dcm", files[i]);
        }

        var (code, output, _) = await RunAsync("dicom", "volume", folder);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal($"MR {Phantom.SeriesUid}: 7 × 5 × 4 voxels of 0.8 × 0.9 × 2 mm, first at (-30, -20, 100) mm LPS", output.Trim());

        File.Delete(Path.Combine(folder, "3.dcm"));
        await File.WriteAllTextAsync(Path.Combine(folder, "letter.txt"), "Dear colleague, here are the images.", TestContext.Current.CancellationToken);
        (code, output, var error) = await RunAsync("dicom", "volume", folder, "--json");
        using var json = JsonDocument.Parse(output);
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Equal("series-gap", json.RootElement.GetProperty("refusal").GetString());
        Assert.Contains("letter.txt: NotDicom", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Volume_tells_of_each_volume_of_a_series_over_time()
    {
        for (var i = 0; i < 8; i++)
        {
            var slice = Slices()[i % 4];
            slice.Dataset.Set(DicomTags.SOPInstanceUID, $"2.25.3000.1{i}");
            slice.Dataset.Set(DicomTags.TemporalPositionIdentifier, i < 4 ? 1L : 2L);
            Add($"{i}.dcm", slice);
        }

        var (code, output, _) = await RunAsync("dicom", "volume", folder);

        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal(
            Enumerable.Range(1, 2).Select(t =>
                $"MR {Phantom.SeriesUid}, temporal position {t} of 2: 7 × 5 × 4 voxels of 0.8 × 0.9 × 2 mm, first at (-30, -20, 100) mm LPS"),
            output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Verify_lists_rule_and_place_and_never_the_value()
    {
        var slice = Slices()[0];
        slice.Dataset.Set(DicomTags.PatientName, "Nobody^Invented");
        var path = Add("named.dcm", slice);

        var (code, output, _) = await RunAsync("dicom", "verify", path);

        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains($"{path}: (0010,0010) MustBeEmptyOrDummy", output, StringComparison.Ordinal);
        Assert.Contains("in 0 of 1 files nothing was found that identifies", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Nobody", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deidentify_writes_what_verify_finds_clean_and_says_what_it_refused()
    {
        var from = Path.Combine(folder, "from");
        var to = Path.Combine(folder, "to");
        var key = Path.Combine(folder, "key");
        Directory.CreateDirectory(from);
        await File.WriteAllBytesAsync(key, [.. Enumerable.Range(0, 32).Select(i => (byte)i)], TestContext.Current.CancellationToken);
        foreach (var (slice, i) in Slices().Select((s, i) => (s, i)))
        {
            slice.Dataset.Set(DicomTags.PatientName, "Nobody^Invented");
            slice.Dataset.Set(DicomTags.PatientID, "4711");
            slice.Dataset.Set(DicomTags.BurnedInAnnotation, i == 3 ? "YES" : "NO");
            Add($"from/Nobody {i}.dcm", slice);
        }

        var (code, output, error) = await RunAsync("dicom", "deidentify", from, to, "--key", key);

        Assert.Equal((ExitCode.SomeRefused, "3 of 4 cleaned"), (code, output.Trim()));
        Assert.Contains("Nobody 3.dcm: refused: BurnedInAnnotation", error, StringComparison.Ordinal);
        Assert.Equal(["000001.dcm", "000002.dcm", "000003.dcm"], Directory.GetFiles(to).Select(Path.GetFileName).Order());
        Assert.Equal(ExitCode.Ok, (await RunAsync("dicom", "verify", to)).Code);

        // The same key gives the same pseudonym, and an option keeps what it says.
        var kept = Path.Combine(folder, "kept.dcm");
        Assert.Equal(ExitCode.Ok, (await RunAsync("dicom", "deidentify", Path.Combine(from, "Nobody 0.dcm"), kept, "--key", key, "--options", "retain-uids")).Code);
        var (first, second) = (DicomFile.Read(await File.ReadAllBytesAsync(Path.Combine(to, "000001.dcm"), TestContext.Current.CancellationToken)), DicomFile.Read(await File.ReadAllBytesAsync(kept, TestContext.Current.CancellationToken)));
        Assert.Equal(first.Dataset.GetString(DicomTags.PatientID), second.Dataset.GetString(DicomTags.PatientID));
        Assert.NotEqual("2.25.3000.1", first.Dataset.GetString(DicomTags.SOPInstanceUID));
        Assert.Equal("2.25.3000.1", second.Dataset.GetString(DicomTags.SOPInstanceUID));
        Assert.Equal(ExitCode.Ok, (await RunAsync("dicom", "verify", kept, "--options", "retain-uids")).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("dicom", "deidentify", from, to, "--options", "retain-everything")).Code);
        Assert.Contains("is not empty", (await RunAsync("dicom", "deidentify", from, to)).Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await RunAsync("dicom", "deidentify", from, to, "--key", Path.Combine(folder, "none"))).Code);
    }

    [Fact]
    public async Task Pixels_that_may_identify_are_put_aside_until_a_person_has_looked()
    {
        var capture = Add("capture.dcm", Made.Capture(1));
        var to = Path.Combine(folder, "cleaned.dcm");

        var (code, _, error) = await RunAsync("dicom", "deidentify", capture, to);
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains("put aside, for its pixels may identify (Captured)", error, StringComparison.Ordinal);
        Assert.False(File.Exists(to));

        Assert.Equal(ExitCode.Ok, (await RunAsync("dicom", "deidentify", capture, to, "--pixels-seen")).Code);
        (code, var output, _) = await RunAsync("dicom", "verify", to);
        Assert.Equal(ExitCode.SomeRefused, code);
        Assert.Contains("pixels to be looked at (Captured)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_device_writes_is_masked_and_what_a_person_saw_is_marked()
    {
        var capture = Made.Capture(1);
        capture.Dataset.Set(DicomTags.Manufacturer, "Invented");
        capture.Dataset.Set(DicomTags.ManufacturerModelName, "Sono 1");
        capture.Dataset.Set(DicomTags.BurnedInAnnotation, "YES");
        var (rows, columns) = (capture.Dataset.GetInt32(DicomTags.Rows), capture.Dataset.GetInt32(DicomTags.Columns));
        var from = Add("capture.dcm", capture);
        var rules = Path.Combine(folder, "rules.json");
        await File.WriteAllTextAsync(
            rules,
            $$"""[{ "manufacturer": "Invented", "model": "Sono 1", "rows": {{rows}}, "columns": {{columns}}, "masks": [{ "left": 0, "top": 0, "width": {{columns}}, "height": 1 }] }]""",
            TestContext.Current.CancellationToken);
        var to = Path.Combine(folder, "cleaned.dcm");

        Assert.Equal(ExitCode.SomeRefused, (await RunAsync("dicom", "deidentify", from, to)).Code);
        var (code, _, error) = await RunAsync("dicom", "deidentify", from, to, "--masks", rules, "--no-faces");

        Assert.True(code == ExitCode.Ok, error);
        var cleaned = DicomFile.Read(await File.ReadAllBytesAsync(to, TestContext.Current.CancellationToken)).Dataset;
        Assert.Equal("NO", cleaned.GetString(DicomTags.BurnedInAnnotation));
        Assert.Equal("NO", cleaned.GetString(DicomTags.RecognizableVisualFeatures));
        Assert.Contains("Clean Pixel Data Option", cleaned.GetStrings(DicomTags.DeidentificationMethod));
        Assert.All(cleaned.GetBytes(DicomTags.PixelData).Span[..columns!.Value].ToArray(), b => Assert.Equal(0, b));

        await File.WriteAllTextAsync(rules, "[{}]", TestContext.Current.CancellationToken);
        (code, _, error) = await RunAsync("dicom", "deidentify", from, to, "--masks", rules);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("rules.json: The mask rules can't be used: line 1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_dicom_is_refused_in_a_line()
    {
        var path = Path.Combine(folder, "letter.txt");
        await File.WriteAllTextAsync(path, "Dear colleague, here are the images.", TestContext.Current.CancellationToken);
        foreach (var verb in new[] { "json", "dump" })
        {
            var (code, output, error) = await RunAsync("dicom", verb, path);
            Assert.Equal((ExitCode.SomeRefused, ""), (code, output));
            Assert.Equal("NotDicom: Neither the prefix DICM nor the start of a data set.", error.Trim());
            Assert.Equal(ExitCode.Usage, (await RunAsync("dicom", verb, path + "x")).Code);
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static List<DicomFile> Slices() => [.. ImageSeriesWriter.Write(Phantom.Series((x, y, z) => x))];

    private static int Count(DicomFile file)
    {
        var count = file.Meta.Count;
        var pending = new Stack<DicomDataset>([file.Dataset]);
        while (pending.TryPop(out var dataset))
        {
            count += dataset.Count;
            foreach (var item in dataset.SelectMany(e => e.Items ?? []))
            {
                pending.Push(item);
            }
        }

        return count;
    }

    private string Add(string name, DicomFile file)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, file.ToArray());
        return path;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await PlatformCommand.RunAsync(line, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
