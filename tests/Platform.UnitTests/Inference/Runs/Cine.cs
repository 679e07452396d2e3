using System.Globalization;
using Platform.Dicom;

namespace Platform.UnitTests.Inference.Runs;

/// <summary>Multi-frame images drawn for tests: nobody's.</summary>
internal static class Cine
{
    public const int Rows = 24;
    public const int Columns = 36;

    /// <summary>A loop of 8 bits whose frame f is <paramref name="display"/>(f, x, y) with x, y of 0 to 1; in colour its red alone.</summary>
    public static DicomFile Of(int frames, Func<int, double, double, double> display, bool isColour = false, int number = 1)
    {
        var samples = isColour ? 3 : 1;
        var pixels = new byte[frames * Rows * Columns * samples];
        for (var i = 0; i < pixels.Length; i += samples)
        {
            var pixel = i / samples;
            var (x, y) = ((pixel % Columns + 0.5) / Columns, (pixel / Columns % Rows + 0.5) / Rows);
            pixels[i] = (byte)Math.Round(255 * display(pixel / (Rows * Columns), x, y));
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

        dataset.Set(DicomTags.SOPClassUID, DicomUids.UltrasoundMultiFrameImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, string.Create(CultureInfo.InvariantCulture, $"2.25.40{number}"));
        dataset.Set(DicomTags.StudyInstanceUID, "2.25.101");
        dataset.Set(DicomTags.SeriesInstanceUID, "2.25.103");
        dataset.Set(DicomTags.Modality, "US");
        dataset.Set(DicomTags.InstanceNumber, (long)number);
        dataset.Set(DicomTags.ImageType, "ORIGINAL", "PRIMARY");
        dataset.Set(DicomTags.NumberOfFrames, (long)frames);
        dataset.Set(DicomTags.SamplesPerPixel, (long)samples);
        dataset.Set(DicomTags.PhotometricInterpretation, isColour ? "RGB" : "MONOCHROME2");
        if (isColour)
        {
            dataset.Set(DicomTags.PlanarConfiguration, 0L);
        }
        else
        {
            dataset.Set(DicomTags.WindowCenter, 128.0);
            dataset.Set(DicomTags.WindowWidth, 256.0);
        }

        dataset.Set(DicomTags.Rows, (long)Rows);
        dataset.Set(DicomTags.Columns, (long)Columns);
        dataset.Set(DicomTags.BitsAllocated, 8L);
        dataset.Set(DicomTags.BitsStored, 8L);
        dataset.Set(DicomTags.HighBit, 7L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.Set(DicomTags.PixelData, DicomVr.OB, pixels);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }
}
