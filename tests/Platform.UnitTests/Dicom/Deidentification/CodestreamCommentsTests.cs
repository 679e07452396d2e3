using System.Text;
using Platform.Dicom;
using Platform.Dicom.Deidentification;
using Platform.Dicom.Pixels;
using Platform.UnitTests.Corpus;
using Xunit;

namespace Platform.UnitTests.Dicom.Deidentification;

public class CodestreamCommentsTests(ITestOutputHelper output)
{
    private const string Canary = "CANARY7";

    public static TheoryData<int> Pieces => [1, 2, 3, 5, 7, 64, 4096];

    [Theory]
    [MemberData(nameof(Pieces))]
    public void A_jpeg_loses_comments_application_data_thumbnails_and_its_tail_and_nothing_else(int piece)
    {
        byte[] scan = [1, 2, 0xFF, 0x00, 0xFE, 0xFF, 0xD0, 3, 0xFF, 0x00, 4];
        byte[] jpeg =
        [
            0xFF, 0xD8, .. Segment(0xE0, [.. "JFIF\0"u8, 1, 2, 1, 0, 72, 0, 72, 2, 1, .. Bytes(Canary)]),
            .. Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 1]), .. Segment(0xE1, Bytes("Exif\0\0" + Canary)),
            .. Segment(0xEE, Bytes(Canary)), .. Segment(0xFE, Bytes(Canary)), 0xFF, .. Segment(0xDB, [0, 9, 9]),
            .. Segment(0xDA, [1, 1, 0]), .. scan, .. Segment(0xFE, Bytes(Canary)), .. Segment(0xDA, [1, 1, 0]), .. scan,
            0xFF, 0xD9, .. Bytes(Canary + " "),
        ];

        var cleaned = Clean(jpeg, piece, out var hasOpaque);

        Assert.False(hasOpaque);
        Assert.Equal(jpeg.Length, cleaned.Length);
        Assert.DoesNotContain(Canary, Encoding.Latin1.GetString(cleaned), StringComparison.Ordinal);
        byte[] expected =
        [
            0xFF, 0xD8, .. Segment(0xE0, [.. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0, .. new byte[7]]),
            .. Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 1]), .. Segment(0xE1, new byte[13]),
            .. Segment(0xEE, new byte[7]), .. Segment(0xFE, new byte[7]), 0xFF, .. Segment(0xDB, [0, 9, 9]),
            .. Segment(0xDA, [1, 1, 0]), .. scan, .. Segment(0xFE, new byte[7]), .. Segment(0xDA, [1, 1, 0]), .. scan,
            0xFF, 0xD9, .. new byte[8],
        ];
        Assert.Equal(expected, cleaned);
    }

    [Theory]
    [MemberData(nameof(Pieces))]
    public void A_jpeg_2000_codestream_loses_its_comments_in_every_header(int piece)
    {
        // SOT: Lsot, Isot, Psot, TPsot, TNsot; Psot counts from the marker to the end of the data.
        byte[] data = [7, 0xFF, 0x64, 0, 9, 7];
        var comment = Segment(0x64, [0, 1, .. Bytes(Canary)]);
        byte[] tilePart = [0, 0, 0, 0, 0, (byte)(12 + comment.Length + 2 + data.Length), 0, 2];
        byte[] codestream =
        [
            0xFF, 0x4F, .. Segment(0x51, [0, 1, 2]), .. comment, .. Segment(0x90, tilePart), .. comment, 0xFF, 0x93, .. data,
            .. Segment(0x90, [0, 0, 0, 0, 0, 0, 1, 2]), .. comment, 0xFF, 0x93, .. data, 0xFF, 0xD9, .. Bytes(Canary + " "),
        ];

        var cleaned = Clean(codestream, piece, out _);

        Assert.DoesNotContain(Canary, Encoding.Latin1.GetString(cleaned), StringComparison.Ordinal);
        var blank = Segment(0x64, [0, 1, .. new byte[7]]);
        byte[] expected =
        [
            0xFF, 0x4F, .. Segment(0x51, [0, 1, 2]), .. blank, .. Segment(0x90, tilePart), .. blank, 0xFF, 0x93, .. data,
            .. Segment(0x90, [0, 0, 0, 0, 0, 0, 1, 2]), .. blank, 0xFF, 0x93, .. data, 0xFF, 0xD9, .. new byte[8],
        ];
        Assert.Equal(expected, cleaned);
    }

    [Fact]
    public void What_is_no_codestream_is_told()
    {
        Clean([0, 0, 0, 12, .. "jP  "u8], 3, out var hasOpaque);
        Assert.True(hasOpaque);
    }

    [Fact]
    public async Task A_stream_is_cleaned_as_it_passes_and_keeps_its_offset_table()
    {
        byte[] jpeg = [0xFF, 0xD8, .. Segment(0xFE, Bytes(Canary)), .. Segment(0xDA, [1]), 5, 0xFF, 0xD9];
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "1.2.3");
        byte[] offsets = [0xFF, 0xD8, 0xFF, 0xFE]; // a table is no codestream
        dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, offsets, jpeg.AsMemory(0, 9), jpeg.AsMemory(9)));
        var bytes = new DicomFile(dataset, DicomTransferSyntax.JpegBaseline).ToArray();

        using var header = await DicomStreamReader.ReadHeaderAsync(new MemoryStream(bytes), null, TestContext.Current.CancellationToken);
        await using var rest = PixelDataScanner.Wrap(
            header.Rest, header.File.Encoding, comments: CodestreamComments.For(header.Syntax));
        using var to = new MemoryStream();
        await header.WriteToAsync(to, rest, TestContext.Current.CancellationToken);

        Assert.Equal(bytes.Length, to.Length);
        var streamed = DicomFile.Read(to.ToArray()).Dataset[DicomTags.PixelData]!.Fragments!;
        var cleaned = CodestreamComments.Clean(dataset[DicomTags.PixelData]!, DicomTransferSyntax.JpegBaseline).Fragments!;
        Assert.Equal(cleaned.Select(f => f.ToArray()), streamed.Select(f => f.ToArray()));
        Assert.Equal(offsets, streamed[0].ToArray());
        Assert.DoesNotContain(Canary, Encoding.Latin1.GetString(to.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Pixels_of_the_corpus_decode_to_the_same_samples_after_cleaning()
    {
        var (same, changed, opaque) = (0, 0, 0);
        foreach (var path in CorpusFiles.All("given/dicom"))
        {
            DicomFile file;
            byte[] before;
            try
            {
                file = DicomFile.Read(File.ReadAllBytes(path));
                if (file.Dataset[DicomTags.PixelData]?.Fragments is null || CodestreamComments.For(file.Syntax) is null)
                {
                    continue;
                }

                before = new FrameDecoder(file).Decode(0);
            }
            catch (DicomException)
            {
                continue; // other tests say which files do not decode
            }

            var pixels = file.Dataset[DicomTags.PixelData]!;
            var cleaned = CodestreamComments.Clean(pixels, file.Syntax);
            file.Dataset.Set(cleaned);
            Assert.True(before.AsSpan().SequenceEqual(new FrameDecoder(file).Decode(0)), Path.GetFileName(path));
            same++;
            changed += pixels.Fragments!.Zip(cleaned.Fragments!).Any(f => !f.First.Span.SequenceEqual(f.Second.Span)) ? 1 : 0;
            opaque += pixels.Fragments!.Skip(1).Any(f => f.Span is not [0xFF, ..]) ? 1 : 0;
        }

        output.WriteLine($"{same} files decode alike, {changed} of them had something to clean, {opaque} hold no bare codestream");
    }

    private static byte[] Clean(byte[] bytes, int piece, out bool hasOpaque)
    {
        var copy = bytes.ToArray();
        var comments = CodestreamComments.For(DicomTransferSyntax.JpegBaseline)!;
        comments.BeginFragment();
        for (var i = 0; i < copy.Length; i += piece)
        {
            comments.Clean(copy.AsSpan(i, Math.Min(piece, copy.Length - i)));
        }

        hasOpaque = comments.HasOpaque;
        return copy;
    }

    private static byte[] Segment(byte marker, ReadOnlySpan<byte> content) =>
        [0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content];

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
