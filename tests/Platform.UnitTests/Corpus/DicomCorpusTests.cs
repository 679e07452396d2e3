using System.Globalization;
using System.Text.Json;
using Platform.Dicom;
using Platform.UnitTests.Dicom;
using Xunit;

namespace Platform.UnitTests.Corpus;

public class DicomCorpusTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("given/dicom")]
    [InlineData("given/hostile")]
    [InlineData("given/chest-ct")]
    [InlineData("given/deid")]
    public async Task Every_file_is_read_and_comes_back_or_is_refused_for_a_reason(string folder)
    {
        var ct = TestContext.Current.CancellationToken;
        var (accepted, refused) = (0, new SortedDictionary<string, int>());
        foreach (var path in CorpusFiles.All(folder))
        {
            var bytes = await File.ReadAllBytesAsync(path, ct);
            var before = GC.GetAllocatedBytesForCurrentThread();
            DicomFile file;
            try
            {
                file = DicomFile.Read(bytes);
            }
            catch (DicomException e)
            {
                AssertAllocation(before, bytes.Length, path);
                refused[e.Error.ToString()] = refused.GetValueOrDefault(e.Error.ToString()) + 1;
                continue;
            }

            accepted++;
            AssertAllocation(before, bytes.Length, path);
            AssertComesBack(file, bytes, path);
            AssertOnDemand(file, bytes, path);
            await AssertStreamsAsync(file, bytes, path, ct);
            WriteJson(file.Dataset);
        }

        output.WriteLine($"{folder}: {accepted} accepted, refused {JsonSerializer.Serialize(refused)}");
    }

    [Fact]
    public void What_dcmdump_and_pydicom_both_open_is_accepted()
    {
        // Refused although both open them, each for a reason of PS3.5.
        string[] refused =
        [
            "TC0359_stray_item_delim.dcm", // §7.5: an item delimiter outside an item
            "DICOMDIR-nooffset", // §7.5.1: an item longer than its sequence
        ];
        foreach (var row in CorpusFiles.Path("given/index.tsv") is { } index ? File.ReadLines(index).Skip(1) : [])
        {
            var cells = row.Split('\t');
            var path = CorpusFiles.Path("given/" + cells[0])!;
            if (cells[12] == "ok" && cells[13] == "ok" && !refused.Contains(Path.GetFileName(path)))
            {
                var file = DicomFile.Read(File.ReadAllBytes(path));
                Assert.True(cells[1].Length == 0 || cells[1] == file.Meta.GetString(DicomTags.TransferSyntaxUID) || file.Meta.Count == 0, cells[0]);
                Assert.Equal(cells[2], file.Dataset.GetString(DicomTags.Modality) ?? "");
                Assert.Equal(cells[6], file.Dataset.GetInt32(DicomTags.Rows)?.ToString(CultureInfo.InvariantCulture) ?? "");
                Assert.Equal(cells[7], file.Dataset.GetInt32(DicomTags.Columns)?.ToString(CultureInfo.InvariantCulture) ?? "");
            }
        }
    }

    private static void AssertAllocation(long before, long length, string path)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= (4 * length) + (8 << 20), $"{Path.GetFileName(path)}: {allocated} bytes for {length}");
    }

    private static void AssertComesBack(DicomFile file, byte[] bytes, string path)
    {
        var written = file.ToArray();
        if (file.Syntax.IsDeflated)
        {
            // Another compressor writes other bytes for the same data set.
            Assert.True(Plain(file).AsSpan().SequenceEqual(Plain(DicomFile.Read(written))), Path.GetFileName(path));
            return;
        }

        // One file of the corpus has an element twice; it is written once.
        Assert.True(written.AsSpan().SequenceEqual(bytes) || Path.GetFileName(path) == "winter.dcm", Path.GetFileName(path));
    }

    private static void AssertOnDemand(DicomFile whole, byte[] bytes, string path)
    {
        var file = DicomFile.Read(bytes, new DicomReadOptions { SequencesOnDemand = true });
        Assert.True(Plain(file).AsSpan().SequenceEqual(Plain(whole)), Path.GetFileName(path));
    }

    private static async Task AssertStreamsAsync(DicomFile file, byte[] bytes, string path, CancellationToken ct)
    {
        using var header = await DicomStreamReader.ReadHeaderAsync(new TrickleStream(bytes, 5000), null, ct);
        await using var rest = PixelDataScanner.Wrap(header.Rest, header.File.Encoding);
        using var copy = new MemoryStream();
        await header.WriteToAsync(copy, rest, ct);
        var (one, other) = file.Syntax.IsDeflated ? (Plain(file), Plain(DicomFile.Read(copy.ToArray()))) : (file.ToArray(), copy.ToArray());
        Assert.True(one.AsSpan().SequenceEqual(other), Path.GetFileName(path));
    }

    private static byte[] Plain(DicomFile file) => new DicomFile(file.Dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();

    private static void WriteJson(DicomDataset dataset)
    {
        using var writer = new Utf8JsonWriter(Stream.Null);
        DicomJson.Write(writer, dataset, e => e.Value.Length > 1024 ? "bulk" : null);
    }
}
