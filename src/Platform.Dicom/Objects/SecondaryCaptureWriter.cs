namespace Platform.Dicom.Objects;

/// <summary>Writes a picture of one byte a sample as a Secondary Capture image (PS3.3 §A.8.1).</summary>
public static class SecondaryCaptureWriter
{
    /// <summary>Makes the instance, explicit VR little endian.</summary>
    /// <param name="source">A header of the study that the picture lies in.</param>
    /// <param name="pixels">Rows from the top; one byte a pixel (grey, dark is 0), or red, green, blue.</param>
    /// <param name="hasText">Whether text that may identify a person is drawn into it (0028,0301).</param>
    /// <exception cref="ArgumentException">The pixels are not 1 or 3 × rows × columns bytes, or a side is not 1 to 65,535.</exception>
    public static DicomFile Write(
        DicomDataset source, int columns, int rows, ReadOnlyMemory<byte> pixels, bool hasText, DerivedObjectOptions options)
    {
        if (columns is < 1 or > ushort.MaxValue || rows is < 1 or > ushort.MaxValue)
        {
            throw new ArgumentException("A side has 1 to 65,535 pixels.", nameof(columns));
        }

        var samples = pixels.Length / ((long)columns * rows);
        if (samples is not (1 or 3) || pixels.Length != samples * columns * rows)
        {
            throw new ArgumentException("The picture has one or three bytes a pixel.", nameof(pixels));
        }

        var dataset = DerivedObject.Begin(source, DicomUids.SecondaryCaptureImageStorage, "OT", options);
        dataset.Set(DicomTags.ConversionType, "WSD");
        dataset.Set(DicomTags.ImageType, "DERIVED", "SECONDARY");
        dataset.SetEmpty(DicomTags.PatientOrientation);
        dataset.SetEmpty(DicomTags.Laterality); // type 2C: not known whether what it shows is one of a pair
        dataset.Set(DicomTags.BurnedInAnnotation, hasText ? "YES" : "NO");
        dataset.Set(DicomTags.SamplesPerPixel, samples);
        dataset.Set(DicomTags.PhotometricInterpretation, samples == 3 ? "RGB" : "MONOCHROME2");
        if (samples == 3)
        {
            dataset.Set(DicomTags.PlanarConfiguration, 0L);
        }

        dataset.Set(DicomTags.Rows, (long)rows);
        dataset.Set(DicomTags.Columns, (long)columns);
        dataset.Set(DicomTags.BitsAllocated, 8L);
        dataset.Set(DicomTags.BitsStored, 8L);
        dataset.Set(DicomTags.HighBit, 7L);
        dataset.Set(DicomTags.PixelRepresentation, 0L);
        dataset.Set(DicomTags.PixelData, DicomVr.OB, Padded(pixels));
        return new DicomFile(dataset, DicomTransferSyntax.ExplicitLittleEndian);
    }

    /// <summary>A value has an even length (PS3.5 §7.1.1).</summary>
    internal static ReadOnlyMemory<byte> Padded(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length % 2 == 0)
        {
            return bytes;
        }

        var padded = new byte[bytes.Length + 1];
        bytes.CopyTo(padded);
        return padded;
    }
}
