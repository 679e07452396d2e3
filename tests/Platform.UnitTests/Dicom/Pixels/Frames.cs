using Platform.Dicom;
using Platform.Dicom.Pixels;

namespace Platform.UnitTests.Dicom.Pixels;

/// <summary>Data sets around given pixels.</summary>
internal static class Frames
{
    public static DicomDataset Dataset(
        int rows, int columns, int bits = 16, int? stored = null, bool signed = false, int samples = 1, string photometric = "MONOCHROME2",
        int frames = 1, int planar = 0)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SOPClassUID, DicomUids.MRImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "2.25.1");
        dataset.Set(DicomTags.Rows, (long)rows);
        dataset.Set(DicomTags.Columns, (long)columns);
        dataset.Set(DicomTags.BitsAllocated, (long)bits);
        dataset.Set(DicomTags.BitsStored, (long)(stored ?? bits));
        dataset.Set(DicomTags.HighBit, (stored ?? bits) - 1L);
        dataset.Set(DicomTags.PixelRepresentation, signed ? 1L : 0L);
        dataset.Set(DicomTags.SamplesPerPixel, (long)samples);
        dataset.Set(DicomTags.PhotometricInterpretation, photometric);
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        if (samples > 1)
        {
            dataset.Set(DicomTags.PlanarConfiguration, (long)planar);
        }

        return dataset;
    }

    public static FrameDecoder Native(DicomDataset dataset, byte[] pixels)
    {
        dataset.Set(DicomTags.PixelData, DicomVr.OW, pixels);
        return new(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    public static FrameDecoder Encapsulated(DicomDataset dataset, DicomTransferSyntax syntax, params byte[][] fragments) =>
        WithOffsets(dataset, syntax, [], fragments);

    public static FrameDecoder WithOffsets(DicomDataset dataset, DicomTransferSyntax syntax, byte[] offsets, byte[][] fragments)
    {
        ReadOnlyMemory<byte>[] items = [offsets, .. fragments.Select(f => (ReadOnlyMemory<byte>)f)];
        dataset.Set(DicomElement.Encapsulated(DicomTags.PixelData, DicomVr.OB, items));
        return new(dataset, syntax);
    }
}
