using System.Runtime.InteropServices;
using Platform.Dicom;
using Platform.Dicom.Pixels;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

public class FrameDecoderTests
{
    [Fact]
    public void Stored_bits_are_cut_out_and_their_sign_extended()
    {
        // Twelve bits, above which somebody's overlay lies: F800 and 5 7FF and 3 FFF.
        var decoder = Frames.Native(Frames.Dataset(1, 3, stored: 12, signed: true), [0x00, 0xF8, 0xFF, 0x57, 0xFF, 0x3F]);

        Assert.Equal([-2048, 0x7FF, -1], MemoryMarshal.Cast<byte, short>(decoder.Decode(0)).ToArray());
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(8, true)]
    [InlineData(16, false)]
    [InlineData(16, true)]
    [InlineData(32, false)]
    [InlineData(32, true)]
    public void Every_size_and_sign_comes_out_as_its_value(int bits, bool signed)
    {
        var pixels = new byte[34 * bits / 8];
        new Random(bits).NextBytes(pixels);
        var values = new float[34];
        var dataset = Frames.Dataset(2, 17, bits, signed: signed);
        dataset.Set(DicomTags.RescaleSlope, 2.0);
        dataset.Set(DicomTags.RescaleIntercept, -3.0);

        Frames.Native(dataset, pixels).DecodeToSingle(0, values);

        for (var i = 0; i < values.Length; i++)
        {
            double stored = (bits, signed) switch
            {
                (8, false) => pixels[i],
                (8, true) => (sbyte)pixels[i],
                (16, false) => BitConverter.ToUInt16(pixels, 2 * i),
                (16, true) => BitConverter.ToInt16(pixels, 2 * i),
                (32, false) => BitConverter.ToUInt32(pixels, 4 * i),
                _ => BitConverter.ToInt32(pixels, 4 * i),
            };
            Assert.Equal((float)((stored * 2) - 3), values[i]);
        }
    }

    [Theory]
    [InlineData(8, 8, false)]
    [InlineData(16, 12, false)]
    [InlineData(16, 12, true)]
    [InlineData(32, 32, false)]
    public void A_frame_in_blocks_has_the_values_of_the_whole(int bits, int stored, bool signed)
    {
        const int Rows = 130, Columns = 131;
        var pixels = new byte[2 * Rows * Columns * bits / 8];
        new Random(bits).NextBytes(pixels);
        var dataset = Frames.Dataset(Rows, Columns, bits, stored, signed, frames: 2);
        dataset.Set(DicomTags.RescaleSlope, 0.7);
        dataset.Set(DicomTags.RescaleIntercept, -3.3);
        var decoder = Frames.Native(dataset, pixels);
        var (whole, blocks) = (new float[Rows * Columns], new float[Rows * Columns]);

        decoder.DecodeToSingle(1, whole);
        decoder.DecodeToSingle(1, (first, values) => values.CopyTo(blocks.AsSpan(first)));

        Assert.Equal(whole, blocks);
    }


    [Fact]
    public void Big_endian_words_come_out_as_their_values()
    {
        var dataset = Frames.Dataset(1, 2);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[] { 0x34, 0x12, 0xCD, 0xAB });
        var bytes = new DicomFile(dataset, DicomTransferSyntax.ExplicitBigEndian).ToArray();

        var decoder = new FrameDecoder(DicomFile.Read(bytes));

        Assert.Equal([0x1234, 0xABCD], MemoryMarshal.Cast<byte, ushort>(decoder.Decode(0)).ToArray());
    }

    [Fact]
    public void Of_a_big_endian_long_word_the_reader_turned_the_words_and_the_decoder_turns_their_order()
    {
        var dataset = Frames.Dataset(1, 1, 32);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[] { 0x12, 0x34, 0x56, 0x78 });

        Assert.Equal([0x56, 0x78, 0x12, 0x34], new FrameDecoder(dataset, DicomTransferSyntax.ExplicitBigEndian).Decode(0));
    }

    [Fact]
    public void One_bit_frames_follow_each_other_inside_a_byte()
    {
        // Two frames of five bits, low bit first: 1 0 1 1 0, 0 1 1 0 1.
        var decoder = Frames.Native(Frames.Dataset(1, 5, 1, frames: 2), [0b11001101, 0b00000010]);

        Assert.Equal([1, 0, 1, 1, 0], decoder.Decode(0));
        Assert.Equal([0, 1, 1, 0, 1], decoder.Decode(1));
    }

    [Fact]
    public void Long_rows_of_bits_unpack_as_each_bit_alone()
    {
        var pixels = new byte[40];
        new Random(1).NextBytes(pixels);
        var decoder = Frames.Native(Frames.Dataset(9, 17, 1, frames: 2), pixels);

        var bits = decoder.Decode(0).Concat(decoder.Decode(1)).ToArray();

        Assert.Equal(Enumerable.Range(0, 2 * 9 * 17).Select(i => (byte)((pixels[i / 8] >> (i % 8)) & 1)), bits);
    }

    [Fact]
    public void Planes_become_pixels()
    {
        var decoder = Frames.Native(Frames.Dataset(1, 2, 8, samples: 3, photometric: "RGB", planar: 1), [1, 2, 3, 4, 5, 6]);

        Assert.Equal([1, 3, 5, 2, 4, 6], decoder.Decode(0));
    }

    [Fact]
    public void Halved_chrominance_gets_full_resolution_and_becomes_rgb()
    {
        var decoder = Frames.Native(
            Frames.Dataset(1, 4, 8, samples: 3, photometric: "YBR_FULL_422"), [76, 76, 85, 255, 128, 0, 128, 128]);

        Assert.Equal([76, 85, 255, 76, 85, 255, 128, 128, 128, 0, 128, 128], decoder.Decode(0));
        Assert.Equal(PhotometricInterpretation.YbrFull, decoder.DecodedPhotometric);
        var rgb = new byte[12];
        decoder.DecodeToRgb(0, rgb);
        Assert.Equal([254, 0, 0, 254, 0, 0, 128, 128, 128, 0, 0, 0], rgb);
    }

    [Fact]
    public void A_palette_gives_its_colours_and_clamps_what_lies_beside_it()
    {
        var dataset = Frames.Dataset(1, 4, 8, photometric: "PALETTE COLOR");
        DicomTag[] descriptors =
        [
            DicomTags.RedPaletteColorLookupTableDescriptor, DicomTags.GreenPaletteColorLookupTableDescriptor,
            DicomTags.BluePaletteColorLookupTableDescriptor,
        ];
        foreach (var descriptor in descriptors)
        {
            dataset.Set(descriptor, 2L, 10L, 16L);
        }

        dataset.Set(DicomTags.RedPaletteColorLookupTableData, DicomVr.OW, new byte[] { 0, 10, 0, 20 });
        dataset.Set(DicomTags.GreenPaletteColorLookupTableData, DicomVr.OW, new byte[] { 0, 30, 0, 40 });
        dataset.Set(DicomTags.BluePaletteColorLookupTableData, DicomVr.OW, new byte[] { 0, 50, 0, 60 });
        var rgb = new byte[12];

        Frames.Native(dataset, [10, 11, 0, 200]).DecodeToRgb(0, rgb);

        Assert.Equal([10, 30, 50, 20, 40, 60, 10, 30, 50, 20, 40, 60], rgb);
    }

    [Fact]
    public void A_modality_table_goes_before_rescale()
    {
        var dataset = Frames.Dataset(1, 4);
        var lut = new DicomDataset();
        lut.Set(DicomTags.LUTDescriptor, DicomVr.US, "3", "5", "16");
        lut.Set(DicomTags.LUTData, DicomVr.OW, new byte[] { 1, 1, 2, 0, 3, 0 });
        dataset.SetSequence(DicomTags.ModalityLUTSequence, lut);
        dataset.Set(DicomTags.RescaleSlope, 9.0);
        var values = new float[4];

        Frames.Native(dataset, [4, 0, 5, 0, 6, 0, 99, 0]).DecodeToSingle(0, values);

        Assert.Equal([257, 257, 2, 3], values);
    }

    [Fact]
    public void Floating_point_pixels_are_their_own_values()
    {
        var dataset = Frames.Dataset(1, 2, 32);
        dataset.Set(DicomTags.FloatPixelData, DicomVr.OF, MemoryMarshal.AsBytes<float>([1.5f, -2.25f]).ToArray());
        var values = new float[2];

        new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian).DecodeToSingle(0, values);

        Assert.Equal([1.5f, -2.25f], values);
    }

    [Fact]
    public void Double_precision_pixels_are_their_own_values()
    {
        var dataset = Frames.Dataset(1, 2, 64);
        dataset.Set(DicomTags.DoubleFloatPixelData, DicomVr.OD, MemoryMarshal.AsBytes<double>([1.5, -1e300]).ToArray());
        var decoder = new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian);
        var values = new float[2];

        decoder.DecodeToSingle(0, values);

        Assert.Equal([1.5f, float.NegativeInfinity], values);
        Assert.Equal([1.5, -1e300], MemoryMarshal.Cast<byte, double>(decoder.Decode(0)).ToArray());
    }

    [Theory]
    [InlineData(10, 9)]
    [InlineData(10, 15)]
    [InlineData(12, 11)]
    [InlineData(14, 15)]
    [InlineData(15, 14)]
    [InlineData(16, 15)]
    public void Samples_are_cut_out_wherever_they_lie_in_sixteen_bits(int stored, int highBit)
    {
        var cells = new byte[2 * 67];
        new Random(stored + highBit).NextBytes(cells);
        foreach (var signed in new[] { false, true })
        {
            var dataset = Frames.Dataset(1, 67, stored: stored, signed: signed);
            dataset.Set(DicomTags.HighBit, (long)highBit);
            var values = new float[67];

            Frames.Native(dataset, cells).DecodeToSingle(0, values);

            for (var i = 0; i < values.Length; i++)
            {
                var sample = (BitConverter.ToUInt16(cells, 2 * i) >> (highBit + 1 - stored)) & ((1 << stored) - 1);
                Assert.Equal(signed && sample >= 1 << (stored - 1) ? sample - (1 << stored) : sample, values[i]);
            }
        }
    }

    // One red and one grey pixel, as each interpretation writes them.
    [Theory]
    [InlineData("RGB", 0, "FF0000 808080", "FF0000808080")]
    [InlineData("RGB", 1, "FF80 0080 0080", "FF0000808080")]
    [InlineData("YBR_FULL", 0, "4C55FF 808080", "FE0000808080")]
    [InlineData("YBR_FULL", 1, "4C80 5580 FF80", "FE0000808080")]
    [InlineData("YBR_FULL_422", 0, "4C4C 55FF", "FE0000FE0000")]
    [InlineData("YBR_PARTIAL_422", 0, "5151 5AF0", "FF0000FF0000")]
    [InlineData("YBR_ICT", 0, "FF0000 808080", "FF0000808080")]
    [InlineData("YBR_RCT", 0, "FF0000 808080", "FF0000808080")]
    public void Every_colour_becomes_rgb(string photometric, int planar, string stored, string expected)
    {
        var pixels = Convert.FromHexString(stored.Replace(" ", "", StringComparison.Ordinal));
        var rgb = new byte[6];

        Frames.Native(Frames.Dataset(1, 2, 8, samples: 3, photometric: photometric, planar: planar), pixels).DecodeToRgb(0, rgb);

        // Rounding of the transform may leave one step.
        Assert.All(rgb.Zip(Convert.FromHexString(expected)), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 12)]
    [InlineData(32, 32)]
    [InlineData(8, 6)]
    public void Colour_of_any_depth_keeps_its_most_significant_bits(int bits, int stored)
    {
        var pixels = new byte[6 * bits / 8];
        for (var i = 0; i < 6; i++)
        {
            var sample = (ulong)(40 * i) << stored >> 8;
            for (var b = 0; b < bits / 8; b++)
            {
                pixels[(i * bits / 8) + b] = (byte)(sample >> (8 * b));
            }
        }

        var rgb = new byte[6];
        Frames.Native(Frames.Dataset(1, 2, bits, stored: stored, samples: 3, photometric: "RGB"), pixels).DecodeToRgb(0, rgb);

        Assert.Equal(Enumerable.Range(0, 6).Select(i => (byte)(stored < 8 ? (40 * i) & 0xFC : 40 * i)), rgb);
    }

    [Theory]
    [InlineData("HSV", 3)]
    [InlineData("ARGB", 4)]
    [InlineData("CMYK", 4)]
    [InlineData("YBR_PARTIAL_420", 3)]
    public void Retired_colours_are_refused_by_name(string photometric, int samples)
    {
        var error = Assert.Throws<DicomException>(
            () => Frames.Native(Frames.Dataset(1, 2, 8, samples: samples, photometric: photometric), new byte[2 * samples]).Decode(0));

        Assert.Equal(DicomError.UnsupportedPixels, error.Error);
        Assert.Contains(photometric, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Monochrome_of_one_bit_has_modality_values()
    {
        var values = new float[5];

        Frames.Native(Frames.Dataset(1, 5, 1), [0b10110, 0]).DecodeToSingle(0, values);

        Assert.Equal([0, 1, 1, 0, 1], values);
    }

    [Fact]
    public void Wide_rows_convert_as_each_sample_alone()
    {
        var pixels = new byte[2 * 3 * 67];
        new Random(2).NextBytes(pixels);
        foreach (var signed in new[] { true, false })
        {
            var dataset = Frames.Dataset(3, 67, stored: 13, signed: signed);
            dataset.Set(DicomTags.RescaleSlope, 0.37);
            dataset.Set(DicomTags.RescaleIntercept, -1024.0);
            var values = new float[201];

            Frames.Native(dataset, pixels).DecodeToSingle(0, values);

            for (var i = 0; i < values.Length; i++)
            {
                var word = BitConverter.ToUInt16(pixels, 2 * i);
                var stored = signed ? (short)(word << 3) >> 3 : word & 0x1FFF;
                var scaled = stored * 0.37f;
                Assert.Equal(scaled - 1024f, values[i]);
            }
        }
    }

    [Fact]
    public void What_the_description_gets_wrong_is_a_typed_error()
    {
        Assert.Equal(DicomError.NoPixels, Error(Frames.Dataset(1, 1), null));
        Assert.Equal(DicomError.InvalidPixels, Error(Frames.Dataset(0, 1), [0, 0]));
        Assert.Equal(DicomError.InvalidPixels, Error(Frames.Dataset(1, 1, stored: 17), [0, 0]));
        Assert.Equal(DicomError.InvalidPixels, Error(Frames.Dataset(1, 1, samples: 5), [0, 0]));
        Assert.Equal(DicomError.UnsupportedPixels, Error(Frames.Dataset(1, 1, 12), [0, 0]));
        Assert.Equal(DicomError.UnsupportedPixels, Error(Frames.Dataset(1, 1, photometric: "HSV"), [0, 0]));
        Assert.Equal(DicomError.CorruptPixels, Error(Frames.Dataset(2, 2), [0, 0]));
        Assert.Equal(DicomError.OverBudget, Error(Frames.Dataset(65535, 65535), [0, 0]));
        Assert.Equal(DicomError.OverBudget, Error(Frames.Dataset(4096, 4096, frames: int.MaxValue), [0, 0]));

        static DicomError Error(DicomDataset dataset, byte[]? pixels) => Assert.Throws<DicomException>(() =>
        {
            var decoder = pixels is null
                ? new FrameDecoder(dataset, DicomTransferSyntax.ExplicitLittleEndian)
                : Frames.Native(dataset, pixels);
            decoder.Decode(0);
        }).Error;
    }

    [Fact]
    public void Pixels_that_were_passed_over_while_reading_are_not_there()
    {
        var dataset = Frames.Dataset(200, 200);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, new byte[80000]);
        var bytes = new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();
        var file = DicomFile.Read(bytes, new DicomReadOptions { LargeValues = LargeValues.Skip });

        Assert.Equal(DicomError.NoPixels, Assert.Throws<DicomException>(() => new FrameDecoder(file)).Error);
    }

    [Fact]
    public void A_syntax_without_decoder_names_itself()
    {
        var mpeg = DicomTransferSyntax.Find("1.2.840.10008.1.2.4.102")!;

        var error = Assert.Throws<DicomException>(() => Frames.Encapsulated(Frames.Dataset(1, 1), mpeg, [0, 0]).Decode(0));

        Assert.Equal(DicomError.UnsupportedTransferSyntax, error.Error);
        Assert.Contains("1.2.840.10008.1.2.4.102", error.Message, StringComparison.Ordinal);
    }
}
