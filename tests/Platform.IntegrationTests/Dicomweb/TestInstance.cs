using System.Globalization;
using Platform.Dicom;

namespace Platform.IntegrationTests.Dicomweb;

/// <summary>Small generated CT instances with an invented patient in their headers.</summary>
internal static class TestInstance
{
    public const string PatientName = "Nobody^Invented";
    public const string PatientId = "INVENTED-4711";

    /// <summary>Several instances of one new series.</summary>
    public static List<byte[]> Series(int count, string? study = null)
    {
        study ??= DicomUid.New();
        var series = DicomUid.New();
        return [.. Enumerable.Range(1, count).Select(number => Make(study, series, number))];
    }

    public static byte[] Make(string? study = null, string? series = null, int number = 1, Action<DicomDataset>? change = null, int side = 16)
    {
        var dataset = new DicomDataset();
        dataset.Set(DicomTags.SpecificCharacterSet, "ISO_IR 192");
        dataset.Set(DicomTags.SOPClassUID, DicomUids.CTImageStorage);
        dataset.Set(DicomTags.SOPInstanceUID, DicomUid.New());
        dataset.Set(DicomTags.StudyDate, "20240229");
        dataset.Set(DicomTags.Modality, "CT");
        dataset.Set(DicomTags.StudyDescription, "CT Thorax");
        dataset.Set(DicomTags.PatientName, PatientName);
        dataset.Set(DicomTags.PatientID, PatientId);
        dataset.Set(DicomTags.PatientBirthDate, "19700101");
        dataset.Set(DicomTags.StudyInstanceUID, study ?? DicomUid.New());
        dataset.Set(DicomTags.SeriesInstanceUID, series ?? DicomUid.New());
        dataset.Set(DicomTags.SeriesNumber, 3L);
        dataset.Set(DicomTags.InstanceNumber, (long)number);
        dataset.Set(DicomTags.SamplesPerPixel, 1L);
        dataset.Set(DicomTags.PhotometricInterpretation, "MONOCHROME2");
        dataset.Set(DicomTags.Rows, (long)side);
        dataset.Set(DicomTags.Columns, (long)side);
        dataset.Set(DicomTags.BitsAllocated, 16L);
        dataset.Set(DicomTags.BitsStored, 16L);
        dataset.Set(DicomTags.HighBit, 15L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        var pixels = new byte[side * side * 2];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(i + number);
        }

        dataset.Set(DicomTags.PixelData, DicomVr.OW, pixels);
        change?.Invoke(dataset);
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian).ToArray();
    }

    public static string Uid(byte[] file, DicomTag tag) => DicomFile.Read(file).Dataset.GetUid(tag)!;

    public static string At(int number) => number.ToString(CultureInfo.InvariantCulture);
}
