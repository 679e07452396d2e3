using Platform.Dicom;
using Xunit;

namespace Platform.UnitTests.Dicom.Pixels;

public class RleTests
{
    [Fact]
    public void Words_are_put_together_from_two_segments()
    {
        // High bytes: three times 1, then 2; low bytes as they are.
        var frame = Frame([0xFE, 1, 0, 2], [3, 10, 20, 30, 40]);

        Assert.Equal([10, 1, 20, 1, 30, 1, 40, 2], Decode(Frames.Dataset(2, 2), frame));
    }

    [Fact]
    public void Colour_is_one_segment_a_sample()
    {
        var frame = Frame([1, 1, 2], [1, 3, 4], [0xFF, 5]);

        Assert.Equal([1, 3, 5, 2, 4, 5], Decode(Frames.Dataset(1, 2, 8, samples: 3, photometric: "RGB"), frame));
    }

    [Fact]
    public void A_no_op_and_a_run_beyond_the_frame_change_nothing()
    {
        Assert.Equal([7, 7, 8, 8], Decode(Frames.Dataset(2, 2, 8), Frame([0x80, 0xFF, 7, 0x80, 0xFD, 8])));
    }

    [Fact]
    public void One_bit_samples_are_packed_before_they_are_run_length_encoded()
    {
        Assert.Equal([1, 1, 0, 0, 0, 0, 0, 0, 1], Decode(Frames.Dataset(3, 3, 1), Frame([1, 3, 1])));
    }

    [Fact]
    public void Damage_is_a_typed_error()
    {
        var good = Frame([3, 1, 2, 3, 4]);
        byte[] farAway = [.. good];
        farAway[5] = 1; // the segment begins at byte 320
        byte[][] bad = [[], good[..62], good[..66], Frame([1, 1, 2]), Frame([3, 1, 2, 3, 4], [0]), Frame([0xFE]), farAway];
        foreach (var frame in bad)
        {
            var error = Assert.Throws<DicomException>(() => Decode(Frames.Dataset(2, 2, 8), frame));
            Assert.Equal(DicomError.CorruptPixels, error.Error);
        }
    }

    private static byte[] Decode(DicomDataset dataset, byte[] frame) =>
        Frames.Encapsulated(dataset, DicomTransferSyntax.RleLossless, frame).Decode(0);

    private static byte[] Frame(params byte[][] segments)
    {
        var header = new byte[64];
        header[0] = (byte)segments.Length;
        var offset = 64;
        for (var i = 0; i < segments.Length; i++)
        {
            BitConverter.TryWriteBytes(header.AsSpan(4 + (4 * i)), offset);
            offset += segments[i].Length;
        }

        return [.. header, .. segments.SelectMany(s => s)];
    }
}
