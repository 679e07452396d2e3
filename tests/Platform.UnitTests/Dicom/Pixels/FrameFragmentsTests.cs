using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

/// <summary>Which fragments make which frame; the frames are encapsulated uncompressed bytes, so that each shows what it got.</summary>
public class FrameFragmentsTests
{
    private static readonly DicomTransferSyntax Syntax = DicomTransferSyntax.EncapsulatedUncompressed;

    [Fact]
    public void One_frame_takes_all_fragments()
    {
        Assert.Equal([1, 2, 3, 4], Frames.Encapsulated(Frames.Dataset(2, 2, 8), Syntax, [1, 2], [3, 4]).Decode(0));
    }

    [Fact]
    public void Without_tables_each_fragment_is_a_frame()
    {
        var decoder = Frames.Encapsulated(Frames.Dataset(1, 2, 8, frames: 2), Syntax, [1, 2], [3, 4]);

        Assert.Equal([3, 4], decoder.Decode(1));
    }

    [Fact]
    public void The_basic_offset_table_divides_fragments()
    {
        // The second frame begins behind two fragments of 2 bytes and their item headers of 8.
        var decoder = Frames.WithOffsets(
            Frames.Dataset(1, 4, 8, frames: 2), Syntax, [0, 0, 0, 0, 20, 0, 0, 0], [[1, 2], [3, 4], [5, 6, 7, 8]]);

        Assert.Equal([1, 2, 3, 4], decoder.Decode(0));
        Assert.Equal([5, 6, 7, 8], decoder.Decode(1));
    }

    [Fact]
    public void The_extended_offset_table_divides_fragments()
    {
        var dataset = Frames.Dataset(1, 4, 8, frames: 2);
        dataset.Set(DicomTags.ExtendedOffsetTable, DicomVr.OV, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0 });

        var decoder = Frames.Encapsulated(dataset, Syntax, [1, 2, 3, 4], [5, 6], [7, 8]);

        Assert.Equal([1, 2, 3, 4], decoder.Decode(0));
        Assert.Equal([5, 6, 7, 8], decoder.Decode(1));
    }

    [Fact]
    public void A_table_that_meets_no_fragment_is_not_believed()
    {
        var decoder = Frames.WithOffsets(Frames.Dataset(1, 2, 8, frames: 2), Syntax, [0, 0, 0, 0, 11, 0, 0, 0], [[1, 2], [3, 4]]);

        Assert.Equal([3, 4], decoder.Decode(1));
    }

    [Fact]
    public void Codestream_starts_divide_fragments_where_the_table_is_empty()
    {
        byte[] start = [0xFF, 0x4F, 0xFF, 0x51, 0, 0];
        var decoder = Frames.Encapsulated(Frames.Dataset(1, 8, 8, frames: 2), Syntax, start, [1, 2], start, [3, 4]);

        Assert.Equal([.. start, 3, 4], decoder.Decode(1));
    }

    [Fact]
    public void Fragments_that_cannot_be_divided_are_corrupt()
    {
        Assert.Equal(DicomError.CorruptPixels, Error(2, [1, 2], [3, 4], [5, 6]));
        Assert.Equal(DicomError.CorruptPixels, Error(3, [1, 2], [3, 4]));
        Assert.Equal(DicomError.CorruptPixels, Error(1));

        static DicomError Error(int frames, params byte[][] fragments) => Assert.Throws<DicomException>(
            () => Frames.Encapsulated(Frames.Dataset(1, 2, 8, frames: frames), Syntax, fragments)).Error;
    }
}
