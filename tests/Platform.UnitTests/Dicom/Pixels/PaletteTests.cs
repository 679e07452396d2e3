using System.Buffers.Binary;
using System.Globalization;
using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

/// <summary>Palettes of every form (PS3.3 §C.7.9): what one table holds shows in red, green and blue alike.</summary>
public class PaletteTests
{
    private static readonly DicomTag[] Descriptors =
    [
        DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableDescriptor,
        DicomTags.BluePaletteColorLookupTableDescriptor,
    ];

    private static readonly DicomTag[] Plain =
    [
        DicomTags.RedPaletteColorLookupTableData, DicomTags.GreenPaletteColorLookupTableData, DicomTags.BluePaletteColorLookupTableData,
    ];

    private static readonly DicomTag[] Segmented =
    [
        DicomTags.SegmentedRedPaletteColorLookupTableData, DicomTags.SegmentedGreenPaletteColorLookupTableData,
        DicomTags.SegmentedBluePaletteColorLookupTableData,
    ];

    [Fact]
    public void Entries_of_words_keep_their_high_byte_and_entries_of_bytes_are_whole()
    {
        Assert.Equal([0, 18, 255], Colours([0, 1, 2], entries: 3, bits: 16, Plain, Words(0x00FF, 0x1234, 0xFFFF)));
        Assert.Equal([7, 8, 9, 9], Colours([0, 1, 2, 3], entries: 3, bits: 8, Plain, [7, 8, 9, 0]));
    }

    [Fact]
    public void Bytes_in_words_are_bytes_wherever_they_stand()
    {
        Assert.Equal([7, 8, 9], Colours([0, 1, 2], entries: 3, bits: 8, Plain, Words(7, 8, 9)));
        Assert.Equal([7, 8, 9], Colours([0, 1, 2], entries: 3, bits: 16, Plain, Words(7, 8, 9)));
        Assert.Equal([7, 8, 9], Colours([0, 1, 2], entries: 3, bits: 8, Plain, Words(0x0700, 0x0800, 0x0900)));
    }

    [Fact]
    public void Zero_entries_are_65536()
    {
        var table = Enumerable.Range(0, 65536).Select(i => (ushort)(65535 - i)).ToArray();

        Assert.Equal([255, 254, 0], Colours(Words(0, 256, 65535), entries: 0, bits: 16, Plain, Words(table), bitsAllocated: 16));
    }

    [Fact]
    public void The_first_value_is_signed_where_the_pixels_are()
    {
        var stored = Words(unchecked((ushort)-2), unchecked((ushort)-1), 0, 5);

        foreach (var vr in new[] { DicomVr.SS, DicomVr.US })
        {
            Assert.Equal([10, 11, 12, 12], Colours(stored, entries: 3, bits: 8, Plain, [10, 11, 12, 0], bitsAllocated: 16, first: -2, signed: true, vr: vr));
        }

        Assert.Equal([10, 10, 11, 12], Colours(Words(0, 40000, 40001, 65535), entries: 3, bits: 8, Plain, [10, 11, 12, 0], 16, first: 40000));
    }

    [Fact]
    public void Segments_are_entries_lines_and_copies()
    {
        // 10 20 30, a line of four to 70, and the first of these again; then a copied line, which goes on from what stands before it.
        byte[] stored = [.. Enumerable.Range(0, 14).Select(i => (byte)i)];
        byte[] colours = [10, 20, 30, 40, 50, 60, 70, 10, 20, 30, 40, 50, 60, 70];

        Assert.Equal(colours, Colours(stored, 14, 8, Segmented, [0, 3, 10, 20, 30, 1, 4, 70, 2, 2, 0, 0, 0, 0]));
        Assert.Equal(
            colours,
            Colours(stored, 14, 16, Segmented, Words(0, 3, 10 << 8, 20 << 8, 30 << 8, 1, 4, 70 << 8, 2, 2, 0, 0)));
        Assert.Equal([0, 40, 80, 70, 60, 50], Colours([0, 1, 2, 3, 4, 5], 6, 8, Segmented, [0, 1, 0, 1, 2, 80, 1, 3, 50, 0]));
    }

    [Theory]
    [InlineData("00 05 01 02")] // more entries than are there
    [InlineData("01 04 20")] // a line from nowhere
    [InlineData("00 00 01")] // an empty segment
    [InlineData("03 04 01")] // no such segment
    [InlineData("00 02 01 02 02 01 FF 00 00 00")] // a copy of what is not there
    [InlineData("00 02 01 02 02 02 00 00 00 00")] // a copy that reaches itself
    [InlineData("00 05 01 02 03 04 05")] // more entries than the descriptor says
    [InlineData("")]
    public void Segments_that_cannot_be_are_refused(string hex)
    {
        var error = Assert.Throws<DicomException>(
            () => Colours([0], 4, 8, Segmented, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

        Assert.Equal(DicomError.InvalidPixels, error.Error);
    }

    [Fact]
    public void Tables_that_are_missing_or_short_are_refused()
    {
        Assert.Equal(DicomError.InvalidPixels, Assert.Throws<DicomException>(() => Colours([0], 4, 8, Plain, [1, 2])).Error);
        var dataset = Frames.Dataset(1, 1, 8, photometric: "PALETTE COLOR");
        Assert.Equal(DicomError.InvalidPixels, Assert.Throws<DicomException>(() => Frames.Native(dataset, [0, 0]).DecodeToRgb(0, new byte[3])).Error);
    }

    private static byte[] Words(params ushort[] words)
    {
        var bytes = new byte[2 * words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), words[i]);
        }

        return bytes;
    }

    private static byte[] Colours(
        byte[] stored, int entries, int bits, DicomTag[] tags, byte[] table, int bitsAllocated = 8, int first = 0, bool signed = false, DicomVr? vr = null)
    {
        var pixels = stored.Length * 8 / bitsAllocated;
        var dataset = Frames.Dataset(1, pixels, bitsAllocated, signed: signed, photometric: "PALETTE COLOR");
        for (var i = 0; i < 3; i++)
        {
            var text = (vr == DicomVr.US ? first & 0xFFFF : first).ToString(CultureInfo.InvariantCulture);
            dataset.Set(Descriptors[i], vr ?? DicomVr.US, $"{entries}", text, $"{bits}");
            dataset.Set(tags[i], DicomVr.OW, table);
        }

        var rgb = new byte[3 * pixels];
        Frames.Native(dataset, stored).DecodeToRgb(0, rgb);
        Assert.All(Enumerable.Range(0, pixels), i => Assert.True(rgb[3 * i] == rgb[(3 * i) + 1] && rgb[3 * i] == rgb[(3 * i) + 2]));
        return [.. Enumerable.Range(0, pixels).Select(i => rgb[3 * i])];
    }
}
