using System.Runtime.InteropServices;
using Platform.Dicom;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>X-ray images drawn for tests: 12 bits, nobody's.</summary>
internal static class Xray
{
    /// <summary>One image whose display values (0 black, 1 white) are given at each place x, y of 0 to 1.</summary>
    /// <param name="isInverted">Stored so that the least value is white (MONOCHROME1).</param>
    public static DicomFile Of(
        Func<double, double, double> display, int rows = 60, int columns = 80, string modality = "DX", bool isInverted = false, string? view = "PA",
        int number = 1)
    {
        const int Greatest = 4095;
        var stored = new ushort[rows * columns];
        for (var i = 0; i < stored.Length; i++)
        {
            var value = (int)Math.Round(Greatest * display((i % columns + 0.5) / columns, (i / columns + 0.5) / rows));
            stored[i] = (ushort)(isInverted ? Greatest - value : value);
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

        dataset.Set(
            DicomTags.SOPClassUID, modality == "DX" ? DicomUids.DigitalXRayImageStorageForPresentation : DicomUids.ComputedRadiographyImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, $"2.25.30{number}");
        dataset.Set(DicomTags.StudyInstanceUID, "2.25.101");
        dataset.Set(DicomTags.SeriesInstanceUID, "2.25.102");
        dataset.Set(DicomTags.Modality, modality);
        dataset.Set(DicomTags.BodyPartExamined, "CHEST");
        dataset.Set(DicomTags.InstanceNumber, (long)number);
        dataset.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY");
        if (view is not null)
        {
            dataset.Set(DicomTags.ViewPosition, view);
        }

        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.PhotometricInterpretation, isInverted ? "MONOCHROME1" : "MONOCHROME2");
        dataset.Set(DicomTags.Rows, (long)rows);
        dataset.Set(DicomTags.Columns, (long)columns);
        dataset.Set(DicomTags.BitsAllocated, 16L);
        dataset.Set(DicomTags.BitsStored, 12L);
        dataset.Set(DicomTags.HighBit, 11L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.Set(DicomTags.WindowCenter, 2048.0);
        dataset.Set(DicomTags.WindowWidth, 4096.0);
        dataset.Set(DicomTags.RescaleIntercept, 0.0);
        dataset.Set(DicomTags.RescaleSlope, 1.0);
        dataset.Set(DicomTags.PixelData, DicomVr.OW, MemoryMarshal.AsBytes<ushort>(stored).ToArray());
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }
}
