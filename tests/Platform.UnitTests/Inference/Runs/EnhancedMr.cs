using System.Runtime.InteropServices;
using Platform.Dicom;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Enhanced multi-frame MR drawn for tests: volumes at several points in time in one object, their frames in turn.</summary>
internal static class EnhancedMr
{
    /// <param name="value">Of time, x, y, z.</param>
    public static DicomFile Of(Func<int, int, int, int, int> value, int columns = 20, int rows = 16, int slices = 6, int times = 1)
    {
        var frames = slices * times;
        var pixels = new ushort[frames * rows * columns];
        for (var i = 0; i < pixels.Length; i++)
        {
            var frame = i / (rows * columns);
            pixels[i] = (ushort)value(frame % times, i % columns, i / columns % rows, frame / times);
        }

        var dataset = new DicomDataset();
        DicomTag[] empty =
        [
            DicomTags.StudyDate, DicomTags.StudyTime, DicomTags.AccessionNumber, DicomTags.ReferringPhysicianName, DicomTags.StudyID,
            DicomTags.PatientName, DicomTags.PatientID, DicomTags.PatientBirthDate, DicomTags.PatientSex,
        ];
        foreach (var tag in empty)
        {
            dataset.SetEmpty(tag);
        }

        dataset.Set(DicomTags.SOPClassUID, DicomUids.EnhancedMRImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, "2.25.501");
        dataset.Set(DicomTags.StudyInstanceUID, "2.25.101");
        dataset.Set(DicomTags.SeriesInstanceUID, "2.25.104");
        dataset.Set(DicomTags.FrameOfReferenceUID, "2.25.105");
        dataset.Set(DicomTags.Modality, "MR");
        dataset.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY");
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.Rows, (long)rows);
        dataset.Set(DicomTags.Columns, (long)columns);
        dataset.Set(DicomTags.BitsAllocated, 16L);
        dataset.Set(DicomTags.BitsStored, 12L);
        dataset.Set(DicomTags.HighBit, 11L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.SetSequence(DicomTags.SharedFunctionalGroupsSequence, Item(shared =>
        {
            shared.SetSequence(DicomTags.PixelMeasuresSequence, Item(i => i.Set(DicomTags.PixelSpacing, 1.0, 1.0)));
            shared.SetSequence(DicomTags.PlaneOrientationSequence, Item(i => i.Set(DicomTags.ImageOrientationPatient, 1.0, 0, 0, 0, 1, 0)));
        }));
        dataset.SetSequence(DicomTags.PerFrameFunctionalGroupsSequence, Enumerable.Range(0, frames).Select(frame => Item(groups =>
        {
            groups.SetSequence(DicomTags.PlanePositionSequence, Item(i => i.Set(DicomTags.ImagePositionPatient, 0.0, 0, 2.0 * (frame / times))));
            groups.SetSequence(DicomTags.FrameContentSequence, Item(i => i.Set(DicomTags.TemporalPositionIndex, (frame % times) + 1L)));
        })));
        dataset.Set(DicomTags.PixelData, DicomVr.OW, MemoryMarshal.AsBytes<ushort>(pixels).ToArray());
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    private static DicomDataset Item(Action<DicomDataset> set)
    {
        var item = new DicomDataset();
        set(item);
        return item;
    }
}
